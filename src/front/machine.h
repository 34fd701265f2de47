/*
 * machine.h - what the roles get from the machine, opened before any of them runs.
 *
 * A role has an empty root and can open nothing by path; what it needs is here,
 * and roles.c says who gets what.
 */
#ifndef QUIESCE_FRONT_MACHINE_H
#define QUIESCE_FRONT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "front/cgroup.h"
#include "quiesce/wire.h"

enum machine_fd {
    MACHINE_NULL,           /* /dev/null */
    MACHINE_PROGRAMS,       /* the programs' directory */
    MACHINE_ROOT,           /* "/", O_PATH */
    MACHINE_EMPTY_ROOT,     /* an empty read-only tmpfs that is mounted nowhere */
    MACHINE_MOUNTINFO,      /* the mount table */
    MACHINE_LOCK,           /* the run's lock, taken; of a check: /dev/null */
    MACHINE_EXPEDITE,       /* rcu_expedited, or /dev/null */
    MACHINE_CGROUP,         /* the run's cgroup v2 directory, or /dev/null */
    MACHINE_CGROUP_KILL,    /* its cgroup.kill, or /dev/null */
    MACHINE_CGROUP_LAUNCHER,/* the launcher's leaf in it, or /dev/null */
    MACHINE_PIDS,           /* controllers.h: a directory of each controller, or /dev/null */
    MACHINE_MEMORY,
    MACHINE_JOURNAL_APPEND, /* the journal, or /dev/null */
    MACHINE_JOURNAL_READ,   /* the same */
    MACHINE_RECORD,         /* struct run_record: of a run that freezes below QUIESCE_RUN_DIR, if that is in memory */
    MACHINE_REPORT,         /* struct report, of fixed size */
    MACHINE_FDS
};

struct machine {
    char programs[PLAN_PATH_MAX], policies[PLAN_PATH_MAX]; /* directories */
    struct msg_loaded has;
    const char *run_id;
    bool freezes;  /* it is for a run that does */
    int directory; /* QUIESCE_RUN_DIR, of who takes the lock there; -1: not open */
    int fds[MACHINE_FDS]; /* all at MACHINE_FD_LEAST or above, close-on-exec; -1: not open */
};

enum { MACHINE_FD_LEAST = 32 }; /* above every fixed descriptor of a role */

/* Moves a new descriptor to MACHINE_FD_LEAST or above.  Returns it, or -1 with errno (also if fd is -1). */
int machine_move(int fd);

/* Where our programs lie: beside this one, as in a build tree, if the one named is
 * there, which returns true; else where they are installed. */
bool machine_find_programs(const char *program, char directory[PLAN_PATH_MAX]);

/* Fills programs and policies: in a build tree the programs lie beside this one and the
 * policies below it; else they are where they are installed. */
void machine_find_places(struct machine *machine);

/* What a session is for. */
enum machine_use {
    MACHINE_LOOKS,  /* nothing of the machine is touched */
    MACHINE_LEARNS, /* a script runs: takes the lock */
    MACHINE_RUNS,   /* a run that freezes: takes the lock, opens journal and rcu_expedited */
};

/*
 * Opens everything.
 *   run_id    stays the caller's, for as long as the machine is open
 *   expedite  rcu_expedited is wanted; of MACHINE_RUNS only
 * Returns 0, or an exit status with a sentence in message; machine_close() is due either way.
 */
int machine_open(struct machine *machine, const char *run_id, const struct cgroup *cgroup, enum machine_use use, bool expedite,
                 char *message, size_t capacity);

/* Puts a copy of fd in the place of a /dev/null; -1, or no descriptor being left: that stays. */
void machine_give(struct machine *machine, enum machine_fd place, int fd);

/* Opens the directory of locks and records, which is made if need be.  Returns a descriptor,
 * or -1 with errno: EPERM if it is not root's alone. */
int machine_open_run_directory(void);

/* Whether root alone can have put there, or can write, what fd is; type: S_IFREG or S_IFDIR.
 * If not, errno is set. */
bool machine_is_roots_alone(int fd, mode_t type);

/* Takes the lock of runs below that directory; does not wait.  Returns 0 or an errno:
 * EWOULDBLOCK if somebody has it. */
int machine_lock(int directory, int *lock);

/* Opens the kernel's switch for expedited RCU and locks it, waiting as many seconds for whoever has it.
 * Returns 0 with *expedited -1 where there is none, or EWOULDBLOCK if a run elsewhere has it. */
int machine_lock_expedited(int *expedited, unsigned seconds);

/* Takes flock(2), waiting for it as many seconds, or for ever if that is 0.  Uses SIGALRM.
 * Returns 0 or an errno: EWOULDBLOCK if the time is up. */
int machine_wait_for_lock(int fd, int operation, unsigned seconds);

/* For processes that were killed to be gone: a last FIFREEZE may have to return first. */
enum { MACHINE_DYING_S = 1 };

/* Closes what is open.  The roles hold what they got. */
void machine_close(struct machine *machine);

#endif
