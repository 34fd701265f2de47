/*
 * compared.h - what a filter compares a call's arguments with.
 *
 * A call that is drawn at random says little about a filter: hardly one of 2^64 values
 * meets a condition.  The constants that the conditions are made of are in the program
 * itself; this finds, for one call number, those that a call of that number can meet.
 */
#ifndef QUIESCE_POLICY_COMPARED_H
#define QUIESCE_POLICY_COMPARED_H

#include <linux/filter.h>
#include <stdint.h>

enum {
    COMPARED_WORDS = 12, /* halves of the six arguments: the low one of argument i is word 2i, the high one 2i + 1 */
    COMPARED_MAX = 128,  /* comparisons of one word; more are left out */
};

/* The word, as far as mask goes, is compared with value, for equality or order. */
struct comparison {
    uint32_t mask, value;
};

struct compared {
    uint32_t count[COMPARED_WORDS];
    struct comparison list[COMPARED_WORDS][COMPARED_MAX];
};

/*
 * Finds the comparisons in a program of length instructions that passed bpf_check().  What
 * is found may be more than a call can really meet, never less but for COMPARED_MAX.
 * Returns how many there are: 0 if the answer to this number depends on no argument.
 */
uint32_t compared_find(struct compared *found, const struct sock_filter *filter, uint32_t length, uint32_t arch,
                       uint32_t number);

#endif
