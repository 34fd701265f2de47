/*
 * start.h - starts the monitor, and with it everything else.
 */
#ifndef QUIESCE_FRONT_START_H
#define QUIESCE_FRONT_START_H

#include <stddef.h>
#include <sys/types.h>

#include "front/cgroup.h"
#include "front/options.h"

/* What the front holds of a run. */
struct session {
    char run_id[WIRE_RUN_ID_MAX];
    enum run_mode mode;
    int control;    /* socket to the monitor, which thaws when our end is gone */
    int supervisor; /* socket */
    int log;        /* pipe, read end, non-blocking */
    int monitor;    /* pidfd */
    struct cgroup cgroup;
};

/*
 * Looks whether a run can be made at all: root, its capabilities, the kernel.
 * Returns 0, or an exit status with a sentence in message.
 */
int start_possible(char *message, size_t capacity);

/*
 * Starts the monitor and tells it and the supervisor what is wanted.
 * Returns 0 with *session filled, or an exit status with a sentence in message.
 */
int start_session(struct session *session, const struct options *options, enum run_mode mode, char *message, size_t capacity);

/*
 * Waits for the monitor to end, at most timeout_ms.  Returns its wait status as
 * waitpid(2) gives it, or -1 if it has not ended.
 */
int start_wait_monitor(struct session *session, int timeout_ms);

#endif
