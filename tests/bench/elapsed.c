/*
 * elapsed.c - how long commands take, one after another, from the first spawn
 * to the last exit.
 *
 *   elapsed FILE COMMAND [ARGUMENT]... [::: COMMAND [ARGUMENT]...]...
 *
 * The commands' output and errors go to FILE.  Prints nanoseconds of
 * CLOCK_MONOTONIC; status 1, and the time all the same, if a command failed.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Returns 0 if the command ended with status 0. */
static int run(char **argv, int output)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc < 3) {
        fputs("usage: elapsed FILE COMMAND [ARGUMENT]... [::: COMMAND...]...\n", stderr);
        return 2;
    }
    const int output = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (output < 0) {
        perror(argv[1]);
        return 2;
    }
    const uint64_t begin = now_ns();
    for (int first = 2; first < argc;) {
        int end = first;
        while (end < argc && strcmp(argv[end], ":::") != 0)
            end++;
        argv[end] = NULL; /* argv[argc] is NULL already */
        failed |= run(argv + first, output);
        first = end + 1;
    }
    printf("%llu\n", (unsigned long long)(now_ns() - begin));
    return failed;
}
