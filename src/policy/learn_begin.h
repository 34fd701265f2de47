/*
 * learn_begin.h - what "quiesce policy learn" does before the script runs.
 */
#ifndef QUIESCE_POLICY_LEARN_BEGIN_H
#define QUIESCE_POLICY_LEARN_BEGIN_H

#include "policy/documents.h"

/* Compiles the base for learning, looks up the user, and writes both to the document's
 * output as struct policy_ready.  Returns the exit status. */
int verb_learn_begin(const struct job *job);

#endif
