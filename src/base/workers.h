/*
 * workers.h - one thread per file system, for calls that may block for long.
 *
 * The main thread gives work and goes on; an event descriptor tells when all
 * that was given is done.  Work may be given to a worker that has not finished
 * what it had; it is done next.
 */
#ifndef QUIESCE_WORKERS_H
#define QUIESCE_WORKERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "quiesce/plan.h"

typedef void work_function(uint32_t index);

struct workers {
    uint32_t count;      /* at most PLAN_FS_MAX */
    int event;           /* eventfd, non-blocking */
    atomic_uint pending; /* works given and not done */
    _Atomic(work_function *) next[PLAN_FS_MAX];
    _Atomic uint32_t bell[PLAN_FS_MAX]; /* futexes: rung when next is set */
};

/* Makes the event descriptor.  Returns it, or a negative errno. */
int workers_prepare(struct workers *w);

/* Starts count threads, which live as long as the process.  Returns 0 or an errno. */
int workers_start(struct workers *w, uint32_t count);

/* Gives work to those of the chosen indices.  With count 0 nothing happens. */
void workers_give(struct workers *w, work_function *work, const uint32_t *chosen, uint32_t count);

/* True if nothing that was given is still to be done; takes the event. */
bool workers_idle(struct workers *w);

#endif
