/*
 * launcher.h - the launcher's one context and its parts.
 *
 * Everything in this folder runs with the capabilities that hooks may be given.
 * MUST start only what the monitor sent before SEAL; the supervisor names slots.
 * MUST NOT: parse, format text from outside, allocate by input, wait for a hook.
 */
#ifndef QUIESCE_LAUNCHER_H
#define QUIESCE_LAUNCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/message.h"
#include "quiesce/wire.h"

enum launcher_fd {
    FD_MONITOR = 3, FD_SUPERVISOR, /* sockets */
    FD_CGROUP, /* the run's cgroup v2 directory, or /dev/null */
    FD_PIDS, FD_MEMORY, /* for keepers: front/controllers.h, or /dev/null */
    FD_ROOT,   /* opened here: "/" of the launcher's own mount namespace, O_PATH */
    FD_SELF,   /* opened here: pidfd of the launcher, by which keepers see it end */
    FD_LAUNCHER_LAST = FD_SELF,
};

struct hook {
    bool loaded; /* its HOOK has come */
    int keeper;  /* pidfd of its last keeper, or -1 */
    struct msg_hook spec;
};

struct launcher {
    enum launcher_state state;
    bool has_cgroup;
    uint64_t granted; /* union of what the policies grant */
    struct msg_seal seal;
    bool policy_loaded[PLAN_PLUGINS_MAX];
    struct policy_plan policies[PLAN_PLUGINS_MAX]; /* filters with denials as notifications */
    struct hook hooks[WIRE_HOOKS_MAX];
    struct wire_buffer buffer;
};

/* ---- stage.c ---------------------------------------------------------------- */

/* Leaves the caller's mount namespace; from then on mounts made here are private
 * to the launcher, while mounts of the machine still arrive.  Before the drop. */
void stage_prepare(void);

/* Writes a verified script, of that file name, and once per plugin a /tmp into the
 * stage.  Returns 0 or an errno. */
int stage_add(uint32_t slot, const char *name, int script);

/* ---- slots.c: cgroups and signals --------------------------------------------- */

/* Makes the run's cgroup, in a leaf of which this process was started, the launcher's own.  Before the drop.
 * Returns true if hooks can be kept in cgroups. */
bool slots_prepare(void);

/* A new, empty cgroup for a slot.  Returns its directory or a negative errno
 * (-EBUSY: processes of an earlier attempt are in it). */
int slot_cgroup(uint32_t slot);

/* Opens a file of a slot's cgroup.  Returns a descriptor or a negative errno. */
int slot_open(uint32_t slot, const char *file, int flags);

/* SIGTERM to every process of the slot, by pidfd. */
void slot_term(const struct launcher *l, uint32_t slot);

/* Ends every process of the slot. */
void slot_kill(const struct launcher *l, uint32_t slot);

#endif
