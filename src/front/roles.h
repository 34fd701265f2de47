/*
 * roles.h - starts the other five programs, each with exactly its descriptors.
 */
#ifndef QUIESCE_FRONT_ROLES_H
#define QUIESCE_FRONT_ROLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/drop.h"
#include "front/footing.h"
#include "front/machine.h"

struct roles {
    int monitor;    /* our socket to the monitor, which thaws when it is gone */
    int supervisor; /* our socket to the supervisor */
    int log;        /* pipe, read end, non-blocking: what roles say when they give up */
    int pidfds[ROLES];   /* -1: not started, or its status is taken */
    int statuses[ROLES]; /* wait status, once it has ended; -1: it has not */
};

/*
 * Starts all roles.  Each becomes the leader of a session of its own, with an
 * empty environment, no signal blocked and its descriptors as roles.c lists them; the
 * launcher, and with it the scripts, with the caller's priority.
 * Returns 0, or a negative errno with *what saying what failed; what was started
 * ends by itself once its sockets are closed, which roles_close() does.
 */
int roles_start(struct roles *roles, const struct machine *machine, const struct footing *caller, const char **what);

/* Closes our sockets: the run is over, or is to end now. */
void roles_close(struct roles *roles);

/* Waits until all have ended, at most timeout_ms; false if some have not. */
bool roles_wait(struct roles *roles, int timeout_ms);

/* Kills a role that has not ended. */
void roles_kill(const struct roles *roles, enum role_id role);

/* Writes who ended otherwise than it should, e.g. "quiesce-launcher was killed by
 * SIGKILL"; those killed by a signal come first.  "" if there is nobody.  Returns true if there is somebody. */
bool roles_describe(const struct roles *roles, char *text, size_t capacity);

#endif
