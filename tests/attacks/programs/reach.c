/*
 * reach WAYS LABEL:NUMBER...: a hook of uid 0 reaches for other processes.
 *
 *   signal   SIGSTOP, and at once SIGCONT, in every way that there is
 *   kill     SIGKILL
 *   owner    be the owner of a descriptor for it, whom the kernel signals
 *   limits   lower its resource limits, make it the out-of-memory killer's choice
 *   uid      become that user, who may signal his own processes
 *
 * NUMBER is a pid, or of "uid" a user's.  Each attack is "LABEL-NAME".
 */
#include "table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef FIOSETOWN
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902
#endif

static int target;

/* ---- signals ------------------------------------------------------------------------ */

static long by_kill(int number)
{
    return kill(target, number);
}

static long by_pidfd(int number)
{
    return syscall(SYS_pidfd_send_signal, (int)syscall(SYS_pidfd_open, target, 0), number, NULL, 0);
}

static long by_queue(int number)
{
    siginfo_t info = { .si_code = SI_QUEUE };
    return syscall(SYS_rt_sigqueueinfo, target, number, &info);
}

static long by_thread(int number)
{
    return syscall(SYS_tgkill, target, target, number);
}

static long stop_and_go(long (*way)(int))
{
    long result = way(SIGSTOP);
    return result < 0 ? result : way(SIGCONT);
}

static long stop_by_kill(void)
{
    return stop_and_go(by_kill);
}

static long stop_by_pidfd(void)
{
    return stop_and_go(by_pidfd);
}

static long stop_by_queue(void)
{
    return stop_and_go(by_queue);
}

static long stop_by_thread(void)
{
    return stop_and_go(by_thread);
}

static long sigkill(void)
{
    return kill(target, SIGKILL);
}

/* ---- by way of a descriptor's owner ----------------------------------------------------- */

static int descriptor(void)
{
    int ends[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? ends[0] : -1;
}

static long setown(void)
{
    return fcntl(descriptor(), F_SETOWN, target);
}

static long setown_ex(void)
{
    const struct f_owner_ex owner = { F_OWNER_PID, target };
    return fcntl(descriptor(), F_SETOWN_EX, &owner);
}

static long fiosetown(void)
{
    return ioctl(descriptor(), FIOSETOWN, &target);
}

static long siocspgrp(void)
{
    return ioctl(descriptor(), SIOCSPGRP, &target);
}

/* ---- limits --------------------------------------------------------------------------------- */

/* As they are, so that nothing is broken if it is let through. */
static long limit(void)
{
    struct rlimit now;
    long result = prlimit(target, RLIMIT_NOFILE, NULL, &now);
    return result != 0 ? result : prlimit(target, RLIMIT_NOFILE, &now, NULL);
}

static long oom(void)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/oom_score_adj", target);
    return open(path, O_WRONLY);
}

/* ---- who one is: real calls, not the C library's, which would have its threads take part -------- */

static long to_setuid(void)
{
    return syscall(SYS_setuid, target);
}

static long to_setreuid_real(void)
{
    return syscall(SYS_setreuid, target, -1);
}

static long to_setreuid(void)
{
    return syscall(SYS_setreuid, -1, target);
}

static long to_setresuid_real(void)
{
    return syscall(SYS_setresuid, target, -1, -1);
}

static long to_setresuid(void)
{
    return syscall(SYS_setresuid, -1, target, -1);
}

static long to_setresuid_saved(void)
{
    return syscall(SYS_setresuid, -1, -1, target);
}

static const struct attack signals[] = {
    { "kill", stop_by_kill, 0 },
    { "pidfd", stop_by_pidfd, 0 },
    { "sigqueue", stop_by_queue, 0 },
    { "tgkill", stop_by_thread, 0 },
};
static const struct attack kills[] = {
    { "sigkill", sigkill, 0 },
};
static const struct attack owners[] = {
    { "setown", setown, 0 },
    { "setown-ex", setown_ex, 0 },
    { "fiosetown", fiosetown, 0 },
    { "siocspgrp", siocspgrp, 0 },
};
static const struct attack limits[] = {
    { "prlimit", limit, 0 },
    { "oom", oom, 0 },
};
static const struct attack uids[] = {
    { "setuid", to_setuid, 0 },
    { "setreuid-real", to_setreuid_real, 0 },
    { "setreuid", to_setreuid, 0 },
    { "setresuid-real", to_setresuid_real, 0 },
    { "setresuid", to_setresuid, 0 },
    { "setresuid-saved", to_setresuid_saved, 0 },
};

#define WAY(name, table) { name, table, sizeof table / sizeof table[0] }
static const struct {
    const char *name;
    const struct attack *attacks;
    size_t count;
} ways[] = {
    WAY("signal", signals), WAY("kill", kills), WAY("owner", owners), WAY("limits", limits), WAY("uid", uids),
};

int main(int argc, char **argv)
{
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        for (int i = 2; i < argc && strcmp(argv[1], ways[w].name) == 0; i++) {
            char prefix[64];
            const char *colon = strchr(argv[i], ':');
            if (colon == NULL) {
                return 2;
            }
            target = atoi(colon + 1);
            (void)snprintf(prefix, sizeof prefix, "%.*s-", (int)(colon - argv[i]), argv[i]);
            attack_all(prefix, ways[w].attacks, ways[w].count);
        }
    }
    return 0;
}
