/*
 * call_words.h - values and flags of system calls' arguments by name.
 */
#ifndef QUIESCE_BASE_CALL_WORDS_H
#define QUIESCE_BASE_CALL_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/call_table.h"

/* A value of the bits in mask has a name; "" if it is not worth one. */
struct call_word {
    uint32_t value, mask;
    const char *name;
};

/* The words of a kind from ARG_WORDS on, to be looked for in this order, each in the
 * bits that no earlier one has taken.  *count: how many. */
const struct call_word *call_words(enum call_argument kind, size_t *count);

/* The name of an ioctl request, or NULL. */
const char *call_ioctl_name(uint32_t request);

#endif
