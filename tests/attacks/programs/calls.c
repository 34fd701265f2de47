/*
 * calls NAME...: system calls that a filter is easily wrong about, from a hook: with
 * bits set where the kernel does not look, newer than the filter, by another ABI.
 */
#include "table.h"

#include <linux/sched.h>
#include <stdint.h>
#include <sys/syscall.h>

#define HIGH_BITS (1ul << 32)

/* Not in every libc's headers. */
enum {
    CALL_CLONE3 = 435,
    CALL_MOUNT_SETATTR = 442,
    CALL_QUOTACTL_FD = 443,
    CALL_MEMFD_SECRET = 447,
    CALL_PROCESS_MRELEASE = 448,
    CALL_OPEN_TREE_ATTR = 467,
};

/* ---- a user namespace: every capability, within it --------------------------------- */

static long after_clone(long pid)
{
    if (pid == 0) {
        _exit(0);
    }
    return pid;
}

static long clone_user(void)
{
    return after_clone(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

static long clone_user_high(void)
{
    return after_clone(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD | HIGH_BITS, 0, 0, 0, 0));
}

static long clone3_user(void)
{
    struct clone_args arguments = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    return after_clone(syscall(CALL_CLONE3, &arguments, sizeof arguments));
}

/* ---- newer than most filters: arguments that the kernel calls wrong --------------------- */

static long mount_setattr_call(void)
{
    return syscall(CALL_MOUNT_SETATTR, -1, NULL, 0, NULL, 0); /* EINVAL: no size */
}

static long quotactl_fd_call(void)
{
    return syscall(CALL_QUOTACTL_FD, -1, 0, 0, NULL); /* EBADF */
}

static long memfd_secret_call(void)
{
    return syscall(CALL_MEMFD_SECRET, -1); /* EINVAL: flags */
}

static long process_mrelease_call(void)
{
    return syscall(CALL_PROCESS_MRELEASE, -1, 0); /* EBADF */
}

static long open_tree_attr_call(void)
{
    return syscall(CALL_OPEN_TREE_ATTR, -1, NULL, -1, NULL, 0); /* EINVAL: flags */
}

/* ---- by another ABI ------------------------------------------------------------------------ */

static long int80(void)
{
#ifdef __x86_64__
    long result = 20; /* getpid */
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result;
#else
    errno = ENOTSUP;
    return -1;
#endif
}

static long x32(void)
{
#ifdef __x86_64__
    return syscall(0x40000000 + SYS_getpid); /* ENOSYS of a kernel without it */
#else
    errno = ENOTSUP;
    return -1;
#endif
}

static const struct attack attacks[] = {
    { "clone", clone_user, 0 },
    { "clone-high", clone_user_high, 0 },
    { "clone3", clone3_user, 0 },
    { "mount_setattr", mount_setattr_call, EINVAL },
    { "quotactl_fd", quotactl_fd_call, EBADF },
    { "memfd_secret", memfd_secret_call, EINVAL },
    { "process_mrelease", process_mrelease_call, EBADF },
    { "open_tree_attr", open_tree_attr_call, EINVAL },
    { "int80", int80, 0 },
    { "x32", x32, ENOSYS },
};

int main(int argc, char **argv)
{
    (void)argc;
    return attack_named(attacks, sizeof attacks / sizeof attacks[0], argv + 1);
}
