/*
 * environment.h - which variables a document may give a hook.
 */
#ifndef QUIESCE_PARSER_ENVIRONMENT_H
#define QUIESCE_PARSER_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

/* What keeps a name from being a variable that a document may set, as a clause
 * for a message; NULL if nothing does.  QUIESCE_* are ours, and what makes the
 * loader, the C library or an interpreter run other code is refused. */
const char *environment_name_problem(const char *name);

/*
 * Appends NAME=VALUE and a NUL to an environment of count variables in *length
 * bytes of text[PLAN_ENV_MAX].  Returns what is wrong, as a clause, or NULL.
 * The name is not checked.  value is UTF-8 with a terminating NUL.
 */
const char *environment_append(char *text, uint32_t *length, uint32_t *count, const char *name, const char *value);

#endif
