/*
 * snapshot.h - the snapshot command: run with the caller's own rights, ended as a group.
 */
#ifndef QUIESCE_FRONT_SNAPSHOT_H
#define QUIESCE_FRONT_SNAPSHOT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "front/footing.h"
#include "quiesce/wire.h"

enum { SNAPSHOT_GRACE_MS = 5000 }; /* between TERM and KILL */

struct snapshot {
    int pidfd; /* -1: it does not run */
    pid_t pid; /* and process group */
    uint64_t began_ns, kill_at_ns; /* monotonic; kill_at_ns 0: it is not being ended */
    bool gave_terminal; /* its group is the terminal's foreground group */
};

/*
 * Starts the command.
 *   argv    NULL-terminated; looked up in PATH
 *   mask    the signal mask it gets
 *   footing the limits and the priority it gets
 *   to_stderr  its standard output goes to our standard error
 * It gets everything else as we have it, and the terminal if we have that.
 * Returns 0 or a negative errno.  A command that cannot be executed ends with
 * 127 (not found) or 126, as a shell does.
 */
int snapshot_start(struct snapshot *snapshot, char *const *argv, const sigset_t *mask, const struct footing *footing,
                   bool to_stderr);

/* Asks the whole group to end; KILL follows after the grace.  Once is enough. */
void snapshot_end(struct snapshot *snapshot, uint64_t now_ns);

/* Sends the KILL if its time has come; returns milliseconds until then, -1: it is not being ended. */
int snapshot_timeout(struct snapshot *snapshot, uint64_t now_ns);

/* The pidfd became readable: takes the command's status and the terminal back. */
void snapshot_reap(struct snapshot *snapshot, uint64_t now_ns, struct msg_release *release);

#endif
