/*
 * progress.h - tells a person what a run is doing: a live line on a terminal,
 * else one line per step, always on standard error.  No line is waited for, see outlet.h.
 */
#ifndef QUIESCE_FRONT_PROGRESS_H
#define QUIESCE_FRONT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "front/outlet.h"
#include "quiesce/wire.h"

enum {
    PROGRESS_ACTIVE_MAX = PLAN_PLUGINS_MAX + RUN_STEPS, /* steps that go on at once */
    PROGRESS_LINE_MAX = 1024,
    PROGRESS_REDRAW_MS = 200,
};

/* A step that has begun and not ended. */
struct progress_step {
    uint8_t step; /* enum run_step */
    uint32_t attempt;
    uint64_t began_ns;  /* by the front's monotonic clock */
    uint64_t at_ns;     /* by the supervisor's, since the run began */
    uint64_t told_ns;   /* when budget_ns was said */
    uint64_t budget_ns; /* what was left then; 0: no budget */
    char plugin[PLAN_NAME_MAX];
};

struct progress {
    struct outlet outlet;
    bool lines; /* a line per step */
    bool shown; /* a live line stands on the screen */
    void (*note)(void *to, const char *text); /* takes the program's own words instead of fd; NULL: nobody does */
    void *note_to;
    unsigned active_count;
    struct progress_step active[PROGRESS_ACTIVE_MAX];
};

/* Looks at what fd is.  quiet: no line per step (a live line all the same); freezes: file
 * systems will be frozen, and nobody knows whether fd lies on one of them. */
void progress_start(struct progress *progress, int fd, bool quiet, bool freezes);

/* Takes in one message of the supervisor, at now_ns, and shows it. */
void progress_message(struct progress *progress, const struct msg_progress *message, uint64_t now_ns);

/* What is left of the time of a step that goes on, where no message says it. */
void progress_budget(struct progress *progress, enum run_step step, uint64_t budget_ns, uint64_t now_ns);

/* Draws the live line again.  Does nothing where there is none. */
void progress_redraw(struct progress *progress, uint64_t now_ns);

/* Milliseconds until the live line wants to be drawn again; -1: never. */
int progress_timeout(const struct progress *progress);

/* Prints one line of the program's own words, sanitised, after "quiesce: ". */
void progress_say(struct progress *progress, const char *text);

/* Removes the live line and prints what is still kept, waiting for the reader: nothing is frozen. */
void progress_end(struct progress *progress);

/* ---- pure, for tests ------------------------------------------------------ */

/* The live line for the steps that go on, at most columns wide, without control
 * characters.  Returns its length; 0: nothing goes on. */
size_t progress_live_line(char line[PROGRESS_LINE_MAX], const struct progress *progress, uint64_t now_ns, unsigned columns);

#define PROGRESS_UNKNOWN UINT64_MAX

/* The line, with its line feed, that reports a message; took_ns: how long the
 * step took, if it ends, or PROGRESS_UNKNOWN.  Returns its length; 0: the message needs no line. */
size_t progress_step_line(char line[PROGRESS_LINE_MAX], const struct msg_progress *message, uint64_t took_ns);

#endif
