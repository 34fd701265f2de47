/*
 * diff.h - "quiesce policy diff A B".
 */
#ifndef QUIESCE_POLICY_DIFF_H
#define QUIESCE_POLICY_DIFF_H

#include "policy/calls.h"
#include "policy/differences.h"
#include "policy/documents.h"

/* Status of a comparison, as of diff(1). */
enum { DIFF_EQUAL = 0, DIFF_DIFFERENT = 1 };

/*
 * Prints what the first of two policies grants and the second does not, and the other
 * way round; with --json one object.  Returns DIFF_EQUAL, DIFF_DIFFERENT, or the exit
 * status of what failed.
 */
int verb_diff(const struct job *job);

/* Adds what differs in system calls, call by call on the filters' programs: a call that
 * one grants and the other does not comes with one example.  Returns PATHS_OK, or why
 * *failed, a call's number or CALL_NUMBERS, could not be compared. */
enum paths_error differences_of_calls(struct differences *d, const struct policy_plan *first, const struct policy_plan *second,
                                      uint32_t *failed);

#endif
