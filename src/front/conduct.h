/*
 * conduct.h - run, check and explain from the first look to the exit status.
 */
#ifndef QUIESCE_FRONT_CONDUCT_H
#define QUIESCE_FRONT_CONDUCT_H

#include <stddef.h>

#include "front/options.h"

/* The commands; each prints what it has to say and returns the exit status. */
int conduct_run(const struct options *options);
int conduct_check(const struct options *options);
int conduct_explain(const struct options *options);

/* ---- the parts of a run, for those who hold it open (held_session.h) ------------------ */

struct run;
struct session;

/*
 * Takes over the signals and starts everything; run is all zeros, and ready for
 * run_loop() afterwards but for its progress.
 * Returns 0, or an exit status with a sentence in message; nothing is left then.
 */
int conduct_start(struct run *run, struct session *session, const struct options *options, enum run_mode mode, char *message,
                  size_t capacity);

/* After run_loop() without a report: ends the roles, and writes what is known of the run and what follows from it. */
void conduct_break_off(struct run *run, struct session *session, char *message, size_t capacity);

/* The last step of every run that was started: nothing of it is left. */
void conduct_clean_up(struct run *run, struct session *session);

#endif
