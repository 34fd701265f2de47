/*
 * environment.h - which variables a document may give a hook.
 *
 * The parser refuses the others with a message; the monitor, which does not believe
 * a parser, refuses a plan that has one.
 */
#ifndef QUIESCE_BASE_ENVIRONMENT_H
#define QUIESCE_BASE_ENVIRONMENT_H

#include <stddef.h>

/* What keeps a name of length bytes from being a variable that a document may set,
 * as a clause for a message; NULL if nothing does.  QUIESCE_* are ours, and what
 * makes the loader, the C library or an interpreter run other code is refused. */
const char *environment_name_problem(const char *name, size_t length);

#endif
