/*
 * walk_words.h - what the safe walk refused, in words.
 */
#ifndef QUIESCE_BASE_WALK_WORDS_H
#define QUIESCE_BASE_WALK_WORDS_H

#include <stddef.h>

#include "quiesce/wire.h"

/* Writes one clause: which component, what is wrong with it, and the mode or owner that
 * it has.  Its name is shortened at the front and made harmless.
 *   w  its verdict is not WALK_OK */
void walk_words(char *text, size_t capacity, const struct walk_result *w);

#endif
