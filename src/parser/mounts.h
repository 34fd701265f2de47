/*
 * mounts.h - which file systems there are, and which of them can be frozen.
 */
#ifndef QUIESCE_PARSER_MOUNTS_H
#define QUIESCE_PARSER_MOUNTS_H

#include <stddef.h>

#include "quiesce/plan.h"

/*
 * Fills *out from /proc/self/mountinfo: one entry per superblock (major:minor),
 * first those on block devices in the order of the table, then network, FUSE,
 * overlay and unknown ones, which are only reported.  Memory-backed and pseudo
 * file systems are left out.  Findings have code 121: more superblocks than the plan
 * has room for are an error, mount points that found none only a warning.
 */
void mounts_parse(const char *bytes, size_t n, struct mount_plan *out);

#endif
