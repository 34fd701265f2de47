/*
 * journal.h - reading the journal: JSON lines, one per run, each tied to the one before.
 *
 *   {"prev":"<SHA-256 of the line before, without its line feed>", ...}\n
 *
 * The first line's prev is 64 zeros.  Whoever changes, removes or inserts a line
 * has to rewrite all that follow; what a copy of the last digest kept elsewhere
 * proves is therefore the whole journal.
 */
#ifndef QUIESCE_FRONT_JOURNAL_H
#define QUIESCE_FRONT_JOURNAL_H

#include <stdio.h>

#include "base/paths.h"

#define JOURNAL_PATH QUIESCE_STATE_DIR "/" QUIESCE_JOURNAL

enum { JOURNAL_DIGEST_MAX = 65 }; /* 64 hex digits and NUL */

struct journal_state {
    unsigned long lines;             /* that hold; the first broken one is the next */
    char digest[JOURNAL_DIGEST_MAX]; /* of the last line that holds; zeros if there is none */
    const char *broken;              /* what is wrong with line lines + 1; NULL: nothing */
};

/* Checks the chain from the start of in.  Returns 0 if it holds, 1 if not, or a negative errno. */
int journal_check(FILE *in, struct journal_state *state);

/* Prints the last records of in (0: all) to out.  safe: to a terminal, so sanitised.
 * in must be seekable.  Returns 0 or a negative errno. */
int journal_print(FILE *in, FILE *out, unsigned long last, int safe);

struct options;

/* The commands.  Return the exit status: 0; 1 broken, or no journal; 77; 70. */
int journal_show(const struct options *options);
int journal_verify(const struct options *options);

#endif
