/*
 * policy_conditions.h - on which machine, and with which capabilities, an entry of
 * a seccomp profile applies.
 */
#ifndef QUIESCE_PARSER_POLICY_CONDITIONS_H
#define QUIESCE_PARSER_POLICY_CONDITIONS_H

#include "parser/policy_schema.h"

/* Whether an "includes" object is fulfilled; allows: the entry allows calls. */
bool policy_includes(const struct policy_reader *reader, const cJSON *object, bool allows);

/* Whether an "excludes" object takes the entry away. */
bool policy_excludes(const struct policy_reader *reader, const cJSON *object, bool allows);

/* Table readers for "architectures" and "archMap": this machine's must be among
 * them; programs of the others are killed whatever stands there. */
void policy_architectures(const struct policy_reader *reader, const cJSON *array);
void policy_arch_map(const struct policy_reader *reader, const cJSON *array);

#endif
