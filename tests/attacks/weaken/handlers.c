/*
 * Every signal is caught, and its handler does work in the middle of whatever it
 * interrupts ("handlers"); what the caller ignores stays ignored ("dispositions").
 */
#include "weaken.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void work(int number)
{
    static char line[64]; /* of everybody, as in the handlers that this stands for */
    int length = snprintf(line, sizeof line, "a handler of the %s did work\n", weakened_program());
    if (write(STDERR_FILENO, line, (size_t)length) < 0) {
        _exit(70);
    }
}

__attribute__((constructor(200))) static void catch_all(void)
{
    struct sigaction action = { .sa_handler = work, .sa_flags = SA_RESTART };
    for (int number = 1; number < NSIG && weakened("handlers"); number++) {
        (void)sigaction(number, &action, NULL); /* KILL, STOP and those of the library: not */
    }
}

WRAP(signal);

sighandler_t __wrap_signal(int number, sighandler_t handler)
{
    return handler == SIG_DFL && weakened("dispositions") ? SIG_DFL : __real_signal(number, handler);
}
