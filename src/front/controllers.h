/*
 * controllers.h - the cgroup controllers that hold what a policy says of processes
 * and memory (linux.resources).
 *
 *   cgroup v2   they work in the run's own directory (cgroup.h), where keepers turn
 *               them on for the hooks that need them
 *   cgroup v1   each has a hierarchy of its own; there the run gets a directory
 *               <the caller's cgroup>/quiesce-<run id>, so that what limits the caller
 *               limits hooks too.  Hooks live in h00 .. h31 below it.
 *
 * A machine may have one, the other, one of each, or none.
 */
#ifndef QUIESCE_FRONT_CONTROLLERS_H
#define QUIESCE_FRONT_CONTROLLERS_H

#include <stdbool.h>
#include <stdint.h>

#include "front/cgroup.h"
#include "front/cgroup_mounts.h"
#include "quiesce/wire.h"

struct controllers {
    /* v2: the run's directory; v1: the caller's cgroup; -1: there is no such controller */
    int directories[WIRE_CONTROLLERS];
    bool v1[WIRE_CONTROLLERS];
    int parent; /* the cgroup's: the root of the cgroup2 mount, or -1 */
    char name[sizeof ((struct cgroup *)0)->name]; /* of the run's directories */
    uint8_t limits; /* bit n: enum limit n can be held */
};

/* Looks for them and changes nothing.  cgroup: of this run; mounts, and own, usually /proc/self/cgroup: as
 * the machine has them. */
void controllers_find(struct controllers *c, const struct cgroup *cgroup, const struct cgroup_mount mounts[HIERARCHIES],
                      const char *own);

/* Makes the run's directories and gives them to the launcher, and turns on in the root of
 * a cgroup2 mount what the machine has and nobody uses; what fails is none of the limits
 * any more. */
void controllers_make(struct controllers *c);

/* Removes the v1 directories of dead runs: for a run that holds the lock, so that no
 * other one lives. */
void controllers_sweep(const struct controllers *c);

/* Removes the directories of the run, in which nothing lives any more.  Returns 0, or
 * a negative errno if one is still there. */
int controllers_remove(struct controllers *c);

#endif
