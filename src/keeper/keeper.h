/*
 * keeper.h - the process between the launcher and one attempt of a hook.
 *
 *   launcher --fork--> keeper --clone, into the slot's cgroup--> hook
 *
 * The keeper is not executed: it is the launcher's program after a fork, with the
 * launcher's uid and capabilities, and belongs to the trusted base.  It makes the
 * mounts and namespaces, then clones the hook with CLONE_VFORK and CLONE_FILES:
 * the hook drops everything and executes its script; its seccomp listener appears
 * in the keeper's descriptor table, without the hook needing a system call that its
 * policy may forbid.  Then the keeper drops all capabilities, answers what the hook's
 * filter denies, and waits for the hook.
 */
#ifndef QUIESCE_KEEPER_H
#define QUIESCE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/paths.h"
#include "quiesce/wire.h"

/* What a keeper needs to know; the launcher fills it before the fork. */
struct start {
    struct msg_start facts;
    const struct msg_hook *hook;
    const struct policy_plan *policy;
    const char *run_id, *program_dir;
    int root;   /* the real "/" in the launcher's mount namespace */
    int launcher; /* pidfd */
    int report; /* socket to the supervisor */
    int out, err; /* write ends of the hook's pipes */
    int controllers[WIRE_CONTROLLERS]; /* v2: the run's cgroup; v1: the directory that the run's is in; /dev/null */
    int cgroup; /* the slot's cgroup directory; -1: be init of a PID namespace instead */
};

/* Runs in the child of the launcher; never returns. */
_Noreturn void keeper_main(const struct start *s);

/*
 * The stage, which launcher and keeper share: a tmpfs over QUIESCE_RUN_DIR in the
 * launcher's own mount namespace.
 *     s00 .. s31   by slot, a directory with the verified script and, from its first
 *                  start on, links to its siblings
 *     t00 .. t15   a tmpfs each: /tmp of a plugin's pre- and post-script
 * Writes the absolute path of one of these to path.
 */
#define STAGE_PATH_MAX (sizeof QUIESCE_RUN_DIR "/x00")
void stage_path(char path[STAGE_PATH_MAX], char kind, uint32_t number);

/* The file name of a hook's script. */
const char *script_name(const struct msg_hook *hook);

/* Makes the hook's mount namespace around this process.  Returns 0 or an errno
 * with *step (enum start_step) saying what failed. */
int sandbox_mounts(const struct start *s, uint32_t *step);

/* A procfs of this process's PID namespace that is mounted nowhere.  Returns a
 * descriptor, or -1. */
int procfs_create(void);

/* The procfs that is mounted at /proc, of the machine's PID namespace; if none is there
 * one as above.  Returns a descriptor, or -1. */
int procfs_open(void);

/* Arguments and environment of a hook; the strings lie in here or in the start. */
enum { ENVIRONMENT_MAX = 2 * PLAN_ENV_COUNT_MAX + 16 };
struct environment {
    char *argv[PLAN_ARGS_COUNT_MAX + 2];
    char *shell_argv[PLAN_ARGS_COUNT_MAX + 3]; /* for a script without "#!" */
    char *envp[ENVIRONMENT_MAX];
    char run_id[sizeof "QUIESCE_RUN_ID=" + WIRE_RUN_ID_MAX];
    char attempt[sizeof "QUIESCE_ATTEMPT=" + 12];
    char home[sizeof "HOME=" + PLAN_PATH_MAX];
    char script[sizeof "QUIESCE_SCRIPT=" + PLAN_PATH_MAX];
    char executed[sizeof QUIESCE_RUN_DIR "/" + PLAN_PATH_MAX];
};
void environment_build(struct environment *e, const struct start *s);

struct limits; /* limits.h */

/* What hook and keeper share until the script is executed. */
struct handover {
    uint32_t step, error; /* what failed (enum start_step, errno), or error 0 */
    uint32_t layers;      /* bit n: enum start_step n was applied */
    int32_t keeper;       /* the keeper's pid as it and the hook see it */
    const struct limits *limits; /* in the memory of each */
    int32_t listener;     /* of the hook's seccomp filter, in the shared descriptor table */
};

/* In the hook: drops, confines and executes; returns only if something failed. */
void hook_main(const struct start *s, const struct environment *e, struct handover *handover);

#endif
