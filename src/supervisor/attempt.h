/*
 * attempt.h - the row that an attempt of a script has in the report.
 */
#ifndef QUIESCE_ATTEMPT_H
#define QUIESCE_ATTEMPT_H

#include "run.h"

/* Gives the hook's current attempt its row.  Of more than
 * REPORT_ATTEMPTS_PER_HOOK the first half and the last half keep theirs. */
void attempt_begin(struct run *run, struct hook *hook);

/* The row of the current attempt. */
struct report_attempt *attempt_row(struct run *run, const struct hook *hook);

/* Puts what was printed so far into the row; may be called again later, when
 * survivors have printed more. */
void attempt_store_output(struct run *run, struct hook *hook);

#endif
