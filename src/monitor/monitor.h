/*
 * monitor.h - the privileged monitor's one context and its parts.
 *
 * Everything in this folder runs with CAP_DAC_READ_SEARCH and CAP_SYS_ADMIN.
 * MUST: end the process (fatal) on anything unexpected; the guardian thaws.
 * MUST NOT: parse, format text from outside, allocate by input, open by path
 * what was checked by path.
 */
#ifndef QUIESCE_MONITOR_H
#define QUIESCE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/message.h"
#include "quiesce/record.h"
#include "quiesce/wire.h"

/* The fd map; the front has laid it out. */
enum monitor_fd {
    FD_FRONT = 3, FD_SUPERVISOR, FD_LAUNCHER, FD_GUARDIAN, FD_PARSER, /* sockets */
    FD_ROOT,        /* the real "/", O_PATH */
    FD_EXPEDITE,    /* /sys/kernel/rcu_expedited, or /dev/null */
    FD_CGROUP_KILL, /* cgroup.kill of the run, or /dev/null */
    FD_LOCK,        /* held as long as the monitor or the guardian lives */
    FD_MOUNTINFO,   /* opened before the root changed: it shows what is below its opener's root */
    FD_RECORD,      /* struct run_record, shared with the guardian; locked as FD_LOCK is */
    FD_MONITOR_LAST = FD_RECORD,
};

struct monitor {
    enum monitor_state state;
    struct msg_request request;
    struct run_record *record;
    struct vmbackup_plan vmbackup; /* checked, or zeros; freeze: what all documents together say */
    struct mount_plan mounts;  /* the mount table as its parser gave it, checked */
    struct wire_buffer buffer; /* what arrives */
};

/* Handlers of MONITOR_RULES: load.c, freeze.c. */
wire_handler on_request, on_freeze, on_guarding, on_thaw, on_done;

/* The mount table as it is now goes to the supervisor, who answers with a FREEZE by it, or not. */
void load_survey(struct monitor *m);

/* Makes the descriptors that the main loop watches: of the deadline, and of the
 * workers, which have finished a phase when it is readable. */
void freeze_prepare(int *deadline, int *finished);

/* The workers finished a phase. */
void freeze_step(struct monitor *m);

/* The deadline's descriptor is readable. */
void freeze_deadline(struct monitor *m);

/* Thaws now, whatever is going on, and tells the supervisor why. */
void freeze_abandon(struct monitor *m, enum thaw_reason reason);

/* The supervisor is gone.  Thaws, ends the hooks, and the process as soon as everything is
 * thawed but for freezes that have not returned: those are the guardian's then. */
void freeze_orphan(struct monitor *m);

#endif
