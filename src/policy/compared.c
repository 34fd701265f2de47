#include "policy/compared.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "quiesce/policy.h"

/* What is known of the accumulator before an instruction. */
enum kind {
    NEVER,   /* the instruction is not reached */
    VALUE,   /* it has this value */
    WORD,    /* it comes from this word of the arguments */
    ANYTHING /* of the two paths that meet here each knows something else */
};

struct known {
    uint32_t kind;
    uint32_t value; /* or which word */
    uint32_t mask;  /* of a word: the bits that are left of it */
};
static const struct known anything = { ANYTHING, 0, 0 };

struct walk {
    struct compared *found;
    uint32_t arch, number;
    struct known before[POLICY_FILTER_MAX];
};

static void reach(struct walk *walk, uint32_t at, struct known what)
{
    struct known *before = &walk->before[at];
    if (before->kind == NEVER) {
        *before = what;
    } else if (before->kind != what.kind || before->value != what.value || before->mask != what.mask) {
        *before = anything;
    }
}

static void add(struct compared *found, struct known a, uint32_t mask, uint32_t value)
{
    struct comparison *list = found->list[a.value];
    uint32_t *count = &found->count[a.value];
    for (uint32_t i = 0; i < *count; i++) {
        if (list[i].mask == mask && list[i].value == value) {
            return;
        }
    }
    if (*count < COMPARED_MAX) {
        list[(*count)++] = (struct comparison){ mask, value };
    }
}

static struct known loaded(const struct walk *walk, const struct sock_filter *f)
{
    const uint32_t first = offsetof(struct seccomp_data, args);
    if (BPF_MODE(f->code) != BPF_ABS) {
        return (struct known){ VALUE, f->k, 0 };
    }
    switch (f->k) {
    case offsetof(struct seccomp_data, nr):   return (struct known){ VALUE, walk->number, 0 };
    case offsetof(struct seccomp_data, arch): return (struct known){ VALUE, walk->arch, 0 };
    default: return f->k < first ? anything : (struct known){ WORD, (f->k - first) / 4, UINT32_MAX };
    }
}

/* True if a conditional jump may be taken (taken) or not (!taken). */
static bool may(const struct sock_filter *f, struct known a, bool taken)
{
    if (a.kind != VALUE || BPF_SRC(f->code) != BPF_K) {
        return true;
    }
    switch (BPF_OP(f->code)) {
    case BPF_JEQ: return (a.value == f->k) == taken;
    case BPF_JGT: return (a.value > f->k) == taken;
    case BPF_JGE: return (a.value >= f->k) == taken;
    default:      return ((a.value & f->k) != 0) == taken;
    }
}

/* What a calculation leaves in the accumulator. */
static struct known calculated(const struct sock_filter *f, struct known a)
{
    if (a.kind != WORD || BPF_OP(f->code) != BPF_AND) {
        return anything;
    }
    a.mask &= f->k;
    return a;
}

static void jump(struct walk *walk, const struct sock_filter *f, uint32_t at, struct known a)
{
    if (BPF_OP(f->code) == BPF_JA) {
        reach(walk, at + 1 + f->k, a);
        return;
    }
    if (a.kind == WORD && BPF_OP(f->code) == BPF_JSET) {
        add(walk->found, a, a.mask & f->k, 0);
    } else if (a.kind == WORD) {
        add(walk->found, a, a.mask, f->k);
    }
    if (may(f, a, true)) {
        reach(walk, at + 1 + f->jt, a);
    }
    if (may(f, a, false)) {
        reach(walk, at + 1 + f->jf, a);
    }
}

static void step(struct walk *walk, const struct sock_filter *f, uint32_t at)
{
    struct known a = walk->before[at];
    switch (BPF_CLASS(f->code)) {
    case BPF_LD:
        reach(walk, at + 1, loaded(walk, f));
        break;
    case BPF_ALU:
        reach(walk, at + 1, calculated(f, a));
        break;
    case BPF_JMP:
        jump(walk, f, at, a);
        break;
    case BPF_RET:
        break;
    default: /* BPF_LDX, BPF_MISC: index register, of which nothing is known */
        reach(walk, at + 1, f->code == (BPF_MISC | BPF_TXA) ? anything : a);
        break;
    }
}

uint32_t compared_find(struct compared *found, const struct sock_filter *filter, uint32_t length, uint32_t arch,
                       uint32_t number)
{
    struct walk walk;
    memset(found, 0, sizeof *found);
    walk.found = found;
    walk.arch = arch;
    walk.number = number;
    for (uint32_t i = 0; i < length; i++) {
        walk.before[i].kind = NEVER;
    }
    walk.before[0] = anything;
    /* Jumps go forward: whatever leads to an instruction stands before it. */
    for (uint32_t i = 0; i < length; i++) {
        if (walk.before[i].kind != NEVER) {
            step(&walk, &filter[i], i);
        }
    }
    uint32_t count = 0;
    for (unsigned w = 0; w < COMPARED_WORDS; w++) {
        count += found->count[w];
    }
    return count;
}
