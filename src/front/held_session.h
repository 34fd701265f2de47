/*
 * held_session.h - a run that is held open: the process in the background.
 *
 * It conducts the run as "quiesce run" does, and where that waits for its snapshot
 * command, this waits for THAW at its door (held_door.h).
 *
 *   STARTING --READY--> READY --THAW, or what else ends it, RELEASE--> ENDING --RESULT--> OVER
 *
 * Its states, who may say what in which, and every message: quiesce/held.h.
 *
 * Nobody at the door can hold anything up: nothing here waits, a caller who says nothing
 * is cut off when its time is over or its place is needed, and monitor and guardian keep
 * the deadline whatever happens here.
 */
#ifndef QUIESCE_FRONT_HELD_SESSION_H
#define QUIESCE_FRONT_HELD_SESSION_H

#include <stdbool.h>

#include "front/held_wire.h"
#include "front/options.h"

enum {
    HELD_LINES = 16,      /* callers at a time, "freeze" among them */
    HELD_SILENCE_S = 2,   /* how long a caller may say nothing */
    HELD_KEEP_S = 3600,   /* how long a result is kept that nobody has asked for */
    HELD_OTHERS_S = 10,   /* how long one who was told the result may take to say so */
    HELD_OVERDUE_S = 30,  /* after the deadline: for the supervisor to notice it */
};

struct held;
struct run;

/*
 * The whole life of the process, from its first line to its end.
 *   starter  our end of the socketpair to "quiesce freeze"
 */
_Noreturn void held_session(const struct options *options, int starter);

/* ---- called by the run's loop (run.c) ------------------------------------------------- */

/* Readable when held_serve() has something to do. */
int held_fd(const struct held *held);

/* Serves whoever is at the door; may call run_release() and run_signal(). */
void held_serve(struct held *held);

/* What the supervisor says. */
void held_progress(struct held *held, const struct msg_progress *message);
void held_targets(struct held *held, const struct msg_targets *targets);
void held_ready(struct held *held, const struct msg_ready *ready);

/* The run is interrupted: nobody needs to say THAW any more. */
void held_give_up(struct held *held, enum release_cause cause);

/* ---- for tests -------------------------------------------------------------------------- */

/* The index of the rule of HELD_RULES for a message, or -1: the caller is cut off. */
int held_rule(enum held_state state, enum held_peer peer, uint32_t type);

#endif
