/*
 * host.h - VMSnapshotPluginHost.conf: which plugins there are, and the time of a phase.
 */
#ifndef QUIESCE_PARSER_HOST_H
#define QUIESCE_PARSER_HOST_H

#include <stddef.h>

#include "quiesce/plan.h"

/* Fills *out from a host configuration; findings have code 304. */
void host_parse(const char *bytes, size_t n, struct host_plan *out);

#endif
