#include "base/cgroup_signal.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PROCS_BYTES = 65536, SIGNALLED_MAX = 1024 };

/* Reads the next decimal number of text; 0 at its end. */
static pid_t next_pid(const char **text)
{
    pid_t pid = 0;
    while (**text != '\0' && (**text < '0' || **text > '9')) {
        (*text)++;
    }
    while (**text >= '0' && **text <= '9') {
        pid = pid * 10 + (**text - '0');
        (*text)++;
    }
    return pid;
}

static void read_procs(int procs, char *bytes)
{
    ssize_t got = pread(procs, bytes, PROCS_BYTES - 1, 0);
    bytes[got > 0 ? got : 0] = '\0';
}

static bool lists(const char *bytes, pid_t wanted)
{
    for (pid_t pid; (pid = next_pid(&bytes)) != 0;) {
        if (pid == wanted) {
            return true;
        }
    }
    return false;
}

void cgroup_signal(int procs, int signal)
{
    static char first[PROCS_BYTES], again[PROCS_BYTES];
    const char *rest = first;
    unsigned signalled = 0;
    read_procs(procs, first);
    for (pid_t pid; signalled < SIGNALLED_MAX && (pid = next_pid(&rest)) != 0; signalled++) {
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        read_procs(procs, again);
        if (pidfd >= 0 && lists(again, pid)) {
            (void)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); /* ESRCH: it has ended */
        }
        (void)close(pidfd); /* -1: it had ended */
    }
}
