/*
 * campaign.h - the kill campaign: what its parts share.
 *
 *   plan.c     what is done in trial N of a seed
 *   load.c     writers on every file system, and what they noticed
 *   actor.c    a program of its own: what scripts and the snapshot command do
 *   family.c   the processes of a run
 *   harm.c     what is done to them
 *   cgroups.c  those of a trial
 *   front.c    starting a run
 *   sight.c    what is seen of it while it goes on
 *   trial.c    one run, and the harm that comes to it
 *   verdict.c  what must hold afterwards
 *   stores.c   file systems: damaged ones made for a trial; all of them checked at intervals
 *   results.c  one line for each trial
 *   summary.c  table, JSON and picture of all lines
 *   main.c     the loop
 *
 * It runs under tests/lib/isolate, as root, where tests/campaign/campaign has mounted
 * what it needs.
 */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define PLACE "/mnt/campaign" /* a directory that root alone can write */
#define MOUNTS "/mnt/m"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

enum { TEXT_MAX = 256, STORES_MAX = 10, BLOCK = 4096, RING = 64 };

/* ---- plan.c -------------------------------------------------------------------- */

enum victim {
    VICTIM_FRONT, VICTIM_MONITOR, VICTIM_GUARDIAN, VICTIM_PARSER, VICTIM_SUPERVISOR, VICTIM_LAUNCHER,
    VICTIM_KEEPER, VICTIM_HOOK, VICTIM_SNAPSHOT,
    VICTIM_ALL,     /* every process of the run */
    VICTIM_JOURNAL, /* the file systems of journal and record */
    VICTIM_DEVICE,  /* below a file system that is frozen */
    VICTIM_NOBODY,
    VICTIMS
};

enum action {
    ACTION_NONE,    /* a control: the run must be good */
    ACTION_KILL,    /* SIGKILL */
    ACTION_PAUSE,   /* SIGSTOP of one or two, and SIGCONT while the run goes on, once or twice */
    ACTION_STOP,    /* SIGSTOP; when all is thawed, SIGCONT or SIGKILL */
    ACTION_SIGNAL,  /* INT, TERM or HUP, once or often, to the front */
    ACTION_RECOVER, /* everything killed at once, then "quiesce recover" */
    ACTION_WAITING, /* the same with "quiesce recover --wait" beside the run */
    ACTION_MEMORY,  /* the kernel's OOM killer */
    ACTION_STARVE,  /* no processor time, or no descriptor */
    ACTION_FULL,    /* ENOSPC */
    ACTION_DEVICE,  /* EIO */
    ACTIONS
};

/* What the run was doing, as the frozen map and the front's lines show it. */
enum moment {
    MOMENT_LOAD, MOMENT_PRE, MOMENT_FLUSH, MOMENT_FREEZE, MOMENT_FROZEN, MOMENT_THAW, MOMENT_POST, MOMENT_OVER,
    MOMENTS,
    /* Of a plan only: */
    MOMENT_ANY = MOMENTS, /* uniformly over the run's duration */
    MOMENT_ARM,           /* when the deadline is set, and the guardian has not said yet that it guards */
    AIMS
};

enum layout {
    LAYOUT_EXT4, LAYOUT_XFS, LAYOUT_BTRFS, LAYOUT_THREE, LAYOUT_EXT4_IN_XFS, LAYOUT_BTRFS_IN_EXT4, LAYOUT_XFS_IN_BTRFS,
    LAYOUT_ALL,
    LAYOUT_DAMAGED, /* ext4 or xfs on a device that fails, beside a sound one */
    LAYOUTS
};

struct plan {
    uint64_t number;
    enum action action;
    enum victim victim;
    enum moment aim;
    enum layout layout;
    double share;          /* 0..1: of the duration of what it aims at */
    uint32_t pre_us, post_us, hold_us; /* what scripts and the snapshot command take */
    uint32_t timeout_s;    /* of the freeze */
    uint32_t dirty_kib;    /* not yet written when the run begins, on each file system */
    int signal, signals;   /* of ACTION_SIGNAL: which, how often */
    enum victim also;      /* of ACTION_PAUSE: with him; VICTIM_NOBODY: alone */
    bool past_deadline;    /* pause_us counts from the deadline, else from the stop */
    int32_t pause_us;      /* then they go on */
    uint32_t pauses, gap_us; /* how often; what is between two */
    bool leaves;           /* the pre-script leaves a process running */
    bool kills_stopped;    /* a stopped one is killed in the end, not continued */
    bool no_descriptors;   /* of ACTION_STARVE */
    bool xfs;              /* of LAYOUT_DAMAGED */
    bool held;             /* "quiesce freeze" and "thaw" instead of one command; the front is then
                            * the session in between, and the snapshot command its callers */
};

extern const char *const victim_names[VICTIMS], *const action_names[ACTIONS], *const moment_names[AIMS],
    *const layout_names[LAYOUTS];

/* Trial number of a campaign: a function of its arguments and nothing else. */
struct plan plan_of(uint64_t seed, uint64_t number);

/* ---- load.c ---------------------------------------------------------------------- */

/* One file system and its writer, which is a process: it sleeps in the kernel while
 * its file system is frozen. */
struct writer {
    char name[32];               /* mounted at MOUNTS/name */
    _Atomic uint32_t wanted;     /* 1: write */
    _Atomic uint32_t open;       /* 1: the writer has the file open */
    _Atomic int32_t error;       /* errno of a write that failed; it is idle since */
    _Atomic uint64_t acked;      /* records up to this number are on the disk, so fdatasync(2) said */
    _Atomic uint64_t writes;     /* ended, ever */
    _Atomic uint64_t began_ns;   /* of the write that has not ended; 0: none */
    _Atomic uint64_t longest_ns; /* of those that ended since load_begin() */
    _Atomic uint64_t after_ns;   /* when the first write ended after marked_ns */
    bool appends;                /* to new blocks of a growing file; else over a ring of RING blocks */
    uint64_t first[2], last[2];  /* by the snapshot command: the newest record, when it began and ended */
};

/* In a file of PLACE, mapped by driver, writers and snapshot command. */
struct load {
    _Atomic uint64_t marked_ns; /* when the harm was done; 0: not yet */
    _Atomic uint64_t snapshot_began, snapshot_ended; /* CLOCK_MONOTONIC, ns; 0: not */
    uint32_t count;
    struct writer writers[STORES_MAX];
};

/* What a block of a writer's file begins with. */
struct record {
    uint64_t magic, number, check;
};
uint64_t record_check(const struct record *r, uint32_t store);
#define RECORD_MAGIC 0x7175696573636521ull

/* Creates or maps PLACE/load.  NULL: errno says why. */
struct load *load_map(bool create);

/* Starts the writers of all file systems, idle; they are nobody's children. */
void load_start(struct load *load);

/* Those of mask write from now on; returns when each has written once, or false after 5 s. */
bool load_begin(struct load *load, uint32_t mask);

/* True as soon as every writer of mask has ended a write that began after this call, or
 * has given up because of an error; false after ms.  *blocked: who has not. */
bool load_moves(struct load *load, uint32_t mask, unsigned ms, uint32_t *blocked);

/* Bit n: writer n of mask waits for more than ms in one write. */
uint32_t load_blocked(const struct load *load, uint32_t mask, unsigned ms);

/* Ends the writing of mask.  False: a writer did not hear of it in 5 s. */
bool load_end(struct load *load, uint32_t mask);

/* ---- family.c ---------------------------------------------------------------------- */

/* Up to max children of pid; 0: of the caller.  Returns how many. */
unsigned family_children(pid_t pid, pid_t *children, unsigned max);

/* The process that plays this part in the run now; 0: there is none.  front: what the
 * driver has started for it. */
pid_t family_find(pid_t front, enum victim victim, bool held);

/* Every process that the run of front and its orphans consist of, for a report. */
void family_print(FILE *out);

/* The shared map of the run, or NULL: read-only, of struct run_record. */
const struct run_record *family_map(void);

/* ---- harm.c ------------------------------------------------------------------------ */

struct harm {
    const struct plan *plan;
    pid_t victim;
    int victim_fd;  /* pidfd */
    int also_fd;    /* of who is paused with him; -1: nobody */
    pid_t hogs[2];  /* processes that eat memory or time */
    uint64_t done_ns; /* CLOCK_MONOTONIC; 0: not done, there was no such process */
};

/* Looks for whom it is done to, which takes longer than some moments last; harm_do() does so otherwise.
 * False: there is nobody. */
bool harm_find(struct harm *h, pid_t front);

/* Does it.  False: not yet, there is nobody to do it to. */
bool harm_do(struct harm *h, pid_t front, struct load *load);

/* Of ACTION_PAUSE: they go on, or are stopped once more.  False: one of them is gone. */
bool harm_pause(struct harm *h, bool stops);

/* Ends what it needed, and lets a stopped victim go on or kills it. */
void harm_release(struct harm *h);
void harm_end(struct harm *h);

/* Kills the whole run at once, by its cgroups. */
bool kill_everything(void);

/* ---- cgroups.c ----------------------------------------------------------------------- */

#define RUN_CGROUP "quiesce-" /* what the name of a run's own begins with */

/* Directories of cgroups: of the trial's processes (v2), and one that limits memory. */
struct cgroups {
    char root[TEXT_MAX];   /* of the v2 mount */
    char trial[TEXT_MAX];
    char memory[TEXT_MAX]; /* "": this machine cannot limit memory */
    bool memory_v2;
};
extern struct cgroups cgroups;
void cgroups_prepare(void);

/* The cgroup of the next trial; false: it cannot be made.  When everything in it is dead: */
bool cgroups_begin(void);
void cgroups_end(void);

/* Writes text to a file that is there.  False: errno says why. */
bool put_text(const char *directory, const char *name, const char *text);

/* ---- trial.c ------------------------------------------------------------------------- */

struct settings {
    const char *quiesce, *results; /* the program; the directory of the results */
    const char *weaken;            /* QUIESCE_WEAKEN, or NULL */
    uint64_t seed, trials, verify_every, only;
    uint32_t without, without_layouts; /* bit n: enum action, enum layout n is left out */
    const char *with[4];           /* words that a plan must have; NULL: no more */
    bool has_only, cover;
};

struct result {
    enum moment moment;  /* when the harm was done */
    bool harmed;         /* there was somebody to do it to */
    int status;          /* of the front, as waitpid(2) gives it */
    uint64_t took_ns, stall_ns;
    bool read_only;      /* a killed thaw made the kernel close a btrfs: see damaged_by_kernel() */
    uint64_t thaw_ns;    /* from the harm to the last writer's next end of a write, if a freeze went on then; 0: none */
    unsigned failures;
    char why[4 * TEXT_MAX]; /* of a failure; "" */
};

/* The durations of a run's parts that are aimed at, ns; learned from runs that went well. */
struct pace {
    uint64_t parts[AIMS];
};

void trial_run(const struct settings *s, const struct plan *plan, struct load *load, struct pace *pace, struct result *o);

/* Notes a failure of the trial. */
void result_fail(struct result *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- verdict.c ------------------------------------------------------------------------ */

/* After the front has ended: nothing is frozen, and nothing of the run lives but beside
 * (0: nobody).  Thaws and ends what is left. */
void verdict_running(const struct plan *plan, struct load *load, uint32_t mask, pid_t beside, struct result *o);

/* After that: the switch and the lock are as they were, and what was said fits. */
void verdict(const struct plan *plan, const struct load *load, uint32_t mask, struct result *o);

/* True when no child of the driver is left but beside; false after ms. */
bool verdict_await_end(pid_t beside, unsigned ms);

/* What must be found again after each trial. */
void verdict_prepare(void);

/* Thaws everything that is mounted for tests, whatever order they are nested in. */
void rescue_thaw(const struct load *load);

/* ---- stores.c --------------------------------------------------------------------------- */

/* Makes and mounts those of wanted, but for the damaged one, and says in load what all are
 * called.  False: PLACE/command.log says why. */
bool stores_prepare(struct load *load, uint32_t wanted);

/* On which other one it lies; -1: on none. */
int stores_outer(uint32_t store);

/* Bit n: writer n belongs to the trial. */
uint32_t stores_of(const struct plan *plan);

/* A file system on PLACE/device, for one trial; when that is over: every acknowledged
 * record must be found in it once the device is whole again. */
bool stores_damaged_make(const struct plan *plan, struct load *load, struct result *o);
void stores_damaged_end(struct load *load, struct result *o);

/* While nobody writes: unmounts, checks and mounts again every file system, and looks for every acknowledged record. */
bool stores_verify(struct load *load, char *why, size_t capacity);

/* Unmounts and mounts them again: one that was closed by the kernel is open then. */
bool stores_reopen(char *why, size_t capacity);

/* Runs a command with its output in PLACE/command.log.  Returns its exit status. */
int command(const char *const argv[]);

/* ---- results.c, summary.c ----------------------------------------------------------------- */

/* Opens DIR/results.jsonl, whose first line says of which campaign it is; *next is the
 * number of the first trial that is not in it.  Returns a descriptor, or -1 with a sentence. */
int results_open(const struct settings *s, uint64_t *next, char *why, size_t capacity);
void results_add(int fd, const struct plan *plan, const struct result *o);

/* Writes summary.json and latency.svg beside the results, prints the table.  Returns how many trials
 * failed, or -1: the results cannot be read, or (cover) something was never tried. */
long summary_print(const struct settings *s, FILE *out);

#endif
