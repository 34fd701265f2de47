/*
 * confine.h - what quiesce-policy gives up, and the children that touch documents.
 */
#ifndef QUIESCE_POLICY_CONFINE_H
#define QUIESCE_POLICY_CONFINE_H

#include <stddef.h>

/*
 * Gives up what this process was started with; everything that fails is fatal.
 *   started with CAP_SETUID, SETGID, SETPCAP and SYS_CHROOT (as root has them): a uid
 *     of its own, no groups, no capabilities, an empty root, locked securebits
 *   started by anybody else, the root of a namespace with one user included: no capabilities
 *   both: descriptors above last_fd closed, no_new_privs, dumpable 0, no core, no
 *     outlived parent; where the kernel has Landlock, no file can be opened, no
 *     TCP port used and no process outside be signalled
 * There is no seccomp filter: this program loads those that it tests.
 */
void confine_self(unsigned last_fd);

/* What is done in a confined child: reads *context, fills the answer, which is zeroed. */
typedef void confined_work(void *answer, const void *context);

/*
 * Runs work in a forked child that holds nothing but standard error, has the
 * parser's filter and limits (64 MiB, 5 s of CPU time) and answers through shared
 * memory.  Whatever looks into a document's or a table's bytes runs so, and
 * what comes out is data from an enemy: check every bound.
 *   name  of the document, for the message if the child does not end well
 * Returns 0 with the answer, size bytes, or -1 after a message on standard error.
 */
int confined_run(const char *name, confined_work *work, const void *context, void *answer, size_t size);

#endif
