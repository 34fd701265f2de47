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
#include "quiesce/wire.h"

/* Descriptors of the monitor after its drop. */
enum monitor_fd {
    FD_FRONT = 3,
    FD_SUPERVISOR = 4,
    FD_LAUNCHER = 5,
    FD_GUARDIAN = 6,
    FD_PARSER = 7,
    FD_ROOT = 8,        /* the real "/", O_PATH */
    FD_EXPEDITE = 9,    /* /sys/kernel/rcu_expedited, or /dev/null */
    FD_CGROUP_KILL = 10,/* cgroup.kill of the run, or /dev/null */
    FD_LOCK = 11,       /* held as long as the monitor or the guardian lives */
    FD_MOUNTINFO = 12,  /* opened before the root changed: the file shows what is below the opener's root */
    FD_MONITOR_LAST = FD_MOUNTINFO,
};

struct monitor {
    enum monitor_state state;
    bool has_cgroup, has_expedite, has_journal;
    struct frozen_map *map;    /* shared with the guardian */
    struct mount_plan mounts;  /* the mount table as its parser gave it, checked */
    struct wire_buffer buffer; /* what arrives */
};

/* ---- start.c: before the drop -------------------------------------------- */

/* Opens what the monitor needs, starts the other roles, and lays its own
 * descriptors out as above.  with_lock: take the run lock and open the journal;
 * if another run holds the lock the process ends with status 75. */
void start_everything(struct monitor *m, bool with_lock);

/* ---- walk.c: the safe walk ------------------------------------------------ */

/* Opens path below root (O_PATH of "/") for reading.  Every component must be
 * owned by root and writable by root alone, links owned by root, the file
 * regular, without set-id bits, with no mode bit outside allowed.  Returns a
 * descriptor, or -1 with *result saying what failed. */
int walk_open(int root, const char *path, unsigned allowed, struct walk_result *result);

/* Copies what fd reads, at most limit bytes, into a sealed memfd and closes fd.
 * Returns the memfd, or -1 with *result. */
int sealed_copy(int fd, size_t limit, struct walk_result *result);

/* ---- load.c: the documents ------------------------------------------------- */

/* REQUEST: loads all documents and scripts, tells supervisor and launcher. */
void on_request(struct monitor *m, const struct wire_packet *packet);

/* ---- filesystem.c: from the mount table to descriptors --------------------- */

/* Opens the mount point of entry index of the mount table and makes sure that it
 * is that very mount.  flags: O_PATH, or O_RDONLY for the freeze ioctls.
 * Returns a descriptor or a negative errno (-ESTALE: another mount is there). */
int open_file_system(const struct monitor *m, uint32_t index, int flags);

/* Says of each eligible file system what it lies on. */
void describe_file_systems(const struct monitor *m, struct msg_file_systems *out);

/* ---- freeze.c --------------------------------------------------------------- */

void on_freeze(struct monitor *m, const struct wire_packet *packet);
void on_guarding(struct monitor *m, const struct wire_packet *packet);
void on_thaw(struct monitor *m, const struct wire_packet *packet);
void on_too_late(struct monitor *m, const struct wire_packet *packet);
void on_done(struct monitor *m, const struct wire_packet *packet);

/* Prepares the timer and the workers' event descriptor. */
void freeze_prepare(void);

/* Descriptors that the main loop must watch. */
int freeze_timer_fd(void);
int freeze_event_fd(void);

/* The workers finished a phase. */
void freeze_step(struct monitor *m);

/* Thaws now, whatever is going on, and tells the supervisor why. */
void freeze_abandon(struct monitor *m, enum thaw_reason reason);

/* Thaws now and returns when everything is thawed; tells nobody. */
void freeze_undo(struct monitor *m);

#endif
