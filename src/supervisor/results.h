/*
 * results.h - what the monitor says about each file system: into facts and report.
 */
#ifndef QUIESCE_RESULTS_H
#define QUIESCE_RESULTS_H

#include "run.h"

/* FROZEN: sets facts.frozen or facts.freeze.  A message out of its bounds is fatal. */
void results_frozen(struct run *run, const struct msg_freeze_state *m);

/* THAWED, asked or unasked: sets run.thawed, and facts.freeze or facts.internal
 * if it was not asked for. */
void results_thawed(struct run *run, const struct msg_freeze_state *m);

#endif
