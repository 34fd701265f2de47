/*
 * limits.h - a policy's limits of processes and memory (linux.resources), held by cgroups.
 *
 *   cgroup v2   written into the slot's cgroup, in which the hook is made
 *   cgroup v1   written into <run's directory of that controller>/h00 .. h31, which the
 *               hook joins as its first act: a process that moves itself alone waits
 *               for no grace period
 */
#ifndef QUIESCE_KEEPER_LIMITS_H
#define QUIESCE_KEEPER_LIMITS_H

#include <stdbool.h>

#include "keeper/keeper.h"

struct limits {
    bool held; /* all that the policy asks for; else a controller is missing */
    int counts[WIRE_CONTROLLERS]; /* files in which the kernel counts what they did; -1: there are none */
    int tasks[WIRE_CONTROLLERS]; /* v1: what the hook joins by; -1: it need not */
};

/* Writes what the policy asks for.  Returns 0 or an errno. */
int limits_apply(const struct start *s, struct limits *l);

/* In the hook: joins, and closes what it joined by.  Returns 0 or an errno. */
int limits_join(const struct limits *l);

/* What the limits did to the hook's tree. */
struct msg_limited limits_count(const struct limits *l);

/* For the tests: writes the limits of one controller to the files in directory, as v1
 * or v2 names them.  Returns 0, ENOENT if a file is not there, or another errno. */
int limits_write(const struct policy_limits *asked, enum controller controller, bool v1, int directory);

#endif
