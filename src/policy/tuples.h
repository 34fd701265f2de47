/*
 * tuples.h - calls drawn at random, near to what a filter looks at.
 *
 * The same seed and filter give the same calls on every machine of one kind.
 */
#ifndef QUIESCE_POLICY_TUPLES_H
#define QUIESCE_POLICY_TUPLES_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/compared.h"

enum { TUPLES_NUMBERS = 600 }; /* call numbers that are looked at for conditions */

struct tuples {
    uint64_t state;
    bool int80; /* calls of i386 are drawn, too */
    uint32_t conditional_count;
    struct {
        uint32_t number;
        struct compared compared;
    } conditional[TUPLES_NUMBERS]; /* calls whose arguments matter */
};

/* Looks at a program that passed bpf_check() and begins with a seed; int80: see instruction_exists(). */
void tuples_begin(struct tuples *tuples, const struct sock_filter *filter, uint32_t length, uint64_t seed, bool int80);

/* Draws the next call; never one of instruction_unfiltered(). */
void tuples_draw(struct tuples *tuples, struct seccomp_data *call);

#endif
