/*
 * walk.h - what the safe walk refused, in words and as an outcome.
 */
#ifndef QUIESCE_SUPERVISOR_WALK_H
#define QUIESCE_SUPERVISOR_WALK_H

#include "quiesce/outcome.h"
#include "quiesce/wire.h"

/*
 * The outcome of a document that could not be had.
 *   d  kind, phase, given and walk are used; walk.verdict is not WALK_OK
 * OUTCOME_APP_CONSISTENT: nothing is wrong, it is optional and absent.
 */
enum outcome walk_outcome(const struct msg_document *d);

/* Fills kind and message of f: which component, what is wrong with it, and the
 * mode or owner that it has. */
void walk_finding(const struct msg_document *d, struct finding *f);

#endif
