/*
 * signals LABEL:PID...: a hook of uid 0 signals the processes that guard it, in
 * every way that there is.  Each attack is "LABEL-WAY".  What is let through stops
 * a process for a moment.
 */
#include "table.h"

#include <stdlib.h>
#include <sys/syscall.h>

static pid_t target;

static long send_by_kill(int number)
{
    return kill(target, number);
}

static long send_by_pidfd(int number)
{
    int pidfd = (int)syscall(SYS_pidfd_open, target, 0);
    return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

static long send_by_queue(int number)
{
    siginfo_t info = { .si_code = SI_QUEUE };
    return syscall(SYS_rt_sigqueueinfo, target, number, &info);
}

static long send_by_thread(int number)
{
    return syscall(SYS_tgkill, target, target, number);
}

/* SIGSTOP by the way that is tried, and at once SIGCONT. */
static long stop(long (*way)(int))
{
    long result = way(SIGSTOP);
    return result < 0 ? result : way(SIGCONT);
}

static long stop_by_kill(void)
{
    return stop(send_by_kill);
}

static long stop_by_pidfd(void)
{
    return stop(send_by_pidfd);
}

static long stop_by_queue(void)
{
    return stop(send_by_queue);
}

static long stop_by_thread(void)
{
    return stop(send_by_thread);
}

static const struct attack attacks[] = {
    { "kill", stop_by_kill, 0 },
    { "pidfd", stop_by_pidfd, 0 },
    { "sigqueue", stop_by_queue, 0 },
    { "tgkill", stop_by_thread, 0 },
};

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char prefix[64];
        char *colon = strchr(argv[i], ':');
        if (colon == NULL) {
            return 2;
        }
        target = atoi(colon + 1);
        (void)snprintf(prefix, sizeof prefix, "%.*s-", (int)(colon - argv[i]), argv[i]);
        attack_all(prefix, attacks, sizeof attacks / sizeof attacks[0]);
    }
    return 0;
}
