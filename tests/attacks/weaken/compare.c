/*
 * A hook's filter as one is compiled that compares arguments in all their 64 bits,
 * where the kernel looks at 32: what it is to deny it denies only if the others are
 * zero.  All else it allows.
 */
#include "weaken.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

/* Both of our machines keep the low half first. */
#define LOW(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
#define HIGH(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]) + sizeof(uint32_t))
#define EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)

static const struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    EQUAL(SYS_ioctl, 0, 5),
    HIGH(1),
    EQUAL(0, 0, 8),
    LOW(1),
    EQUAL(TIOCSTI, 7, 0),
    EQUAL(TIOCLINUX, 6, 5),
    EQUAL(SYS_clone, 0, 4),
    HIGH(0),
    EQUAL(0, 0, 2),
    LOW(0),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
};

static long load_other(const long arguments[6])
{
    if (((unsigned long)arguments[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER) == 0) {
        return real_syscall(SYS_seccomp, arguments); /* a role's own */
    }
    const struct sock_fprog program = { sizeof filter / sizeof filter[0], (struct sock_filter *)(uintptr_t)filter };
    const long changed[6] = { arguments[0], arguments[1], (long)&program, 0, 0, 0 };
    return real_syscall(SYS_seccomp, changed);
}

WEAKEN_SYSCALL(compare_64, "compare-64", SYS_seccomp, load_other);
