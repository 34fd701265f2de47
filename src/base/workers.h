/*
 * workers.h - one thread per file system, for calls that may block for long.
 *
 * The main thread gives work and goes on; an event descriptor tells when all
 * that was given is done.  Work may be given to a worker that has not finished
 * what it had: it is done next, and instead of what that worker has not begun.
 */
#ifndef QUIESCE_WORKERS_H
#define QUIESCE_WORKERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "quiesce/plan.h"

typedef void work_function(uint32_t index);

struct workers {
    uint32_t count;      /* at most PLAN_FS_MAX */
    int event;           /* eventfd, non-blocking */
    atomic_uint pending; /* works given and not done */
    atomic_bool each;    /* the event also tells of every single work that is done */
    _Atomic(work_function *) next[PLAN_FS_MAX];
    _Atomic uint32_t bell[PLAN_FS_MAX]; /* futexes: rung when next is set */
};

/* Makes the event descriptor.  Returns it, or a negative errno. */
int workers_prepare(struct workers *w);

/* Starts count threads, which live as long as the process.  Returns 0 or an errno. */
int workers_start(struct workers *w, uint32_t count);

/* Gives work to count workers from the first on.  With count 0 nothing happens, and no event comes. */
void workers_give(struct workers *w, work_function *work, uint32_t first, uint32_t count);

/* True if nothing that was given is still to be done; takes the event. */
bool workers_idle(struct workers *w);

#endif
