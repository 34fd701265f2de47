/*
 * policy_process.h - the "process" object of a policy: user, capabilities, limits, environment.
 */
#ifndef QUIESCE_PARSER_POLICY_PROCESS_H
#define QUIESCE_PARSER_POLICY_PROCESS_H

#include "parser/policy_schema.h"

/* Reads process.* into the reader's plan. */
void policy_process(const struct policy_reader *reader, const cJSON *process);

/* Reads an array of names ("CAP_CHOWN") into a set, bit n = capability n; false after a finding. */
bool policy_capabilities(const struct policy_reader *reader, const cJSON *array, uint64_t *set);

#endif
