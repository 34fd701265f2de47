/*
 * compile.h - "quiesce policy compile".
 */
#ifndef QUIESCE_POLICY_COMPILE_H
#define QUIESCE_POLICY_COMPILE_H

#include "policy/documents.h"

/* Writes the compiled form (struct policy_file) of each document that can be used
 * to its output.  Returns the exit status: the worst of all. */
int verb_compile(const struct job *job);

#endif
