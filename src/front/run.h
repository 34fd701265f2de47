/*
 * run.h - the front's part of a run: listens, takes the snapshot, keeps the result.
 *
 *   RUNNING --READY, snapshot command starts--> SNAPSHOT --it ends, RELEASE--> RELEASED
 *      RESULT ends each of them.
 *
 * In a held run (held_session.h) the wait for a THAW stands in the snapshot command's place.
 */
#ifndef QUIESCE_FRONT_RUN_H
#define QUIESCE_FRONT_RUN_H

#include <signal.h>
#include <stdbool.h>

#include "base/message.h"
#include "front/options.h"
#include "front/progress.h"
#include "front/snapshot.h"
#include "front/witness.h"
#include "quiesce/report.h"

enum {
    RUN_LOG_MAX = 512,
    RUN_LOG_LINES_MAX = 1000, /* of the log that are shown */
    RUN_LATE_MS = 10000,      /* after the deadline: a supervisor that says nothing of it is not waited for */
    RUN_SIGNALS_MAX = 3,      /* so many break a run off; systemd sends two at once */
};

struct held;

struct run {
    const struct options *options;
    struct held *held; /* who waits in the snapshot command's place; NULL: nobody */
    enum run_mode mode;
    int supervisor; /* socket */
    int log;        /* pipe, non-blocking */
    int guardian;   /* pidfd, of the roles; -1: none */
    int signals;    /* signalfd of INT, TERM, HUP; -1: none */
    sigset_t mask;  /* the caller's signal mask */
    struct footing caller; /* the caller's limits and priority */
    enum front_state state;
    int interrupted; /* the first signal that came, or 0 */
    enum release_cause interrupted_by; /* of a held run */
    unsigned signals_count;
    uint64_t patience_ns; /* how long the supervisor may take to READY, and from RELEASE to RESULT; 0: for ever */
    uint64_t until_ns;    /* when that is over, CLOCK_MONOTONIC; 0: nothing is owed */
    uint64_t deadline_boottime_ns; /* when it is thawed whatever happens; 0: nothing is frozen */
    bool over;       /* nothing more comes from the supervisor */
    struct witness witness;
    struct msg_result result;
    const struct report *report; /* read-only mapping; NULL: there is no result */
    int report_fd;               /* sealed; if there is a report */
    char failure[256];           /* why there is none, if it is known here */
    char log_line[RUN_LOG_MAX];  /* the last whole line of the log */
    unsigned log_lines;          /* how many were shown */
    size_t partial_length;
    char partial[RUN_LOG_MAX]; /* the line that is being read */
    struct snapshot snapshot;
    struct progress progress;
};

/* Blocks INT, TERM and HUP, and what would stop or end us unasked, ignores PIPE; the old mask is kept in run->mask.  Returns 0 or a negative errno. */
int run_take_signals(struct run *run);

/* Does everything until the supervisor has said the result or is gone, and the
 * snapshot command has ended.  run->report says whether there is a result. */
void run_loop(struct run *run);

/* Prints what is in the log now, or the first part of it: a role that was taken over
 * may write faster than this reads. */
void run_read_log(struct run *run);

/* Sends RELEASE if one is awaited; of a held run, for run_loop() does it for a snapshot command. */
void run_release(struct run *run, const struct msg_release *release);

/* Takes a signal from run->signals, if there is one. */
void run_read_signal(struct run *run);

/* A signal that asks to end: the first lets the run end in order, the third breaks it off. */
void run_signal(struct run *run, int number);

/* The run is to end in order, without a snapshot.  number: the signal that stands for it;
 * cause: of the RELEASE of a held run.  Once is enough. */
void run_interrupt(struct run *run, int number, enum release_cause cause);

/* Ends the run without a result, and says why: our ends are closed then, whoever still lives
 * thaws, and the hooks end. */
void run_give_up(struct run *run, const char *why);

/* One message in run->state.  Returns 0, or -EPROTO if the table of wire.h has no
 * row for it or its content is impossible; its descriptors are taken or closed. */
int run_dispatch(struct run *run, struct wire_packet *packet);

#endif
