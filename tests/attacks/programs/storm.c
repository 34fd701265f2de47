/*
 * storm.c - a flood of signals.
 *
 *   storm PID...     one signal after the other, of those that end no process which
 *                    does not catch them, to each of the processes, until stdin ends
 *
 * Says "raging" on standard error when it has tried more than 500 times, for some may be gone by
 * then; prints at its end how many were sent.
 */
#include <poll.h>
#include <stdlib.h>

#include "attack.h"

int main(int argc, char **argv)
{
    /* signal(7): the default of these is to do nothing; of the last three, in a
     * session without a terminal, as well */
    static const int numbers[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU };
    struct pollfd input = { .fd = 0, .events = POLLIN };
    enum { MANY = 500 };
    unsigned long sent = 0, tried = 0;

    while (poll(&input, 1, 0) == 0) {
        const unsigned long before = tried;
        for (unsigned n = 0; n < sizeof numbers / sizeof *numbers; n++) {
            for (int i = 1; i < argc; i++) {
                tried++;
                sent += kill((pid_t)atoi(argv[i]), numbers[n]) == 0;
            }
        }
        if (before <= MANY && tried > MANY) {
            fputs("raging\n", stderr);
        }
    }
    printf("%lu\n", sent);
    return 0;
}
