/*
 * plans.h - what a plan must be like, read off the comments of plan.h and policy.h.
 *
 * Written apart from base/plan_check.c on purpose: the two are held to each other.
 */
#ifndef QUIESCE_FUZZ_PLANS_H
#define QUIESCE_FUZZ_PLANS_H

#include "fuzz.h"
#include "quiesce/plan.h"
#include "quiesce/policy.h"

/*
 * Checks an answer of document_parse() about n bytes of a document: the head and every
 * finding, that a refusal says where in the document, that plan_valid() agrees, and each
 * value of a usable plan.
 */
void plan_oracle(enum document_kind kind, const void *plan, const char *bytes, size_t n);

/* Printable UTF-8 with its NUL inside size, by an own decoder; any: control characters may be in it. */
bool plan_text_ok(const char *text, size_t size, bool any);

#endif
