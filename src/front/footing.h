/*
 * footing.h - what a caller can have taken from us that a run needs, got back as far as root may.
 *
 * Somebody's cron job has a file size limit, somebody's backup runs at nice 19: a role that
 * cannot open a file, or is not let run while everything is frozen, is worse than no backup.
 * The snapshot command gets back what the caller had.
 */
#ifndef QUIESCE_FRONT_FOOTING_H
#define QUIESCE_FRONT_FOOTING_H

#include <sys/resource.h>

enum { FOOTING_LIMITS = 8 };

/* As the caller had it. */
struct footing {
    struct rlimit limits[FOOTING_LIMITS]; /* in the order of footing.c's table */
    int nice;
    int policy; /* sched(7) */
};

/* Makes descriptors 0, 1 and 2 such that no file that is opened later takes their place.
 * One that was closed stays so for what is executed, and cannot be read or written. */
void footing_descriptors(void);

/* Notes limits and priority in *caller, then raises those limits that are below what a run
 * needs, and takes a lowered priority off.  What is not permitted stays as it was: what
 * fails for it says so. */
void footing_take(struct footing *caller);

/* The priority back, as the caller had it.  For a child. */
void footing_give_priority(const struct footing *caller);

/* Priority and limits back.  For a child, before it executes what is the caller's. */
void footing_give(const struct footing *caller);

#endif
