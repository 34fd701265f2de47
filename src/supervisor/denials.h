/*
 * denials.h - the record of the system calls that a script's filter refused.
 *
 * The keeper of the script has answered them before this is told; here they are
 * written down.
 */
#ifndef QUIESCE_DENIALS_H
#define QUIESCE_DENIALS_H

#include "run.h"

/* Messages. */
void denials_told(struct run *run, const struct hook *hook, const struct msg_denied *m);
void denials_counted(struct run *run, const struct hook *hook, const struct msg_denied_more *m);

/* Adds call, with its count, to the rows of its attempt, or to the count of a row that
 * is like it.  Beyond REPORT_DENIED_PER_ATTEMPT rows of an attempt it is only counted. */
void denials_record(struct report *r, const struct report_denied *call);

#endif
