/*
 * exchange.c - swaps two names of one directory tree, again and again.
 *
 *   exchange A B         until it is killed
 *   exchange A B once
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const int once = argc == 4 && strcmp(argv[3], "once") == 0;

    if (argc != 3 && !once) {
        fputs("usage: exchange A B [once]\n", stderr);
        return 2;
    }
    do {
        if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) != 0) {
            perror("exchange");
            return 1;
        }
    } while (!once);
    return 0;
}
