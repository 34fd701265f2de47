/*
 * argument_words.h - arguments of system calls in words, where that says more than
 * a number: socket(2)'s domain, ioctl(2)'s request, clone(2)'s flags.
 */
#ifndef QUIESCE_BASE_ARGUMENT_WORDS_H
#define QUIESCE_BASE_ARGUMENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/call_table.h"

struct argument {
    const char *call; /* name of the system call */
    const char *name; /* as the manual calls it, e.g. "domain" */
    uint8_t kind;     /* enum call_argument: ARG_INT for numbers, or one that has words */
    uint8_t index;    /* 0..5 */
    bool flags;       /* values are bits that may stand together */
};

/* What is known of an argument of a call; NULL: nothing. */
const struct argument *argument_find(const char *call, unsigned index);

/*
 * Writes a value in words: "AF_INET", "CLONE_NEWNS|CLONE_NEWPID|0x11", else a number,
 * decimal if it is small.  argument may be NULL.  Returns text.
 *   capacity  at least 24; what does not fit is cut off
 */
const char *argument_say(char *text, size_t capacity, const struct argument *argument, uint64_t value);

#endif
