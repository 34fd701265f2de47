/*
 * denials.h - the system calls that a hook's filter refuses.
 *
 * The launcher has turned the filter's errors into notifications, their errno kept
 * as data (seccomp_unotify(2)).  The keeper alone holds the listener: it answers each
 * with the errno that the filter gives, and tells the supervisor what it refused.
 * MUST answer with an error, whatever fails: SECCOMP_USER_NOTIF_FLAG_CONTINUE is
 * never used.  With the keeper gone a denied call fails with ENOSYS.
 *
 * For the record it reads what the arguments point to, call_table.h, from the process
 * while that waits for its answer: by /proc/PID/mem and the kernel's own rules for
 * that (ptrace(2), "Ptrace access mode checking"), with no right but the hook's.
 */
#ifndef QUIESCE_KEEPER_DENIALS_H
#define QUIESCE_KEEPER_DENIALS_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "keeper/keeper.h"

struct denials {
    int listener; /* of the hook's filter */
    int report;   /* socket to the supervisor */
    int proc;     /* a procfs whose PIDs are those of the keeper's PID namespace; -1: none */
    int launcher; /* pidfd */
    const struct policy_plan *policy; /* with denials as notifications */
    uint32_t uid, gid; /* as which files are opened now, setfsuid(2) */
    uint32_t told, arch;
    bool seen[DENIED_NUMBERS];     /* a DENIED of this number was sent */
    uint64_t more[DENIED_NUMBERS]; /* calls that only were counted */
};

/* Opens files as that user from now on, as far as this process may.  A change clears
 * the parent-death signal, prctl(2): it is set again, or the process ends. */
void denials_become(struct denials *d, uint32_t uid, uint32_t gid);

/* Answers one call; for when the listener is readable.  A flood of calls is told of
 * up to DENIED_TOLD_MAX, then only the first of each number; the rest is counted. */
void denials_serve(struct denials *d);

/* Sends what was counted; before the keeper ends. */
void denials_end(const struct denials *d);

/* The errno of a call, as the policy's filter gives it; EPERM if it gives none. */
uint32_t denials_errno(const struct policy_plan *policy, const struct seccomp_data *call);

#endif
