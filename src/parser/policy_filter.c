#include "parser/policy_filter.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bpf.h"
#include "base/native.h"
#include "parser/policy_compare.h"

enum {
    /* mount_setattr: the last call of Linux 5.12, the oldest kernel this program
     * runs on.  Nothing expects ENOSYS of a call up to here. */
    OLDEST_KERNEL_LAST_CALL = 442,
    TREE = 2,             /* SCMP_FLTATR_CTL_OPTIMIZE: binary tree */
    COMBINATIONS_MAX = 1100, /* of one rule: two comparisons of an int by inequality make 1,024 */
};

const char *policy_filter_message(enum policy_filter_error error)
{
    static const char *const messages[POLICY_FILTER_ERRORS] = {
        [POLICY_FILTER_OK] = "is fine",
        [POLICY_FILTER_TWICE] = "compares one argument twice: write two entries if either may hold",
        [POLICY_FILTER_WIDE] = "has a value wider than the 32 bits that the kernel looks at",
        [POLICY_FILTER_NEVER] = "can never hold: valueTwo has bits outside the mask in value",
        [POLICY_FILTER_MANY] = "makes a program that is longer than the kernel takes",
        [POLICY_FILTER_CONFLICT] = "contradicts an earlier entry for the same call",
        [POLICY_FILTER_LIBRARY] = "was refused by libseccomp",
    };
    return messages[error];
}

/* The kernel's order of precedence, most severe first. */
static unsigned tier_of(uint32_t action)
{
    switch (action & SECCOMP_RET_ACTION_FULL) {
    case SCMP_ACT_KILL_PROCESS: return 0;
    case SCMP_ACT_KILL_THREAD:  return 1;
    case SCMP_ACT_TRAP:         return 2;
    case SECCOMP_RET_ERRNO:     return 3;
    default:                    return POLICY_FILTER_TIERS - 1;
    }
}

static enum policy_filter_error open_tier(struct policy_filter *filter, unsigned tier)
{
    bool last = tier == POLICY_FILTER_TIERS - 1;
    scmp_filter_ctx ctx;

    if (filter->tiers[tier] != NULL)
        return POLICY_FILTER_OK;
    ctx = seccomp_init(last ? filter->default_action : SCMP_ACT_ALLOW);
    filter->tiers[tier] = ctx;
    if (ctx == NULL || seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, TREE) != 0)
        return POLICY_FILTER_LIBRARY;
    return POLICY_FILTER_OK;
}

enum policy_filter_error policy_filter_begin(struct policy_filter *filter, uint32_t default_action,
                                             enum policy_use use)
{
    *filter = (struct policy_filter){
        .default_action = default_action, .use = use, .newest = OLDEST_KERNEL_LAST_CALL};
    return open_tier(filter, POLICY_FILTER_TIERS - 1);
}

void policy_filter_end(struct policy_filter *filter)
{
    for (unsigned i = 0; i < POLICY_FILTER_TIERS; i++)
        if (filter->tiers[i] != NULL)
            seccomp_release(filter->tiers[i]);
    *filter = (struct policy_filter){0};
}

void policy_filter_knows(struct policy_filter *filter, int number)
{
    if (number > filter->newest)
        filter->newest = number;
}

/* ---- rules ------------------------------------------------------------------- */

struct expansion {
    unsigned count; /* of unions; those that always hold are left out */
    struct policy_union unions[POLICY_ARGS_MAX];
    unsigned index[POLICY_ARGS_MAX];
    size_t combinations;
};

static enum policy_filter_error expand(const struct policy_rule *rule, bool denies, struct expansion *e)
{
    unsigned seen = 0;

    *e = (struct expansion){.combinations = 1};
    for (unsigned i = 0; i < rule->count; i++) {
        const struct policy_compare *compare = &rule->compares[i];
        struct policy_union *alternatives = &e->unions[e->count];
        enum policy_filter_error error;

        if ((seen & (1u << compare->index)) != 0)
            return POLICY_FILTER_TWICE;
        seen |= 1u << compare->index;
        error = policy_compare_expand(rule->number, compare, denies, alternatives);
        if (error != POLICY_FILTER_OK)
            return error;
        if (alternatives->count == 1 && alternatives->prefixes[0].mask == 0)
            continue;
        e->combinations *= alternatives->count;
        if (e->combinations > COMBINATIONS_MAX)
            return POLICY_FILTER_MANY;
        e->index[e->count++] = compare->index;
    }
    return POLICY_FILTER_OK;
}

/* Adds the n-th combination of one alternative of each comparison. */
static int add_combination(scmp_filter_ctx ctx, const struct policy_rule *rule, const struct expansion *e, size_t n)
{
    struct scmp_arg_cmp args[POLICY_ARGS_MAX];

    for (unsigned i = 0; i < e->count; i++) {
        const struct policy_prefix *prefix = &e->unions[i].prefixes[n % e->unions[i].count];

        n /= e->unions[i].count;
        args[i] = (struct scmp_arg_cmp){
            .arg = e->index[i], .op = SCMP_CMP_MASKED_EQ, .datum_a = prefix->mask, .datum_b = prefix->value};
    }
    return seccomp_rule_add_array(ctx, rule->action, rule->number, e->count, args);
}

enum policy_filter_error policy_filter_add(struct policy_filter *filter, const struct policy_rule *rule)
{
    unsigned tier = tier_of(rule->action);
    struct expansion e;
    enum policy_filter_error error = expand(rule, tier != POLICY_FILTER_TIERS - 1, &e);

    policy_filter_knows(filter, rule->number);
    if (error == POLICY_FILTER_OK)
        error = open_tier(filter, tier);
    if (error != POLICY_FILTER_OK)
        return error;
    /* libseccomp takes no rule that says what the default says; none is needed. */
    if (tier == POLICY_FILTER_TIERS - 1 && rule->action == filter->default_action)
        return POLICY_FILTER_OK;
    for (size_t n = 0; n < e.combinations; n++) {
        int rc = add_combination(filter->tiers[tier], rule, &e, n);

        if (rc == -EEXIST)
            return POLICY_FILTER_CONFLICT;
        if (rc != 0)
            return POLICY_FILTER_LIBRARY;
    }
    return POLICY_FILTER_OK;
}

/* ---- the program ---------------------------------------------------------------- */

struct writer {
    struct sock_filter *program;
    uint32_t length;
    bool full;
};

static void put(struct writer *w, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    if (w->length < POLICY_FILTER_MAX)
        w->program[w->length++] = (struct sock_filter){code, jt, jf, k};
    else
        w->full = true;
}

static void put_load(struct writer *w, size_t offset)
{
    put(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct writer *w, uint32_t action)
{
    put(w, BPF_RET | BPF_K, action, 0, 0);
}

/* What holds before any rule of the policy, and what no policy can change. */
static void put_prologue(struct writer *w, const struct policy_filter *filter)
{
    bool allows = tier_of(filter->default_action) == POLICY_FILTER_TIERS - 1;

    put_load(w, offsetof(struct seccomp_data, arch));
    put(w, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
    put_return(w, SECCOMP_RET_KILL_PROCESS);
    put_load(w, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    put(w, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* __X32_SYSCALL_BIT */
    put_return(w, SECCOMP_RET_KILL_PROCESS);
#endif
    if (filter->use != POLICY_FOR_HOOK)
        return;
    if (!allows) {
        put(w, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)filter->newest, 0, 1);
        put_return(w, SECCOMP_RET_ERRNO | ENOSYS);
    }
    /* The command of ioctl(2) is an int: its low half, which both of our machines
     * (little-endian) keep first. */
    put(w, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4);
    put_load(w, offsetof(struct seccomp_data, args[1]));
    put(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)FIFREEZE, 1, 0);
    put(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)FITHAW, 0, 1);
    put_return(w, SECCOMP_RET_KILL_PROCESS);
}

/*
 * Appends what libseccomp makes of one tier.  It can write to a descriptor only,
 * and a confined parser may not open files: a socket takes the program as one
 * record, whole or not at all.  Where the tier's default action is to go on, its
 * returns of it become jumps behind its end.
 */
static enum policy_filter_error put_tier(struct writer *w, scmp_filter_ctx ctx, bool last)
{
    enum policy_filter_error error = POLICY_FILTER_LIBRARY;
    size_t room = (POLICY_FILTER_MAX - w->length) * sizeof(struct sock_filter);
    struct sock_filter *begin = w->program + w->length;
    uint32_t count;
    ssize_t got;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return POLICY_FILTER_LIBRARY;
    if (seccomp_export_bpf(ctx, ends[0]) != 0)
        goto out;
    got = recv(ends[1], begin, room, MSG_TRUNC);
    if (got <= 0 || (size_t)got % sizeof *begin != 0)
        goto out;
    error = POLICY_FILTER_MANY;
    if ((size_t)got > room)
        goto out;
    error = POLICY_FILTER_OK;
    count = (uint32_t)((size_t)got / sizeof *begin);
    w->length += count;
    for (uint32_t i = 0; !last && i < count; i++)
        if (begin[i].code == (BPF_RET | BPF_K) && begin[i].k == SECCOMP_RET_ALLOW)
            begin[i] = (struct sock_filter){BPF_JMP | BPF_JA, 0, 0, count - i - 1};
out:
    close(ends[0]);
    close(ends[1]);
    return error;
}

enum policy_filter_error policy_filter_emit(struct policy_filter *filter, struct sock_filter *program,
                                            uint32_t *length)
{
    struct writer w = {.program = program};

    *length = 0;
    put_prologue(&w, filter);
    for (unsigned i = 0; i < POLICY_FILTER_TIERS; i++) {
        enum policy_filter_error error;

        if (filter->tiers[i] == NULL)
            continue;
        error = put_tier(&w, filter->tiers[i], i == POLICY_FILTER_TIERS - 1);
        if (error != POLICY_FILTER_OK)
            return error;
    }
    if (w.full)
        return POLICY_FILTER_MANY;
    if (bpf_check(program, w.length) != 0)
        return POLICY_FILTER_LIBRARY;
    *length = w.length;
    return POLICY_FILTER_OK;
}
