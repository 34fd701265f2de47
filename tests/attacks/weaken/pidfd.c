/* Processes are known by their numbers: what a pidfd is used for goes to the pid ("pidfd"). */
#include "weaken.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>

enum { DESCRIPTORS = 1024 };

static pid_t pids[DESCRIPTORS]; /* by descriptor */

static long remember(const long arguments[6])
{
    long fd = real_syscall(SYS_pidfd_open, arguments);
    if (fd >= 0 && fd < DESCRIPTORS) {
        pids[fd] = (pid_t)arguments[0];
    }
    return fd;
}

static long send_to_number(const long arguments[6])
{
    return kill(pids[arguments[0]], (int)arguments[1]);
}

WEAKEN_SYSCALL(pidfd_open, "pidfd", SYS_pidfd_open, remember);
WEAKEN_SYSCALL(pidfd_send, "pidfd", SYS_pidfd_send_signal, send_to_number);
