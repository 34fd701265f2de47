/*
 * templates.h - messages as they usually are, for sequences to change.
 */
#ifndef QUIESCE_FUZZ_TEMPLATES_H
#define QUIESCE_FUZZ_TEMPLATES_H

#include "quiesce/wire.h"

/* The answer that a parser gives about a small document of this kind. */
const void *template_plan(enum document_kind kind);

/* Fills in a message of any type that says the same in every program: what it says agrees
 * with the plans above.  body is zeros. */
void template_message(uint32_t type, union wire_any *body);

#endif
