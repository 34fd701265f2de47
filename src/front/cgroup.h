/*
 * cgroup.h - the cgroup v2 directory of a run.
 *
 *   <cgroup2 mount>/quiesce-<run id>/     made and removed by the front
 *       launcher/  hook-<slot>/           made by the launcher
 *
 * No controller is needed: cgroup.kill and cgroup.events are in every directory
 * (kernel documentation, admin-guide/cgroup-v2).  The front holds an flock on the
 * directory, and the processes that inherit the descriptor hold it on, so a
 * directory that can be locked belongs to no living run.
 */
#ifndef QUIESCE_FRONT_CGROUP_H
#define QUIESCE_FRONT_CGROUP_H

#include <stdbool.h>

#include "front/cgroup_mounts.h"
#include "quiesce/wire.h"

struct cgroup {
    int parent; /* the root of the cgroup2 mount; -1: there is none */
    int directory; /* this run's directory; -1: none */
    char name[8 + WIRE_RUN_ID_MAX]; /* "quiesce-" and the run id */
};

/* Makes the run's directory; mount: where cgroup v2 is.  Without cgroup v2, where it may not be written, or where
 * it is also mounted outside of CGROUP_DIR and hooks might write to it, both descriptors
 * are -1: hooks are then contained by other means. */
void cgroup_create(struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id);

/* The directory of another run, if it is still there; else the descriptors are -1. */
void cgroup_find(struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id);

/* Whether something lives in it. */
bool cgroup_populated(const struct cgroup *cgroup);

/* Removes directories that runs which were killed left behind, and ends what still lives in them. */
void cgroup_sweep(const struct cgroup *cgroup);

/* Kills whatever still lives in the run's directory: for a run whose own processes died. */
void cgroup_kill(const struct cgroup *cgroup);

/* Removes the run's directory with all below it; waits up to two seconds for it
 * to become empty.  Returns 0, or a negative errno if it is still there. */
int cgroup_remove(struct cgroup *cgroup);

#endif
