/*
 * differences.h - what two policies differ in, collected to be printed.
 */
#ifndef QUIESCE_POLICY_DIFFERENCES_H
#define QUIESCE_POLICY_DIFFERENCES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "quiesce/policy.h"

/* Who grants it: the first policy alone, the second alone, or neither more than the other. */
enum side { ONLY_FIRST, ONLY_SECOND, NEITHER, SIDES };

struct difference {
    enum side side;
    const char *key; /* a constant, or a call's name */
    char *text;      /* one clause */
};

struct differences {
    unsigned count, capacity;
    struct difference *list;
    bool failed; /* without memory: the list is not complete */
};

/* Adds one; key must live as long as the list. */
__attribute__((format(printf, 4, 5))) void difference_add(struct differences *d, enum side side, const char *key,
                                                           const char *format, ...);
void differences_free(struct differences *d);

/* The other side of a difference that one of two has: ONLY_FIRST for 0. */
enum side side_of(unsigned which);

/* Adds what differs in everything but the system calls. */
void differences_of_rights(struct differences *d, const struct policy_plan *first, const struct policy_plan *second);

#endif
