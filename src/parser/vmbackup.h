/*
 * vmbackup.h - vmbackup.conf: how its owner, the agent of Azure Backup, is told to freeze.
 */
#ifndef QUIESCE_PARSER_VMBACKUP_H
#define QUIESCE_PARSER_VMBACKUP_H

#include <stddef.h>

#include "quiesce/plan.h"

/* Fills *out from section [SnapshotThread]; everything else in the file is the
 * agent's own and passed over.  Findings have code 304. */
void vmbackup_parse(const char *bytes, size_t n, struct vmbackup_plan *out);

#endif
