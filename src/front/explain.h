/*
 * explain.h - the effective sandbox of a plugin's scripts, in words.
 */
#ifndef QUIESCE_FRONT_EXPLAIN_H
#define QUIESCE_FRONT_EXPLAIN_H

#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/statement.h"
#include "quiesce/report.h"

/* Says everything about one plugin of a valid report. */
void explain_plugin(const struct report *r, uint32_t plugin, statement_sink *sink, void *context);

/* What the policy allows, refuses and kills for; the part of explain_plugin()
 * that needs nothing but the policy. */
void explain_policy(const struct policy_plan *policy, statement_sink *sink, void *context);

/* All plugins, for people. */
void explain_print(FILE *out, const struct report *r);

/* {"plugins": [{...}], "findings": [...]}; NULL where memory ran out. */
cJSON *explain_json(const struct report *r);

#endif
