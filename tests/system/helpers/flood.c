/*
 * flood.c - a great many system calls, for what has to look at each.
 *
 *   flood calls N    N times the same call
 *   flood kinds N    N calls that ask for N different things
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_REQUEST = 0x7e0000 }; /* of no driver */

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: flood calls|kinds N\n", stderr);
        return 2;
    }
    const unsigned long n = strtoul(argv[2], NULL, 10);
    const int kinds = strcmp(argv[1], "kinds") == 0;
    for (unsigned long i = 0; i < n; i++) {
        if (kinds)
            (void)ioctl(-1, FIRST_REQUEST + i);
        else
            (void)syscall(SYS_getppid);
    }
    return 0;
}
