/*
 * freeze_check.h - what may be frozen at all, and for how long.
 */
#ifndef QUIESCE_BASE_FREEZE_CHECK_H
#define QUIESCE_BASE_FREEZE_CHECK_H

#include <stdbool.h>

#include "quiesce/wire.h"

/* Whether two paths are the same but for trailing slashes. */
bool path_same(const char *a, const char *b);

/* Whether a name means a file system of the table: one of its mount points or its source,
 * trailing slashes apart.  The table has been checked (plan_valid). */
bool mount_named(const char *name, const struct mount_plan *table, const struct fs_entry *e);

/* Whether one of a list of names, checked like the table, does. */
bool mount_listed(const struct mount_list *list, const struct mount_plan *table, const struct fs_entry *e);

/* The deadline of a freeze in seconds: what the caller asked for, else what
 * vmbackup.conf says, else the default.  A plan of zeros says nothing. */
uint32_t freeze_seconds(uint32_t asked, const struct vmbackup_plan *configured);

/* How many file systems a run that goes well freezes; the arguments are those of freeze_valid. */
uint32_t freeze_wanted(const struct mount_plan *table, const struct msg_request *asked,
                       const struct vmbackup_plan *configured);

/*
 * Whether a FREEZE stays within what the caller asked for and the administrator
 * configured, so that a supervisor that was taken over freezes nothing else and not
 * for longer: only what the mount table calls eligible and the lists do not leave
 * out, each once, in order of levels, until the deadline at most, and nothing where
 * freezing is switched off.
 *   asked       REQUEST, which the front has made
 *   configured  checked; zeros if there is no vmbackup.conf, but for freeze: 0 if any
 *               document switches it off
 */
bool freeze_valid(const struct msg_freeze *freeze, const struct mount_plan *table, const struct msg_request *asked,
                  const struct vmbackup_plan *configured);

#endif
