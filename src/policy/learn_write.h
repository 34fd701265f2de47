/*
 * learn_write.h - what "quiesce policy learn" does after the script has run.
 */
#ifndef QUIESCE_POLICY_LEARN_WRITE_H
#define QUIESCE_POLICY_LEARN_WRITE_H

#include "policy/documents.h"

/* Says on standard error what the base denied and what was learned; then, unless
 * job->report, writes the learned policy to the document's output, after a look at what it
 * compiles to.  Returns the exit status. */
int verb_learn_write(const struct job *job);

#endif
