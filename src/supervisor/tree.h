/*
 * tree.h - what is left of a script's processes, asked of its cgroup.
 */
#ifndef QUIESCE_TREE_H
#define QUIESCE_TREE_H

#include "run.h"

/* Whether a process lives in the hook's cgroup or below it: "populated" of
 * cgroup.events (Documentation/admin-guide/cgroup-v2.rst).  Not asked for an
 * answer that cannot be read: that counts as populated. */
bool tree_populated(const struct hook *hook);

/* How many processes are left; where only "some" is known, 1. */
uint32_t tree_count(const struct hook *hook);

#endif
