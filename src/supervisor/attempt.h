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

/* LIMITED: what the limits of its policy did. */
void attempt_limited(struct run *run, const struct hook *hook, const struct msg_limited *m);

/* The attempt is over, or the run: reads what its pipes still hold, puts it into
 * the row, and closes every descriptor of the attempt. */
void attempt_close(struct run *run, struct hook *hook);

/* One clause about how it failed; "" if it succeeded. */
void attempt_describe(struct run *run, const struct hook *hook, char *text, size_t size);

/* Tells the front how it failed, and that another follows. */
void attempt_failed(struct run *run, const struct hook *hook);

#endif
