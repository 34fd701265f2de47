/*
 * terms.h - the paths of one call as few alternatives, each readable.
 *
 * Paths are as many as the program has ways.  Here those with the same action are
 * joined where together they are a range, a list of values or all but a few values
 * of one word.  Nothing is left out: the terms of all actions together mean exactly
 * what the paths mean.
 */
#ifndef QUIESCE_POLICY_TERMS_H
#define QUIESCE_POLICY_TERMS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/paths.h"

/* What one word may be: bits, a range, or a list; and what it may not be. */
enum word_set_kind { SET_BITS, SET_RANGE, SET_LIST };
struct word_set {
    const struct condition *others; /* SET_LIST: equalities; else inequalities that hold as well */
    uint32_t count;                 /* of others */
    enum word_set_kind kind;
    uint32_t mask, value;           /* SET_BITS: (word & mask) == value */
    uint32_t low, high;             /* SET_RANGE, both included; 0 and UINT32_MAX: any word */
};

struct term {
    uint32_t action;
    struct word_set words[WORD_NR]; /* arguments and instruction pointer; all must hold */
};

/* Sorted by action: what grants more comes first. */
struct terms {
    uint32_t count;
    struct term *list;
    struct condition *points; /* what others point to, beside the paths' own */
    uint32_t points_count;
};

/* Makes the terms of a walk, which must outlive them.  Returns 0, or -1 without memory;
 * terms_free() either way. */
int terms_make(struct terms *terms, const struct paths *paths);
void terms_free(struct terms *terms);

/*
 * Prints the conditions of the terms with one action: "domain = AF_UNIX or AF_INET,
 * or domain = AF_NETLINK and protocol = 0"; nothing if they always hold.
 *   call       name of the call, for names of its arguments; may be NULL
 *   separator  between alternatives: ", or "
 */
void terms_print(FILE *out, const struct terms *terms, uint32_t action, const char *call, const char *separator);

/* How much there is to say of an action: 0 if it has no condition. */
uint32_t terms_weight(const struct terms *terms, uint32_t action);

/* Order of actions: how much they grant, 0 for ALLOW; actions that differ in data only are equal. */
unsigned action_rank(uint32_t action);

/* "allowed", "refused with EPERM", "killed"; a constant or in text. */
enum { ACTION_WORDS_MAX = 48 };
const char *action_words(char text[ACTION_WORDS_MAX], uint32_t action);

#endif
