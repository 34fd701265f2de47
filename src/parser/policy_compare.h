/*
 * policy_compare.h - a comparison of a system call's argument as a union of prefixes.
 *
 * seccomp sees 64 bits of every argument; of an int the kernel looks at the low
 * 32 and a caller may put anything into the rest (CVE-2019-10063).  Arguments
 * known to be ints are compared in 32 bits.  Of the others it is not known here
 * whether the kernel takes an int or a long, and they are compared in the width
 * that denies more.
 */
#ifndef QUIESCE_PARSER_POLICY_COMPARE_H
#define QUIESCE_PARSER_POLICY_COMPARE_H

#include "parser/policy_filter.h"

enum { POLICY_PREFIXES_MAX = 65 };

/* Holds if (argument & mask) == value. */
struct policy_prefix {
    uint64_t mask, value;
};

/* Holds if one of them does; count 0: never.  One with mask 0 holds always and stands alone. */
struct policy_union {
    unsigned count;
    struct policy_prefix prefixes[POLICY_PREFIXES_MAX];
};

/*
 * Expands a comparison of an argument of the call with this number.
 *   denies  the rule's action denies, so matching more is the safe side
 * Returns POLICY_FILTER_OK, _WIDE or _NEVER.
 */
enum policy_filter_error policy_compare_expand(int number, const struct policy_compare *compare, bool denies,
                                               struct policy_union *alternatives);

/* True if the kernel takes this argument of this call as an int. */
bool policy_compare_is_int(int number, unsigned index);

#endif
