/*
 * policy_filter.h - seccomp rules into one BPF program, through libseccomp.
 *
 * libseccomp is given nothing but equality under a mask: every comparison is
 * first rewritten as a union of prefixes ("x < 6" is "x & ~3 = 0 or x & ~1 = 4").
 * So an argument that the kernel takes as an int can be compared in its low 32
 * bits with any operator, and libseccomp never merges ordered 64-bit comparisons,
 * which it can get wrong.
 *
 * Where several rules fit a call, the most severe action counts, as in the kernel
 * where several filters fit (seccomp(2)): there is one libseccomp filter, a tier,
 * for each severity, and they stand in the program one behind the other:
 *
 *   prologue         other ABI: kill.  Of a hook also: newer than the policy:
 *                    ENOSYS, FIFREEZE and FITHAW: kill
 *   KILL_PROCESS     its rules, else go on
 *   KILL_THREAD      "
 *   TRAP             "
 *   ERRNO            "
 *   LOG, ALLOW       its rules, else the default action
 */
#ifndef QUIESCE_PARSER_POLICY_FILTER_H
#define QUIESCE_PARSER_POLICY_FILTER_H

#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "parser/policy.h"

enum { POLICY_FILTER_TIERS = 5, POLICY_ARGS_MAX = 6 };

struct policy_compare {
    unsigned index;       /* 0..5 */
    enum scmp_compare op;
    uint64_t value;       /* of MASKED_EQ the mask, as OCI has it */
    uint64_t value_two;   /* of MASKED_EQ what the masked argument must equal */
};

struct policy_rule {
    int number;      /* of the native ABI */
    uint32_t action; /* SCMP_ACT_*: ALLOW, LOG, ERRNO(n), TRAP, KILL_THREAD, KILL_PROCESS */
    unsigned count;  /* of compares; all must hold */
    struct policy_compare compares[POLICY_ARGS_MAX];
};

struct policy_filter {
    uint32_t default_action;
    enum policy_use use;
    int newest; /* highest number the policy speaks of */
    scmp_filter_ctx tiers[POLICY_FILTER_TIERS];
};

enum policy_filter_error {
    POLICY_FILTER_OK,
    POLICY_FILTER_TWICE,    /* an argument is compared twice in one rule */
    POLICY_FILTER_WIDE,     /* a value that an int cannot have */
    POLICY_FILTER_NEVER,    /* MASKED_EQ with bits outside the mask */
    POLICY_FILTER_MANY,     /* the comparisons make too many combinations, or the program is too long */
    POLICY_FILTER_CONFLICT, /* the same call with the same arguments has another errno */
    POLICY_FILTER_LIBRARY,  /* libseccomp failed */
    POLICY_FILTER_ERRORS
};

/* One clause that says what is wrong; never NULL. */
const char *policy_filter_message(enum policy_filter_error error);

/* Begins a filter; default_action as in struct policy_rule.  policy_filter_end() either way. */
enum policy_filter_error policy_filter_begin(struct policy_filter *filter, uint32_t default_action,
                                             enum policy_use use);

/* The policy speaks of this call, even if it has no rule here: it is not newer than the policy. */
void policy_filter_knows(struct policy_filter *filter, int number);

/* Adds a rule. */
enum policy_filter_error policy_filter_add(struct policy_filter *filter, const struct policy_rule *rule);

/* Writes the program, which passes bpf_check(), into POLICY_FILTER_MAX instructions. */
enum policy_filter_error policy_filter_emit(struct policy_filter *filter, struct sock_filter *program,
                                            uint32_t *length);

void policy_filter_end(struct policy_filter *filter);

#endif
