/*
 * progress.h - telling the front how far the run is.
 */
#ifndef QUIESCE_PROGRESS_H
#define QUIESCE_PROGRESS_H

#include "run.h"

/* A step of the whole run begins now: PROGRESS and the report's time line. */
void progress_begin(struct run *run, enum run_step step, uint64_t budget_ns);

/* It ends now.  text: one clause about it, "" for none. */
void progress_end(struct run *run, enum run_step step, bool failed, const char *text);

/* A step that somebody else has measured, once it is over: when it began, since the
 * run began, and how long it took.  Its beginning is told here if it was not yet. */
void progress_measured(struct run *run, enum run_step step, uint64_t at_ns, uint64_t took_ns, bool failed);

/* A hook's part of STEP_PRE or STEP_POST begins, goes on or ends; WARNING: one try failed. */
void progress_hook(struct run *run, const struct hook *hook, enum progress_kind kind, const char *text);

/* Something that the caller should know at once. */
void progress_warning(struct run *run, enum run_step step, const char *text);

/* While scripts run: says so every ScriptsExecutionPollTimeSeconds. */
void progress_pace(struct run *run);
void progress_pace_stop(struct run *run);

#endif
