/*
 * print.h - a plan as a document that says the same.
 */
#ifndef QUIESCE_FUZZ_PRINT_H
#define QUIESCE_FUZZ_PRINT_H

#include <stddef.h>

#include "quiesce/plan.h"

/*
 * Prints a usable plan as a document of its kind (passwd, group: for the user that was
 * asked for).  Returns the text, which the caller frees and whose length goes to *length,
 * or NULL for kinds that cannot be printed: a policy's filter and a mount table's tree
 * are not in the plan.
 */
char *print_plan(enum document_kind kind, const char *argument, const void *plan, size_t *length);

#endif
