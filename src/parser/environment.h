/*
 * environment.h - the variables that a document gives a hook.
 */
#ifndef QUIESCE_PARSER_ENVIRONMENT_H
#define QUIESCE_PARSER_ENVIRONMENT_H

#include <stdint.h>

/*
 * Appends NAME=VALUE and a NUL to an environment of count variables in *length
 * bytes of text[PLAN_ENV_MAX].  Returns what is wrong, as a clause, or NULL.
 * The name has been checked (base/environment.h).  value is UTF-8 with a terminating NUL.
 */
const char *environment_append(char *text, uint32_t *length, uint32_t *count, const char *name, const char *value);

#endif
