/*
 * denials.h - the system calls that a script's filter refused.
 *
 * The kernel asks through the seccomp listener (seccomp_unotify(2)); every
 * question is answered with the errno that the policy's own filter gives.
 * SECCOMP_USER_NOTIF_FLAG_CONTINUE is never used: nothing that the filter
 * refused is ever let through, whatever else goes wrong here.
 */
#ifndef QUIESCE_DENIALS_H
#define QUIESCE_DENIALS_H

#include <linux/seccomp.h>

#include "run.h"

/* The listener of a hook has something: handles one question, so that a flood of
 * them leaves every other event its turn. */
void denials_ready(struct run *run, struct source *source, uint32_t events);

/* COMM_IS: the name of the process that was asked for first.  Another's is fatal. */
void denials_named(struct run *run, const struct msg_comm *comm);

/* The hook's attempt is over: records what still waits for a name, without it. */
void denials_end(struct run *run, struct hook *hook);

/* The launcher is gone: answers everything that waits for a name. */
void denials_launcher_gone(struct run *run);

/* The errno for a call that the policy of a plugin does not allow. */
uint32_t denials_errno(const struct report_plugin *plugin, const struct seccomp_data *call);

/* Adds a denied call to the attempt's rows, or counts it where there is one like it. */
void denials_record(struct report *r, const struct report_denied *call);

#endif
