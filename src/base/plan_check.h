/*
 * plan_check.h - whether what a parser answered may be used at all.
 */
#ifndef QUIESCE_BASE_PLAN_CHECK_H
#define QUIESCE_BASE_PLAN_CHECK_H

#include <stdbool.h>

#include "quiesce/wire.h"

/*
 * Looks at every count, offset, terminating NUL, enumeration and range of a plan.
 *   kind  any value; one that is no kind is not valid
 *   plan  the structure of that kind, in full size (plan.h, policy.h)
 * True: every member is within what its comment in the header says, and may be
 * used without another look.  If head.usable is 0 that holds for the head only.
 * Pure: no allocation, no I/O, time bounded by the size of the structure.
 */
bool plan_valid(enum document_kind kind, const void *plan);

/* The same of the head alone, which an answer of another kind may begin with. */
bool plan_head_valid(const struct plan_head *head);

/* A policy's capabilities are its user's, or root's: whoever else runs under it by
 * runAs has none.  uid: who the hook will be. */
void policy_narrow(struct policy_plan *policy, uint32_t uid);

#endif
