/*
 * held.h - what is different in a run that is held open between two calls.
 */
#ifndef QUIESCE_SUPERVISOR_HELD_H
#define QUIESCE_SUPERVISOR_HELD_H

#include "run.h"

/* What is frozen now, by mount point; nothing if nothing is. */
void held_targets(const struct run *run, struct msg_targets *targets);

/* The deadline that READY names, CLOCK_BOOTTIME: the monitor's, or where nothing is
 * frozen one that the front keeps, for nobody may ever come. */
uint64_t held_deadline(const struct run *run, uint64_t monitors);

/* Whether a RELEASE has a cause that it can have in this run. */
bool held_fits(const struct run *run, const struct msg_release *m);

/* Into the report: whether a snapshot was taken, and of a held run who ended it. */
void held_released(struct run *run, const struct msg_release *m);

#endif
