/*
 * held_state.h - what a held session knows; for held_session.c, which lives it, and
 * held_rules.c, which answers callers.
 */
#ifndef QUIESCE_FRONT_HELD_STATE_H
#define QUIESCE_FRONT_HELD_STATE_H

#include "front/held_lines.h"
#include "front/held_session.h"
#include "front/run.h"
#include "front/session.h"

struct held {
    struct run run;
    struct session session;
    enum held_state state;
    struct held_lines lines;
    int timer;                /* CLOCK_BOOTTIME, for whatever comes next */
    enum run_step step;       /* the last that began */
    bool frozen;              /* what READY said */
    bool starter_told;        /* READY was sent to "quiesce freeze" */
    bool starter_heard;       /* ... and it has said so */
    unsigned starter_signals; /* of run.signals_count, those that it was told to pass on */
    uint64_t began_ns, ready_ns, deadline_ns; /* CLOCK_BOOTTIME; 0: not yet, or none */
    uint64_t end_ns;          /* CLOCK_BOOTTIME: the process ends, in HELD_OVER */
    bool taken;               /* somebody has the result */
    bool leave;               /* end now */
    bool told;                /* ... for this process itself was told to, by systemd for example */
    struct msg_targets targets;
    struct held_failed failed; /* in HELD_OVER, if there is no report */
};

/* Sends READY_TOLD, STATE, ACCEPTED, RESULT or FAILED; a caller who does not read is owed it. */
void held_tell(struct held *held, struct held_line *line, enum held_type type);

/* Sends a message that may be missed to all who look on. */
void held_tell_all(struct held *held, enum held_type type, const void *body);

/* Sends a line of our own words to all who look on; what is longer than a NOTE holds is cut. */
void held_tell_note(struct held *held, const char *text);

/* In HELD_OVER: sends RESULT or FAILED. */
void held_tell_result(struct held *held, struct held_line *line);

/* In HELD_READY: ends the wait.  who: of RELEASE_THAW, else NULL; good: the snapshot is. */
void held_release(struct held *held, enum release_cause cause, const struct ucred *who, bool good);

/* Takes one message of a caller, or notices that it is gone. */
void held_hear(struct held *held, struct held_line *line);

#endif
