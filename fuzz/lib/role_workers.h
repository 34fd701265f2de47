/*
 * role_workers.h - workers (base/workers.h) that work when the input says so, one after another.
 */
#ifndef QUIESCE_FUZZ_ROLE_WORKERS_H
#define QUIESCE_FUZZ_ROLE_WORKERS_H

#include "base/workers.h"
#include "role_wraps.h"

WRAPPED(int, workers_prepare, struct workers *w);
WRAPPED(int, workers_start, struct workers *w, uint32_t count);
WRAPPED(void, workers_give, struct workers *w, work_function *work, uint32_t first, uint32_t count);

/* No workers; at the beginning of every input. */
void role_workers_reset(void);

/* How many have something to do. */
unsigned role_workers_busy(void);

/* One of them, by number below role_workers_busy(), does it. */
void role_workers_work(unsigned which);

#endif
