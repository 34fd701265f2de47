/*
 * plugin.h - VMSnapshotScriptPluginConfig.json: the scripts of one plugin and how they run.
 */
#ifndef QUIESCE_PARSER_PLUGIN_H
#define QUIESCE_PARSER_PLUGIN_H

#include <stddef.h>

#include "quiesce/plan.h"

/* Fills *out from a plugin configuration; findings have code 305.  Of one that is refused only
 * the head is filled in. */
void plugin_parse(const char *bytes, size_t n, struct plugin_plan *out);

#endif
