/*
 * wire.h - every message between the processes, and who may send it when.
 *
 * One message is one SOCK_SEQPACKET record:
 *
 *   0        4         8
 *   +--------+---------+----------------------------- - -
 *   | type   | length  | body: the one structure of that type
 *   +--------+---------+----------------------------- - -
 *
 * length counts the body and is the exact size that WIRE_MESSAGES gives for
 * the type.  Descriptors travel as SCM_RIGHTS, as many as the type allows.
 * Integers are native: both ends run on the same machine from the same build.
 *
 * Receivers never guess: a record of the wrong length, with the wrong number
 * of descriptors, of an unknown type, or one that the receiver's table below
 * does not hold for its state and that sender, ends the receiving process.
 *
 *            front ------------------- supervisor       OPTIONS TOPOLOGY RELEASE / PROGRESS SURVEY TARGETS READY RESULT
 *              |  REQUEST                |      |
 *            monitor --------------------+      |       DOCUMENT ANSWER_* LOADED FROZEN THAWED
 *              |  |  \                          |         / FREEZE THAW DONE
 *              |  |   parser (PARSE / ANSWER_*) |
 *              |  launcher ---------------------+       START TERM KILL / STARTED
 *              |     POLICY HOOK SEAL   keeper -+       EXECED EXEC_FAILED DENIED DENIED_MORE LIMITED EXITED
 *              guardian                                 GUARD ARM DISARM / GUARDING
 *
 * While a policy is learned, the front stands where monitor and supervisor do, and
 * quiesce-learn where the launcher does:
 *            front --- learn               POLICY HOOK SEAL START TERM KILL / STARTED
 *              +------ keeper              EXECED EXEC_FAILED LEARNED_CALL LEARNED_END EXITED
 */
#ifndef QUIESCE_WIRE_H
#define QUIESCE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "quiesce/learned.h"
#include "quiesce/plan.h"
#include "quiesce/policy.h"

enum {
    WIRE_FDS_MAX = 64,                /* descriptors in one message */
    WIRE_RUN_ID_MAX = 33,             /* 32 lower-case hex digits and NUL */
    WIRE_HOOKS_MAX = PLAN_PLUGINS_MAX * PHASES,
    WIRE_DOCUMENTS_MAX = 3 + 2 * PLAN_PLUGINS_MAX + 2, /* of one run, scripts apart */
};

/* The slot of a hook: plugin and phase. */
#define WIRE_SLOT(plugin, phase) ((uint32_t)(plugin) * PHASES + (uint32_t)(phase))

enum run_mode { MODE_RUN, MODE_DRY_RUN, MODE_CHECK, MODE_EXPLAIN, RUN_MODES };
enum allow_crash { CRASH_AUTO, CRASH_ALWAYS, CRASH_NEVER, CRASH_CHOICES };

/* ---- front -> monitor ---------------------------------------------------- */

/* linux.resources of a policy, which cgroups hold; each needs a controller. */
enum limit { LIMIT_PIDS, LIMIT_MEMORY, LIMIT_SWAP, LIMITS };
enum controller { CONTROLLER_PIDS, CONTROLLER_MEMORY, WIRE_CONTROLLERS };

/* What the machine has, as the front found it; in REQUEST, and in LOADED for the supervisor. */
struct msg_loaded {
    uint8_t has_cgroup;   /* the hooks get a cgroup v2 */
    uint8_t has_expedite; /* rcu_expedited is open and asked for */
    uint8_t has_journal;
    uint8_t limits;       /* bit n: enum limit n of a policy can be held */
    uint8_t has_record;   /* what is frozen is written down where "quiesce recover" finds it */
};

/* REQUEST: what to load.  Paths are absolute. */
struct msg_request {
    char run_id[WIRE_RUN_ID_MAX];
    uint8_t mode;                /* enum run_mode */
    uint8_t host_config_given;   /* 1: its absence is an error (313), not the default plugin */
    uint8_t plugin_config_given; /* 1: this one plugin; the host configuration is not read */
    struct msg_loaded machine;
    char host_config[PLAN_PATH_MAX];
    char vmbackup_config[PLAN_PATH_MAX];
    char plugin_config[PLAN_PATH_MAX];
    char policy_dir[PLAN_PATH_MAX];  /* where a policy name is looked up */
    char program_dir[PLAN_PATH_MAX]; /* where the programs are; read-only to hooks */
    /* As in OPTIONS: what the supervisor may ask to be frozen, and for how long. */
    uint32_t freeze_timeout_seconds;
    struct mount_list mounts, exclude;
};

/* ---- front -> supervisor -------------------------------------------------- */

/* OPTIONS: what the caller asked for; once, first. */
struct msg_options {
    char run_id[WIRE_RUN_ID_MAX];
    uint8_t mode;           /* enum run_mode */
    uint8_t allow_crash;    /* enum allow_crash */
    uint8_t held;           /* 1: held open until somebody says THAW (held.h); of MODE_RUN only */
    uint32_t freeze_timeout_seconds; /* 0: as configured */
    struct mount_list mounts;        /* --mount; none: all eligible */
    struct mount_list exclude;       /* --exclude */
};

/* TOPOLOGY: what lies on what; once after OPTIONS, and once for each SURVEY.
 *
 * A number is a block device's, which is also that of the file system on it, or that of a
 * superblock without a device of its own (major 0: btrfs, overlay, in memory).  A partition
 * lies on its disk, dm and md on what they are made of, a loop device on the file system of
 * its file, a superblock on its journal's device and on every device of a btrfs, an overlay
 * on the file system of its upper directory.  What is not listed lies on nothing. */
enum below_kind {
    BELOW_NUMBER,    /* on below_major:below_minor */
    BELOW_BESIDE,    /* the same, and on itself: a disk of which the journal is on another */
    BELOW_NOTHING,   /* on nothing that a freeze could stop: memory, or it is never written */
    BELOW_ANONYMOUS, /* on a file of which only st_dev is known, and its major is 0: it is in a btrfs's
                      * subvolume or in memory, and no path leads there */
    BELOW_UNKNOWN,   /* it cannot be told */
    BELOW_KINDS
};
struct block_below {
    uint32_t major, minor;
    uint32_t below_major, below_minor; /* 0 unless kind says what they are */
    uint32_t kind;                     /* enum below_kind */
};
struct msg_topology {
    uint32_t failed; /* 1: it could not be looked at, and nothing is to be frozen */
    uint32_t count;
    struct block_below devices[PLAN_BELOW_MAX];
};

/* What a RELEASE follows from. */
enum release_cause {
    RELEASE_COMMAND,  /* the snapshot command ended; all others are of a held session */
    RELEASE_THAW,     /* "quiesce thaw" */
    RELEASE_DEADLINE, /* of a session without a freeze: nobody else keeps it */
    RELEASE_SIGNAL,   /* the session, or "quiesce freeze", was told to end */
    RELEASE_CALLER,   /* "quiesce freeze" was gone before it had heard that all is ready */
    RELEASE_LATE,     /* the run had gone on: the deadline has thawed, or a part of it is gone */
    RELEASE_CAUSES
};

/* RELEASE: the snapshot command has ended. */
struct msg_release {
    uint32_t exit_code; /* 0..255 */
    uint32_t signal;    /* 0, or the signal that ended it */
    uint64_t duration_ns;
    uint32_t cause;     /* enum release_cause */
    uint32_t uid, pid;  /* of RELEASE_THAW: who said it; else 0 */
    uint32_t refused;   /* callers who were refused because they may not talk to the session */
};

/* The body of messages that have none. */
struct msg_nothing {
    uint32_t reserved; /* 0 */
};

/* ---- supervisor -> front -------------------------------------------------- */

enum run_step {
    STEP_LOAD, STEP_PRE, STEP_FLUSH, STEP_FREEZE, STEP_SNAPSHOT, STEP_THAW, STEP_POST, STEP_RECORD, RUN_STEPS
};

/* PROGRESS: a step began, ended or goes on.  A WARNING of STEP_SNAPSHOT while the snapshot
 * command runs: everything is thawed, and the front ends it. */
enum progress_kind { PROGRESS_BEGIN, PROGRESS_STILL, PROGRESS_END, PROGRESS_WARNING, PROGRESS_KINDS };
struct msg_progress {
    uint8_t step;       /* enum run_step */
    uint8_t kind;       /* enum progress_kind */
    uint8_t failed;     /* of END: 1 if the step failed */
    uint8_t reserved;
    uint32_t attempt;   /* of a script, from 1; 0 for other steps */
    uint64_t at_ns;     /* since the run began */
    uint64_t budget_ns; /* what is left of the step's time; 0: none */
    char plugin[PLAN_NAME_MAX]; /* "" for steps that belong to no plugin */
    char text[256];     /* of END and WARNING: one clause; "" if nothing to add */
};

/* READY: take the snapshot now.  frozen 0: nothing is frozen (fsFreezeEnabled false). */
struct msg_ready {
    uint8_t frozen;
    uint8_t reserved[3];
    uint32_t file_systems;
    uint64_t deadline_boottime_ns; /* CLOCK_BOOTTIME at which it thaws whatever happens; 0: not frozen */
};

/* SURVEY: the mount table has changed since the run began; say TOPOLOGY once more. */

/* TARGETS: what is frozen, by mount point, in a held run; right before its READY. */
struct msg_targets {
    uint32_t count;  /* of file systems */
    uint32_t listed; /* of mount points in text: fewer if they are too long */
    uint32_t length; /* bytes used of text */
    char text[PLAN_SKIP_TEXT_MAX]; /* one after another, each with its NUL */
};

/* RESULT: everything is over; one descriptor: the sealed report (report.h). */
struct msg_result {
    uint32_t outcome;     /* enum outcome */
    uint32_t exit_status; /* of the command line */
};

/* ---- monitor -> parser ----------------------------------------------------- */

/* PARSE: descriptors: the document (sealed memfd), the socket for the answer,
 * and for a policy perhaps its compiled form (sealed memfd). */
struct msg_parse {
    uint32_t kind;                /* enum document_kind */
    char argument[PLAN_NAME_MAX]; /* DOC_PASSWD, DOC_GROUP: the user; else "" */
};

/* ---- parser -> monitor, and forwarded monitor -> supervisor ---------------- */
/* ANSWER_HOST .. ANSWER_MOUNTS: the plan structures of plan.h and policy.h. */

/* ---- monitor -> supervisor -------------------------------------------------- */

/* What the safe walk found; all but WALK_OK are refusals. */
enum walk_verdict {
    WALK_OK,
    WALK_MISSING,       /* the component does not exist */
    WALK_OWNER,         /* not owned by root */
    WALK_MODE,          /* mode beyond what the kind allows, or a directory others may write */
    WALK_SET_ID,        /* set-user-id or set-group-id */
    WALK_TYPE,          /* not a regular file, or a component that is no directory */
    WALK_LINK_OWNER,    /* a symbolic link that root does not own */
    WALK_LINK_LOOP,     /* more than 40 symbolic links */
    WALK_TOO_LARGE,     /* beyond the bytes allowed for its kind */
    WALK_PATH,          /* not absolute, empty, or longer than PLAN_PATH_MAX */
    WALK_ERROR,         /* a system call failed: error holds errno */
    WALK_VERDICTS
};

struct walk_result {
    uint32_t verdict;   /* enum walk_verdict */
    uint32_t error;     /* errno, or 0 */
    uint32_t uid;       /* owner of the component that failed */
    uint32_t mode;      /* its st_mode */
    uint8_t is_directory; /* 1: the component that failed is a directory above the file */
    uint8_t reserved[3];
    char component[PLAN_PATH_MAX]; /* the path, links resolved, up to and with the component that failed */
};

/* DOCUMENT: one file the monitor looked for.  Descriptor: its sealed copy if
 * walk.verdict is WALK_OK (for its digest).  If answered is 1, the ANSWER_* of
 * the same document is the next message from the monitor. */
struct msg_document {
    uint32_t kind;      /* enum document_kind; DOC_KINDS: a script */
    uint32_t plugin;    /* the plugin it belongs to; UINT32_MAX: to none */
    uint32_t phase;     /* of a script: enum hook_phase */
    uint8_t answered;
    uint8_t given;      /* the path was given by the caller or a document, not a default */
    uint8_t parser_died;/* a copy was made but its parser gave no valid answer */
    uint8_t reserved;
    char path[PLAN_PATH_MAX];
    struct walk_result walk;
};

/* LOADED (struct msg_loaded, above): nothing more to load. */

/* State of one file system, as the monitor and the guardian share it. */
enum fs_state { FS_IDLE, FS_FREEZING, FS_FROZEN, FS_THAWED, FS_REFUSED, FS_STATES };

struct fs_result {
    uint32_t index;     /* into the mount table's answer */
    uint8_t state;      /* enum fs_state at the end of the step */
    uint8_t reserved[3];
    uint32_t open_error, flush_error, freeze_error, thaw_error; /* errno or 0 */
    uint64_t flush_ns, freeze_ns, frozen_ns, thaw_ns;
};

enum freeze_verdict {
    FREEZE_OK,
    FREEZE_FAILED,   /* what was frozen has been thawed again */
    FREEZE_OPEN,     /* a mount could not be opened or is not the one of the table */
    FREEZE_DEADLINE, /* the deadline passed while freezing */
    FREEZE_VERDICTS
};

enum thaw_reason {
    THAW_ASKED,         /* the supervisor said THAW */
    THAW_DEADLINE,
    THAW_FRONT_GONE,
    THAW_LAUNCHER_GONE,
    THAW_GUARDIAN_GONE,
    THAW_PARSER_GONE,
    THAW_REASONS
};

/* FROZEN: the answer to FREEZE, successful or not.
 * THAWED: the answer to THAW, or unasked when something else made the monitor thaw. */
struct msg_freeze_state {
    uint32_t word;  /* FROZEN: enum freeze_verdict; THAWED: enum thaw_reason */
    uint32_t count;
    uint64_t deadline_boottime_ns;
    struct fs_result results[PLAN_FS_MAX];
};

/* ---- supervisor -> monitor --------------------------------------------------- */

struct freeze_target {
    uint32_t index; /* into the mount table's answer */
    uint32_t level; /* 0 first; equal levels in parallel */
};

/* FREEZE: once, and once more if the mount table had changed by then: that is answered by
 * DOCUMENT and ANSWER_MOUNTS with the table as it is now.  Targets in order of level. */
struct msg_freeze {
    uint32_t count;         /* 1..PLAN_FS_MAX */
    uint32_t timeout_ms;    /* 1..PLAN_FREEZE_TIMEOUT_MAX * 1000 */
    struct freeze_target targets[PLAN_FS_MAX];
};

/* THAW and DONE have no body but this. */

/* ---- monitor -> launcher ------------------------------------------------------- */

/* POLICY: struct policy_plan is preceded by its number. */
struct msg_policy {
    uint32_t index; /* 0..PLAN_PLUGINS_MAX-1, each once */
    struct policy_plan plan;
};

/* HOOK: one verified script; descriptor: its sealed copy. */
struct msg_hook {
    uint32_t slot;    /* WIRE_SLOT(plugin, phase), each once */
    uint32_t policy;  /* index of a POLICY sent before */
    uint32_t uid, gid;
    uint32_t groups_count;
    uint32_t groups[PLAN_GROUPS_MAX];
    uint32_t args_count, args_length;
    uint32_t env_count, env_length;
    char path[PLAN_PATH_MAX];
    char home[PLAN_PATH_MAX];
    char args[PLAN_ARGS_MAX];
    char env[PLAN_ENV_MAX];
};

/* SEAL: nothing more comes from the monitor; the launcher narrows its capabilities. */
struct msg_seal {
    char run_id[WIRE_RUN_ID_MAX];
    char program_dir[PLAN_PATH_MAX];
};

/* ---- supervisor -> launcher ------------------------------------------------------ */

enum pre_result { PRE_NONE, PRE_SUCCEEDED, PRE_FAILED, PRE_TIMED_OUT, PRE_RESULTS };
enum snapshot_result { SNAPSHOT_NONE, SNAPSHOT_TAKEN, SNAPSHOT_FAILED, SNAPSHOT_RESULTS };

/* START: run the script of a slot.  The slot's last tree must be gone. */
struct msg_start {
    uint32_t slot;
    uint32_t attempt;         /* from 1 */
    uint8_t pre_result;       /* enum pre_result, of the same plugin; of a pre-script PRE_NONE */
    uint8_t snapshot_result;  /* enum snapshot_result */
    uint16_t reserved;
};

/* TERM: SIGTERM to every process of the slot.  KILL: SIGKILL to every one, and none can escape. */
struct msg_slot {
    uint32_t slot;
};

/* ---- launcher -> supervisor ------------------------------------------------------- */

/* STARTED: the keeper of the hook runs.  Descriptors:
 *   0 report socket (what a keeper says comes from it; its EOF: the keeper is gone)
 *   1 the hook's stdout, read end     2 its stderr, read end
 *   3 cgroup.events   4 cgroup.procs  (only with_cgroup)
 * If error is not 0 there are no descriptors and nothing runs. */
struct msg_started {
    uint32_t slot;
    uint32_t attempt;
    uint32_t error; /* errno of what failed in the launcher, or 0 */
    uint32_t step;  /* enum start_step */
    uint8_t with_cgroup;
    uint8_t reserved[3];
};

/* ---- keeper -> supervisor ------------------------------------------------------------ */

enum start_step {
    START_FORK, START_CGROUP, START_NAMESPACE, START_TMP, START_SCRIPT, START_READONLY, START_LIMITS,
    START_STDIO, START_RLIMIT, START_IDS, START_CAPABILITIES, START_LANDLOCK, START_SECCOMP, START_EXEC,
    START_STEPS
};

/* EXECED: the script runs.  Without a cgroup one descriptor: a pidfd of the keeper, which is
 * init of the hook's PID namespace: when that says so, nothing is left in it.  (The report
 * socket closes before.) */
struct msg_execed {
    uint32_t pid;
    uint32_t layers; /* bit n set: start_step n was applied, or its policy does not ask for it (a cgroup,
                      * Landlock, and the controllers for limits may be missing) */
};

/* EXEC_FAILED: it does not. */
struct msg_exec_failed {
    uint32_t step;  /* enum start_step */
    uint32_t error; /* errno */
};

/* What an argument of a denied call points to, as far as it is of interest. */
enum call_memory_state {
    MEMORY_NONE,   /* nothing was to be read, or the pointer is NULL */
    MEMORY_READ,
    MEMORY_CUT,    /* a string that goes on */
    MEMORY_FAULT,  /* nothing is there */
    MEMORY_CLOSED, /* the process could not be looked into */
    MEMORY_STATES
};
enum { CALL_MEMORY_MAX = 256, CALL_MEMORIES = 3 };
struct call_memory {
    uint16_t state;  /* enum call_memory_state */
    uint16_t length; /* of a string without its NUL */
    uint8_t bytes[CALL_MEMORY_MAX]; /* any bytes; behind length 0 */
};

/* DENIED: one refused call, before it is answered.  For the record: what a pointer
 * leads to may be something else by the time it is read. */
struct msg_denied {
    uint32_t number, arch; /* as in struct seccomp_data */
    uint32_t error;        /* the errno it is answered with, 1..4095 */
    uint32_t last;         /* 1: from now on not every call is told of */
    uint64_t args[6];
    char comm[16];         /* as in /proc/PID/comm, no newline; "" if it cannot be read */
    struct call_memory memory[CALL_MEMORIES]; /* in the order of call_wants(), base/call_table.h */
};

/* DENIED_MORE: how many calls of a number were refused without a DENIED. */
struct msg_denied_more {
    uint32_t number; /* DENIED_NUMBERS - 1: of that and all higher ones */
    uint32_t arch;
    uint64_t count;  /* not 0 */
};
enum { DENIED_NUMBERS = 512, DENIED_TOLD_MAX = 1000 /* then only the first of each number */ };

/* LEARNED_CALL: a row of what was called, new or changed (not every change is told), and
 * each once more at the end. */
struct msg_learned_call {
    uint32_t index; /* of the row, 0..LEARNED_CALLS_MAX - 1; new ones in order */
    uint32_t reserved;
    struct learned_call call;
};

/* LEARNED_END: all rows have been told as they are, and nothing more is called. */
struct msg_learned_end {
    uint64_t lost; /* calls for which there was no room */
};

/* EXITED: the script itself ended (not what it left running). */
struct msg_exited {
    int32_t code;        /* exit status, or -1 */
    uint32_t signal;     /* or 0 */
    uint64_t cpu_us;     /* user and system time, with waited-for children */
    uint64_t max_rss_kib;
    uint32_t left;       /* without a cgroup: 1 if processes are left */
    uint32_t reserved;
};

/* LIMITED: what the limits of its policy did to the hook's tree; the keeper's last words, if
 * there is anything to say. */
struct msg_limited {
    uint32_t killed;  /* processes that the kernel ended at the memory limit */
    uint32_t refused; /* processes and threads that could not be made at the limit of their number */
};

/* ---- monitor <-> guardian -------------------------------------------------------------- */

/* GUARD: descriptors of file systems first .. first+count-1 of the run's record. */
struct msg_guard {
    uint32_t first, count;
};

/* ARM: all have been sent; thaw at the deadline.  Answered by GUARDING. */
struct msg_arm {
    uint64_t deadline_boottime_ns;
    uint32_t count;
    uint32_t reserved;
};

/* What both know of each other's doing is in the run's record: record.h. */

/* ---- the list -------------------------------------------------------------------------- */

/*        type            body                     fds: min max */
#define WIRE_MESSAGES(X)                                        \
    X(MSG_REQUEST,         struct msg_request,       0, 0)      \
    X(MSG_OPTIONS,         struct msg_options,       0, 0)      \
    X(MSG_RELEASE,         struct msg_release,       0, 0)      \
    X(MSG_PROGRESS,        struct msg_progress,      0, 0)      \
    X(MSG_READY,           struct msg_ready,         0, 0)      \
    X(MSG_TARGETS,         struct msg_targets,       0, 0)      \
    X(MSG_RESULT,          struct msg_result,        1, 1)      \
    X(MSG_PARSE,           struct msg_parse,         2, 3)      \
    X(MSG_ANSWER_HOST,     struct host_plan,         0, 0)      \
    X(MSG_ANSWER_VMBACKUP, struct vmbackup_plan,     0, 0)      \
    X(MSG_ANSWER_PLUGIN,   struct plugin_plan,       0, 0)      \
    X(MSG_ANSWER_POLICY,   struct policy_plan,       0, 0)      \
    X(MSG_ANSWER_PASSWD,   struct passwd_plan,       0, 0)      \
    X(MSG_ANSWER_GROUP,    struct group_plan,        0, 0)      \
    X(MSG_ANSWER_MOUNTS,   struct mount_plan,        0, 0)      \
    X(MSG_DOCUMENT,        struct msg_document,      0, 1)      \
    X(MSG_TOPOLOGY,        struct msg_topology,      0, 0)      \
    X(MSG_SURVEY,          struct msg_nothing,       0, 0)      \
    X(MSG_LOADED,          struct msg_loaded,        0, 0)      \
    X(MSG_FREEZE,          struct msg_freeze,        0, 0)      \
    X(MSG_FROZEN,          struct msg_freeze_state,  0, 0)      \
    X(MSG_THAW,            struct msg_nothing,       0, 0)      \
    X(MSG_THAWED,          struct msg_freeze_state,  0, 0)      \
    X(MSG_DONE,            struct msg_nothing,       0, 0)      \
    X(MSG_POLICY,          struct msg_policy,        0, 0)      \
    X(MSG_HOOK,            struct msg_hook,          1, 1)      \
    X(MSG_SEAL,            struct msg_seal,          0, 0)      \
    X(MSG_START,           struct msg_start,         0, 0)      \
    X(MSG_TERM,            struct msg_slot,          0, 0)      \
    X(MSG_KILL,            struct msg_slot,          0, 0)      \
    X(MSG_STARTED,         struct msg_started,       0, 5)      \
    X(MSG_EXECED,          struct msg_execed,        0, 1)      \
    X(MSG_EXEC_FAILED,     struct msg_exec_failed,   0, 0)      \
    X(MSG_DENIED,          struct msg_denied,        0, 0)      \
    X(MSG_DENIED_MORE,     struct msg_denied_more,   0, 0)      \
    X(MSG_LIMITED,         struct msg_limited,       0, 0)      \
    X(MSG_EXITED,          struct msg_exited,        0, 0)      \
    X(MSG_GUARD,           struct msg_guard,         1, WIRE_FDS_MAX) \
    X(MSG_ARM,             struct msg_arm,           0, 0)      \
    X(MSG_GUARDING,        struct msg_nothing,       0, 0)      \
    X(MSG_DISARM,          struct msg_nothing,       0, 0)      \
    X(MSG_LEARNED_CALL,    struct msg_learned_call,  0, 0)      \
    X(MSG_LEARNED_END,     struct msg_learned_end,   0, 0)

enum message_type {
    MSG_NONE,
#define X(type, body, min, max) type,
    WIRE_MESSAGES(X)
#undef X
    MSG_TYPES
};

/* The answer that a document of a kind gets: MSG_ANSWER_HOST + kind. */
#define WIRE_ANSWER(kind) ((uint32_t)MSG_ANSWER_HOST + (uint32_t)(kind))

/* The largest body; a receive buffer holds this and the header. */
union wire_any {
#define X(type, body, min, max) body as_##type;
    WIRE_MESSAGES(X)
#undef X
};
enum { WIRE_BODY_MAX = sizeof(union wire_any) };

/* ---- who may say what, when --------------------------------------------------------------- */

/* A message's sender, which is the socket it arrived on. */
enum wire_peer { PEER_FRONT, PEER_MONITOR, PEER_PARSER, PEER_SUPERVISOR, PEER_LAUNCHER, PEER_GUARDIAN, PEER_KEEPER,
                 WIRE_PEERS };

/*
 * Per receiver: state, sender, type, handler.  What is not here is fatal.
 * The receiving program defines the handlers; tests expand the same lists.
 */

/* Monitor: START (it loads; an answer is read where it is awaited, from a socket of its
 * own) -> READY -> FREEZING -> FROZEN -> THAWED; between READY and FREEZING, if the mount
 * table has changed, once SURVEYED.  FREEZE is one-shot in each. */
enum monitor_state {
    MONITOR_START, MONITOR_READY, MONITOR_SURVEYED, MONITOR_FREEZING, MONITOR_FROZEN, MONITOR_THAWED, MONITOR_STATES
};
#define MONITOR_RULES(X)                                                          \
    X(MONITOR_START,    PEER_FRONT,      MSG_REQUEST,  on_request)                \
    X(MONITOR_READY,    PEER_SUPERVISOR, MSG_FREEZE,   on_freeze)                 \
    X(MONITOR_READY,    PEER_SUPERVISOR, MSG_DONE,     on_done)                   \
    X(MONITOR_SURVEYED, PEER_SUPERVISOR, MSG_FREEZE,   on_freeze)                 \
    X(MONITOR_SURVEYED, PEER_SUPERVISOR, MSG_DONE,     on_done)                   \
    X(MONITOR_FREEZING, PEER_GUARDIAN,   MSG_GUARDING, on_guarding)               \
    X(MONITOR_FROZEN,   PEER_SUPERVISOR, MSG_THAW,     on_thaw)                   \
    X(MONITOR_THAWED,   PEER_SUPERVISOR, MSG_THAW,     wire_ignore)             \
    X(MONITOR_THAWED,   PEER_GUARDIAN,   MSG_GUARDING, wire_ignore)               \
    X(MONITOR_THAWED,   PEER_SUPERVISOR, MSG_DONE,     on_done)

/* Guardian: gathers descriptors, is armed once, disarmed once. */
enum guardian_state { GUARDIAN_GATHERING, GUARDIAN_ARMED, GUARDIAN_DISARMED, GUARDIAN_STATES };
#define GUARDIAN_RULES(X)                                                         \
    X(GUARDIAN_GATHERING, PEER_MONITOR, MSG_GUARD,  on_guard)                     \
    X(GUARDIAN_GATHERING, PEER_MONITOR, MSG_ARM,    on_arm)                       \
    X(GUARDIAN_ARMED,     PEER_MONITOR, MSG_DISARM, on_disarm)

/* Parser: any number of documents, one process each. */
enum parser_state { PARSER_READY, PARSER_STATES };
#define PARSER_RULES(X)                                                           \
    X(PARSER_READY, PEER_MONITOR, MSG_PARSE, on_parse)

/* Launcher: told what it may run by the monitor, then when by the supervisor. */
enum launcher_state { LAUNCHER_LOADING, LAUNCHER_SEALED, LAUNCHER_STATES };
#define LAUNCHER_RULES(X)                                                         \
    X(LAUNCHER_LOADING, PEER_MONITOR,    MSG_POLICY, on_policy)                   \
    X(LAUNCHER_LOADING, PEER_MONITOR,    MSG_HOOK,   on_hook)                     \
    X(LAUNCHER_LOADING, PEER_MONITOR,    MSG_SEAL,   on_seal)                     \
    X(LAUNCHER_SEALED,  PEER_SUPERVISOR, MSG_START,  on_start)                    \
    X(LAUNCHER_SEALED,  PEER_SUPERVISOR, MSG_TERM,   on_term)                     \
    X(LAUNCHER_SEALED,  PEER_SUPERVISOR, MSG_KILL,   on_kill)

/* Supervisor.  ANSWER_* is taken only directly after the DOCUMENT that announced it.
 * FREEZING -> SURVEYED -> REPLANNING -> FREEZING, once, if the mount table has changed. */
enum supervisor_state {
    SUPERVISOR_START,    /* waiting for OPTIONS */
    SUPERVISOR_LOADING,
    SUPERVISOR_ANSWER,   /* a DOCUMENT said that its answer comes next */
    SUPERVISOR_PRE,      /* pre-scripts */
    SUPERVISOR_FREEZING,
    SUPERVISOR_SURVEYED,   /* a DOCUMENT said that the mount table as it is now comes next */
    SUPERVISOR_REPLANNING, /* SURVEY was said */
    SUPERVISOR_SNAPSHOT, /* READY was said */
    SUPERVISOR_THAWING,
    SUPERVISOR_POST,     /* post-scripts, then the end */
    SUPERVISOR_STATES
};
#define SUPERVISOR_RULES(X)                                                       \
    X(SUPERVISOR_START,    PEER_FRONT,    MSG_OPTIONS,         on_options)        \
    X(SUPERVISOR_LOADING,  PEER_MONITOR,  MSG_DOCUMENT,        on_document)       \
    X(SUPERVISOR_LOADING,  PEER_FRONT,    MSG_TOPOLOGY,        on_topology)       \
    X(SUPERVISOR_LOADING,  PEER_MONITOR,  MSG_LOADED,          on_loaded)         \
    X(SUPERVISOR_ANSWER,   PEER_MONITOR,  MSG_ANSWER_HOST,     on_answer)         \
    X(SUPERVISOR_ANSWER,   PEER_MONITOR,  MSG_ANSWER_VMBACKUP, on_answer)         \
    X(SUPERVISOR_ANSWER,   PEER_MONITOR,  MSG_ANSWER_PLUGIN,   on_answer)         \
    X(SUPERVISOR_ANSWER,   PEER_MONITOR,  MSG_ANSWER_POLICY,   on_answer)         \
    X(SUPERVISOR_ANSWER,   PEER_MONITOR,  MSG_ANSWER_PASSWD,   on_answer)         \
    X(SUPERVISOR_ANSWER,   PEER_MONITOR,  MSG_ANSWER_GROUP,    on_answer)         \
    X(SUPERVISOR_ANSWER,   PEER_MONITOR,  MSG_ANSWER_MOUNTS,   on_answer)         \
    X(SUPERVISOR_PRE,      PEER_LAUNCHER, MSG_STARTED,         on_started)        \
    X(SUPERVISOR_PRE,      PEER_KEEPER,   MSG_DENIED,          on_denied)         \
    X(SUPERVISOR_PRE,      PEER_KEEPER,   MSG_DENIED_MORE,     on_denied_more)    \
    X(SUPERVISOR_PRE,      PEER_KEEPER,   MSG_LIMITED,         on_limited)        \
    X(SUPERVISOR_PRE,      PEER_KEEPER,   MSG_EXECED,          on_execed)         \
    X(SUPERVISOR_PRE,      PEER_KEEPER,   MSG_EXEC_FAILED,     on_exec_failed)    \
    X(SUPERVISOR_PRE,      PEER_KEEPER,   MSG_EXITED,          on_exited)         \
    X(SUPERVISOR_FREEZING, PEER_MONITOR,  MSG_FROZEN,          on_frozen)         \
    X(SUPERVISOR_FREEZING, PEER_MONITOR,  MSG_DOCUMENT,        on_survey)         \
    X(SUPERVISOR_FREEZING, PEER_KEEPER,   MSG_DENIED,          on_denied)         \
    X(SUPERVISOR_FREEZING, PEER_KEEPER,   MSG_DENIED_MORE,     on_denied_more)    \
    X(SUPERVISOR_FREEZING, PEER_KEEPER,   MSG_LIMITED,         on_limited)        \
    X(SUPERVISOR_SURVEYED, PEER_MONITOR,  MSG_ANSWER_MOUNTS,   on_survey_answer)  \
    X(SUPERVISOR_SURVEYED, PEER_KEEPER,   MSG_DENIED,          on_denied)         \
    X(SUPERVISOR_SURVEYED, PEER_KEEPER,   MSG_DENIED_MORE,     on_denied_more)    \
    X(SUPERVISOR_SURVEYED, PEER_KEEPER,   MSG_LIMITED,         on_limited)        \
    X(SUPERVISOR_REPLANNING, PEER_FRONT,  MSG_TOPOLOGY,        on_topology_again) \
    X(SUPERVISOR_REPLANNING, PEER_KEEPER, MSG_DENIED,          on_denied)         \
    X(SUPERVISOR_REPLANNING, PEER_KEEPER, MSG_DENIED_MORE,     on_denied_more)    \
    X(SUPERVISOR_REPLANNING, PEER_KEEPER, MSG_LIMITED,         on_limited)        \
    X(SUPERVISOR_SNAPSHOT, PEER_FRONT,    MSG_RELEASE,         on_release)        \
    X(SUPERVISOR_SNAPSHOT, PEER_MONITOR,  MSG_THAWED,          on_thawed_early)   \
    X(SUPERVISOR_SNAPSHOT, PEER_KEEPER,   MSG_DENIED,          on_denied)         \
    X(SUPERVISOR_SNAPSHOT, PEER_KEEPER,   MSG_DENIED_MORE,     on_denied_more)    \
    X(SUPERVISOR_SNAPSHOT, PEER_KEEPER,   MSG_LIMITED,         on_limited)        \
    X(SUPERVISOR_THAWING,  PEER_MONITOR,  MSG_THAWED,          on_thawed)         \
    X(SUPERVISOR_THAWING,  PEER_FRONT,    MSG_RELEASE,         on_release_late)   \
    X(SUPERVISOR_THAWING,  PEER_KEEPER,   MSG_DENIED,          on_denied)         \
    X(SUPERVISOR_THAWING,  PEER_KEEPER,   MSG_DENIED_MORE,     on_denied_more)    \
    X(SUPERVISOR_THAWING,  PEER_KEEPER,   MSG_LIMITED,         on_limited)        \
    X(SUPERVISOR_POST,     PEER_FRONT,    MSG_RELEASE,         on_release_late)   \
    X(SUPERVISOR_POST,     PEER_LAUNCHER, MSG_STARTED,         on_started)        \
    X(SUPERVISOR_POST,     PEER_KEEPER,   MSG_DENIED,          on_denied)         \
    X(SUPERVISOR_POST,     PEER_KEEPER,   MSG_DENIED_MORE,     on_denied_more)    \
    X(SUPERVISOR_POST,     PEER_KEEPER,   MSG_LIMITED,         on_limited)        \
    X(SUPERVISOR_POST,     PEER_KEEPER,   MSG_EXECED,          on_execed)         \
    X(SUPERVISOR_POST,     PEER_KEEPER,   MSG_EXEC_FAILED,     on_exec_failed)    \
    X(SUPERVISOR_POST,     PEER_KEEPER,   MSG_EXITED,          on_exited)

/* Front, while a policy is learned, for each script: ENDING after a TERM, KILLED after a KILL. */
enum learning_state { LEARNING_IDLE, LEARNING_STARTING, LEARNING_RUNNING, LEARNING_ENDING, LEARNING_KILLED, LEARNING_STATES };
#define LEARNING_ANYTIME(X, state)                                                \
    X(state, PEER_KEEPER, MSG_EXECED,       on_execed)                            \
    X(state, PEER_KEEPER, MSG_EXEC_FAILED,  on_exec_failed)                       \
    X(state, PEER_KEEPER, MSG_LEARNED_CALL, on_learned_call)                      \
    X(state, PEER_KEEPER, MSG_LEARNED_END,  on_learned_end)                       \
    X(state, PEER_KEEPER, MSG_EXITED,       on_exited)
#define LEARNING_RULES(X)                                                         \
    X(LEARNING_STARTING, PEER_LAUNCHER, MSG_STARTED, on_started)                  \
    LEARNING_ANYTIME(X, LEARNING_RUNNING)                                         \
    LEARNING_ANYTIME(X, LEARNING_ENDING)                                          \
    LEARNING_ANYTIME(X, LEARNING_KILLED)

/* Front, of a run: it starts everything and is told. */
enum front_state { FRONT_RUNNING, FRONT_SNAPSHOT, FRONT_RELEASED, FRONT_STATES };
#define FRONT_RULES(X)                                                            \
    X(FRONT_RUNNING,  PEER_SUPERVISOR, MSG_PROGRESS, on_progress)                 \
    X(FRONT_RUNNING,  PEER_SUPERVISOR, MSG_SURVEY,   on_survey)                   \
    X(FRONT_RUNNING,  PEER_SUPERVISOR, MSG_TARGETS,  on_targets)                  \
    X(FRONT_RUNNING,  PEER_SUPERVISOR, MSG_READY,    on_ready)                    \
    X(FRONT_RUNNING,  PEER_SUPERVISOR, MSG_RESULT,   on_result)                   \
    X(FRONT_SNAPSHOT, PEER_SUPERVISOR, MSG_PROGRESS, on_progress)                 \
    X(FRONT_SNAPSHOT, PEER_SUPERVISOR, MSG_RESULT,   on_result)                   \
    X(FRONT_RELEASED, PEER_SUPERVISOR, MSG_PROGRESS, on_progress)                 \
    X(FRONT_RELEASED, PEER_SUPERVISOR, MSG_RESULT,   on_result)

#endif
