/*
 * policy_resources.h - the "linux.resources" object of a policy: what cgroups limit.
 */
#ifndef QUIESCE_PARSER_POLICY_RESOURCES_H
#define QUIESCE_PARSER_POLICY_RESOURCES_H

#include "parser/policy_schema.h"

/* Reads linux.resources.* into the reader's plan. */
void policy_resources(const struct policy_reader *reader, const cJSON *object);

#endif
