/*
 * session.h - everything that is set up for one run, check or explanation.
 */
#ifndef QUIESCE_FRONT_SESSION_H
#define QUIESCE_FRONT_SESSION_H

#include <stddef.h>

#include "front/cgroup.h"
#include "front/controllers.h"
#include "front/options.h"
#include "front/roles.h"
#include "quiesce/record.h"

struct session {
    char run_id[WIRE_RUN_ID_MAX];
    enum run_mode mode;
    struct cgroup cgroup;
    struct controllers controllers;
    struct roles roles;
    const struct run_record *record; /* what monitor and guardian say is frozen; read-only here */
};

/* Makes a random run id.  Returns 0 or a negative errno. */
int session_make_id(char run_id[WIRE_RUN_ID_MAX]);

/*
 * Takes the lock (of MODE_RUN), opens what the roles need, starts them, and tells
 * monitor and supervisor what is wanted.  caller: whose priority scripts get.
 * Returns 0, or an exit status with a sentence in message; nothing is left then.
 */
int session_start(struct session *session, const struct options *options, enum run_mode mode, const struct footing *caller,
                  char *message, size_t capacity);

#endif
