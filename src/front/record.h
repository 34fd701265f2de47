/*
 * record.h - the run's record as a file: made before any role runs, found and
 * looked at when a run was killed, removed when it has ended.
 */
#ifndef QUIESCE_FRONT_RECORD_H
#define QUIESCE_FRONT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "quiesce/record.h"

/* What the front knows at the beginning of a run.  Writes a header with this machine's
 * boot id; cgroup: hooks will live in one.  Returns 0 or a negative errno. */
int record_begin(struct run_record *record, const char *run_id, bool cgroup);

/* Whether QUIESCE_RUN_DIR is, or would be, in memory, so that a record can be there. */
bool record_possible(void);

/*
 * Makes the record below directory, under a lock of its own (quiesce/record.h), with
 * all its memory; where it is seen it is whole.  There must be none.
 * Returns a descriptor, which holds the lock, or a negative errno.
 */
int record_create(int directory, const struct run_record *record);

/* The same without a name, and without a lock. */
int record_create_nameless(const struct run_record *record);

/*
 * Opens the record below directory, if it is root's alone.
 * Returns a descriptor open for reading and writing, or a negative errno: -ENOENT
 * there is none; -EPERM it is not what root alone can have put there.
 */
int record_open(int directory);

/* Whether what is there is what fd is. */
bool record_is_named(int directory, int fd);

/* Removes it, if it is. */
void record_remove(int directory, int fd);

/*
 * Whether size bytes are a record that this program can act upon, every field of it
 * in its bounds.  Returns NULL, or why not, as the rest of a sentence about it.
 */
const char *record_wrong(const struct run_record *record, size_t size);

/* Whether the record is of another boot: what it speaks of is gone.  record_wrong() has looked at it. */
bool record_is_stale(const struct run_record *record);

#endif
