/*
 * run.h - one run, as the supervisor sees it.
 *
 * Everything the supervisor knows stands in one struct run; every module works
 * on it.  Nothing here blocks but sending to the three peers, and nothing
 * polls: run_turn() waits for one event and handles it.
 */
#ifndef QUIESCE_SUPERVISOR_RUN_H
#define QUIESCE_SUPERVISOR_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/message.h"
#include "decide.h"
#include "freeze.h"
#include "loop.h"
#include "quiesce/report.h"
#include "quiesce/wire.h"
#include "stream.h"

enum hook_state {
    HOOK_IDLE,      /* nothing runs */
    HOOK_STARTING,  /* START was sent */
    HOOK_RUNNING,   /* STARTED came */
    HOOK_ENDING,    /* TERM was sent; KILL follows when the grace is over */
    HOOK_EMPTYING,  /* its script has ended, KILL was sent if need was; waiting for the tree to be gone */
    HOOK_SURVIVED,  /* a pre-script succeeded and left processes, which may live */
    HOOK_OVER,      /* nothing of it is left and nothing will be started again */
    HOOK_STATES
};

/* One script of one plugin: a slot, and the attempt that runs in it. */
struct hook {
    uint32_t slot;
    enum hook_state state;
    uint32_t attempt;     /* number of the current one, from 1; 0: none yet */
    bool host_bound;      /* the host's time ends before the script's own */
    bool timed_out;       /* time is up: no further try */
    bool cancelled;       /* the run is given up: no further try */
    bool exited;          /* EXITED or EXEC_FAILED came, or the keeper died */
    bool succeeded;       /* the current attempt */
    bool with_cgroup;
    bool settled;         /* the result is known: what is left is cleaned away */
    bool left;            /* without a cgroup: processes are left */
    enum outcome result;  /* OUTCOME_APP_CONSISTENT: well */
    uint64_t started_ns;  /* CLOCK_MONOTONIC, of the attempt */
    uint64_t deadline_ns; /* CLOCK_BOOTTIME */
    struct timer deadline, grace;
    struct source report, out, err, events, procs;
    struct source init;   /* without a cgroup: pidfd of the keeper */
    struct stream stdout_kept, stderr_kept;
    uint32_t row;         /* of the attempt in report.attempts */
    uint32_t rows[REPORT_ATTEMPTS_PER_HOOK];
    uint32_t room[REPORT_ATTEMPTS_PER_HOOK][4]; /* bytes that a row's texts may take in place */
};

struct run {
    struct loop loop;
    struct source monitor, front, launcher; /* fd -1: gone */
    int report_fd, journal_append, journal_read;
    enum supervisor_state state;
    bool over;              /* RESULT was said, only waiting for the others to end */
    bool abandoned;         /* a part of the program is gone, or the front is */
    bool late;      /* the deadline thawed; the run goes on, its end waits for RELEASE */
    bool post_over; /* nothing of any hook is left */
    bool thawed;            /* after a freeze: nothing is frozen any more */
    bool released;          /* RELEASE came, or the front is gone */
    uint64_t began_ns;      /* CLOCK_MONOTONIC */
    uint64_t freeze_sent_ns;
    struct facts facts;
    struct msg_options options;
    struct msg_loaded loaded;
    struct msg_document document; /* the last one */
    uint32_t plugins_count;
    struct plugin_plan plugins[PLAN_PLUGINS_MAX];
    bool plugin_usable[PLAN_PLUGINS_MAX];
    char config_paths[PLAN_PLUGINS_MAX][PLAN_PATH_MAX]; /* of the plugins */
    struct vmbackup_plan vmbackup;
    uint32_t host_timeout;  /* seconds */
    struct mount_plan mounts;
    struct msg_topology topology;
    bool has_topology;
    struct freeze_plan plan;
    bool surveyed;          /* the mount table was read again before the freeze */
    struct msg_release release;
    struct hook hooks[WIRE_HOOKS_MAX];
    struct timer still;     /* paces PROGRESS_STILL */
    struct timer silence;   /* how long monitor or front may leave an answer owing */
    struct report *report;
    struct wire_buffer buffer;
};

/* What the process was started with; main.c's fd map. */
struct run_fds {
    int monitor, front, launcher, report, journal_append, journal_read;
};

/*
 * Makes run ready: maps the report and watches the front.  run is all zeros.
 * Anything that fails is fatal.
 */
void run_start(struct run *run, const struct run_fds *fds);

/* Waits for one event and handles it.  False: everything is over. */
bool run_turn(struct run *run);

/* The index of the rule that allows a message, or -1: the supervisor then ends. */
int run_rule(enum supervisor_state state, enum wire_peer peer, uint32_t type);

/* A message on a keeper's socket. */
void run_keeper_ready(struct run *run, struct source *source, uint32_t events);

/* Called by hooks.c when a hook came to HOOK_OVER or HOOK_SURVIVED. */
void run_hook_settled(struct run *run, struct hook *hook);

/* Adds a finding of the supervisor's own: code of outcome; message is a format. */
__attribute__((format(printf, 6, 7)))
void run_finding(struct run *run, enum finding_severity severity, enum finding_kind kind, enum outcome outcome,
                 const char *file, const char *format, ...);

/* Nanoseconds since the run began. */
uint64_t run_now(const struct run *run);

#endif
