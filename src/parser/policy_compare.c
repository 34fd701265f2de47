#include "parser/policy_compare.h"

#include <sys/syscall.h>

#define A(n) (1u << (n))

/* Arguments of which the kernel looks at 32 bits: int, unsigned, mode_t, pid_t and
 * the like in SYSCALL_DEFINE; clone(2) takes a long but only its low half. */
static const struct {
    int number;
    unsigned ints; /* bit n: argument n */
} table[] = {
    {SYS_ioctl, A(0) | A(1)},
    {SYS_socket, A(0) | A(1) | A(2)},
    {SYS_socketpair, A(0) | A(1) | A(2)},
    {SYS_setsockopt, A(0) | A(1) | A(2) | A(4)},
    {SYS_getsockopt, A(0) | A(1) | A(2)},
    {SYS_connect, A(0) | A(2)},
    {SYS_bind, A(0) | A(2)},
    {SYS_sendto, A(0) | A(3) | A(5)},
    {SYS_recvfrom, A(0) | A(3)},
    {SYS_sendmsg, A(0) | A(2)},
    {SYS_recvmsg, A(0) | A(2)},
    {SYS_shutdown, A(0) | A(1)},
    {SYS_prctl, A(0)},
    {SYS_personality, A(0)},
    {SYS_fcntl, A(0) | A(1)},
    {SYS_clone, A(0)},
    {SYS_setns, A(0) | A(1)},
    {SYS_kill, A(0) | A(1)},
    {SYS_tkill, A(0) | A(1)},
    {SYS_tgkill, A(0) | A(1) | A(2)},
    {SYS_pidfd_open, A(0) | A(1)},
    {SYS_pidfd_send_signal, A(0) | A(1) | A(3)},
    {SYS_pidfd_getfd, A(0) | A(1) | A(2)},
    {SYS_openat, A(0) | A(2) | A(3)},
    {SYS_unlinkat, A(0) | A(2)},
    {SYS_renameat2, A(0) | A(2) | A(4)},
    {SYS_fchmod, A(0) | A(1)},
    {SYS_fchmodat, A(0) | A(2)},
    {SYS_mknodat, A(0) | A(2) | A(3)},
    {SYS_mkdirat, A(0) | A(2)},
    {SYS_setpriority, A(0) | A(1) | A(2)},
    {SYS_prlimit64, A(0) | A(1)},
    {SYS_setrlimit, A(0)},
    {SYS_sched_setscheduler, A(0) | A(1)},
    {SYS_ioprio_set, A(0) | A(1) | A(2)},
    {SYS_seccomp, A(0) | A(1)},
    {SYS_bpf, A(0) | A(2)},
    {SYS_landlock_restrict_self, A(0) | A(1)},
    {SYS_memfd_create, A(1)},
    {SYS_quotactl, A(0) | A(2)},
    {SYS_execveat, A(0) | A(4)},
    {SYS_setuid, A(0)},
    {SYS_setgid, A(0)},
    {SYS_setresuid, A(0) | A(1) | A(2)},
    {SYS_setresgid, A(0) | A(1) | A(2)},
    {SYS_futex, A(1) | A(2) | A(5)},
    {SYS_madvise, A(2)},
    {SYS_close_range, A(0) | A(1) | A(2)},
#ifdef SYS_open
    {SYS_open, A(1) | A(2)},
    {SYS_creat, A(1)},
    {SYS_chmod, A(1)},
    {SYS_mknod, A(1) | A(2)},
    {SYS_mkdir, A(1)},
#endif
};

bool policy_compare_is_int(int number, unsigned index)
{
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].number == number)
            return (table[i].ints & A(index)) != 0;
    return false;
}

static void add(struct policy_union *alternatives, uint64_t mask, uint64_t value)
{
    alternatives->prefixes[alternatives->count++] = (struct policy_prefix){mask, value & mask};
}

/*
 * All x that agree with v above some bit and differ from it there.  If only_bit is
 * 1, bits where v has 1 count: those x are smaller.  0: bits where v has 0, those
 * are greater.  -1: all bits, x is any other number.
 */
static void add_differing(struct policy_union *alternatives, unsigned width, uint64_t v, int only_bit)
{
    uint64_t all = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;

    for (unsigned bit = width; bit-- > 0;) {
        uint64_t here = UINT64_C(1) << bit;

        if (only_bit < 0 || ((v & here) != 0) == (only_bit == 1))
            add(alternatives, all & ~(here - 1), v ^ here);
    }
}

/* In how many bits to compare. */
static unsigned width_of(int number, const struct policy_compare *compare, bool denies)
{
    bool positive; /* the values named are the ones that match, so that fewer bits match more */

    if (policy_compare_is_int(number, compare->index))
        return 32;
    if (compare->op == SCMP_CMP_MASKED_EQ || compare->value > UINT32_MAX)
        return 64;
    positive = compare->op == SCMP_CMP_EQ || compare->op == SCMP_CMP_LT || compare->op == SCMP_CMP_LE;
    return positive == denies ? 32 : 64;
}

enum policy_filter_error policy_compare_expand(int number, const struct policy_compare *compare, bool denies,
                                               struct policy_union *alternatives)
{
    unsigned width = width_of(number, compare, denies);
    uint64_t all = width == 64 ? UINT64_MAX : UINT32_MAX;
    uint64_t v = compare->value;

    alternatives->count = 0;
    if (compare->op == SCMP_CMP_MASKED_EQ) {
        if ((compare->value_two & ~v) != 0)
            return POLICY_FILTER_NEVER;
        if ((compare->value_two & ~all) != 0)
            return POLICY_FILTER_WIDE;
        add(alternatives, v & all, compare->value_two);
        return POLICY_FILTER_OK;
    }
    if (v > all)
        return POLICY_FILTER_WIDE;
    if ((compare->op == SCMP_CMP_GE && v == 0) || (compare->op == SCMP_CMP_LE && v == all)) {
        add(alternatives, 0, 0);
        return POLICY_FILTER_OK;
    }
    if (compare->op == SCMP_CMP_EQ || compare->op == SCMP_CMP_LE || compare->op == SCMP_CMP_GE)
        add(alternatives, all, v);
    if (compare->op == SCMP_CMP_LT || compare->op == SCMP_CMP_LE)
        add_differing(alternatives, width, v, 1);
    if (compare->op == SCMP_CMP_GT || compare->op == SCMP_CMP_GE)
        add_differing(alternatives, width, v, 0);
    if (compare->op == SCMP_CMP_NE)
        add_differing(alternatives, width, v, -1);
    return POLICY_FILTER_OK;
}
