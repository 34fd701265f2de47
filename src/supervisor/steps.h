/*
 * steps.h - the steps of a run, and what makes one follow the other.
 *
 *   load -> pre -> freeze -> snapshot -> thaw -> post -> record
 *
 * Whatever fails leads forward: to thaw if something is frozen, to post if a
 * pre-script was started, and to the record always.
 */
#ifndef QUIESCE_STEPS_H
#define QUIESCE_STEPS_H

#include "run.h"

/* OPTIONS came. */
void steps_load(struct run *run);

/* LOADED came: run.loaded is set. */
void steps_loaded(struct run *run);

/* A hook's result is known, or its survivors are gone. */
void steps_hook_settled(struct run *run, struct hook *hook);

/* Messages. */
void steps_frozen(struct run *run, const struct msg_freeze_state *m);
void steps_release(struct run *run, const struct msg_release *m);
void steps_release_late(struct run *run, const struct msg_release *m);
void steps_thawed(struct run *run, const struct msg_freeze_state *m);
void steps_thawed_early(struct run *run, const struct msg_freeze_state *m);

/* The mount table was read again, and run.plan and run.facts.freeze are by it. */
void steps_replanned(struct run *run);

/* The front is gone: a snapshot that failed. */
void steps_front_gone(struct run *run);

/* A part of the program is gone; its source is closed already.  why: a clause. */
void steps_abandon(struct run *run, const char *why);

#endif
