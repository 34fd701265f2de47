/*
 * noargs.c - executes a program with an empty list of arguments.
 *
 *   noargs PROGRAM     its environment begins with "--version": what a program takes
 *                      for its first argument that does not count its arguments; with
 *                      what a weakened program goes without behind it
 *
 * Says how many arguments a program executed so is given by this kernel (since 5.18
 * it is one, the empty string), and then becomes PROGRAM.
 */
#include <stdint.h>
#include <stdlib.h>

#include "attack.h"

int main(int argc, char **argv)
{
    char *const none[] = { NULL };
    char *environment[] = { (char *)(uintptr_t)"--version", NULL, NULL };
    int status = 0;

    for (char **e = environ; *e != NULL; e++) {
        if (strncmp(*e, "QUIESCE_WEAKEN=", 15) == 0) {
            environment[1] = *e;
        }
    }

    if (argc < 2) {
        printf("%d arguments\n", argc);
        return argc == 0 || argv[0][0] == '\0' ? 0 : 2;
    }
    pid_t child = fork();
    if (child == 0) {
        execve("/proc/self/exe", none, environment);
        _exit(3);
    }
    if (waitpid(child, &status, 0) != child || status != 0) {
        return 3;
    }
    execve(argv[1], none, environment);
    perror(argv[1]);
    return 3;
}
