/*
 * reach.c - ways past kill(2) in which a hook tries to reach other processes.
 *
 *   reach uid UID...   become that user, who may signal its own processes
 *   reach pid PID...   be signalled by way of a descriptor's owner, lower a resource
 *                      limit, be first choice of the out-of-memory killer
 *
 * Prints "WAY NUMBER ERRNO", or "WAY NUMBER allowed".  Each is tried in a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Real calls, not the C library's, which would have its threads take part. */
static long as_setuid(int n) { return syscall(SYS_setuid, n); }
static long as_setreuid_real(int n) { return syscall(SYS_setreuid, n, -1); }
static long as_setreuid(int n) { return syscall(SYS_setreuid, -1, n); }
static long as_setresuid_real(int n) { return syscall(SYS_setresuid, n, -1, -1); }
static long as_setresuid(int n) { return syscall(SYS_setresuid, -1, n, -1); }
static long as_setresuid_saved(int n) { return syscall(SYS_setresuid, -1, -1, n); }

static int descriptor(void)
{
    int ends[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? ends[0] : -1;
}

static long by_setown(int n) { return fcntl(descriptor(), F_SETOWN, n); }
static long by_setown_ex(int n)
{
    const struct f_owner_ex owner = { F_OWNER_PID, n };

    return fcntl(descriptor(), F_SETOWN_EX, &owner);
}
static long by_fiosetown(int n) { return ioctl(descriptor(), 0x8901, &n); }
static long by_siocspgrp(int n) { return ioctl(descriptor(), 0x8902, &n); }

/* Limits as they are, so that nothing is broken if it is allowed. */
static long by_prlimit(int n)
{
    struct rlimit now;

    return prlimit(n, RLIMIT_NOFILE, NULL, &now) != 0 ? -1 : prlimit(n, RLIMIT_NOFILE, &now, NULL);
}

static long by_oom(int n)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", n);
    return open(path, O_WRONLY);
}

static const struct {
    const char *mode, *name;
    long (*try)(int);
} ways[] = {
    { "uid", "setuid", as_setuid },
    { "uid", "setreuid-real", as_setreuid_real },
    { "uid", "setreuid", as_setreuid },
    { "uid", "setresuid-real", as_setresuid_real },
    { "uid", "setresuid", as_setresuid },
    { "uid", "setresuid-saved", as_setresuid_saved },
    { "pid", "setown", by_setown },
    { "pid", "setown-ex", by_setown_ex },
    { "pid", "fiosetown", by_fiosetown },
    { "pid", "siocspgrp", by_siocspgrp },
    { "pid", "prlimit", by_prlimit },
    { "pid", "oom", by_oom },
};

int main(int argc, char **argv)
{
    for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++)
        for (int i = 2; i < argc && strcmp(argv[1], ways[w].mode) == 0; i++) {
            const pid_t child = fork();
            if (child == 0) {
                const long result = ways[w].try(atoi(argv[i]));
                printf("%s %s %s\n", ways[w].name, argv[i], result >= 0 ? "allowed" : strerrorname_np(errno));
                exit(0);
            }
            waitpid(child, NULL, 0);
        }
    return 0;
}
