/*
 * record.h - the run's record, as monitor and guardian see it.
 */
#ifndef QUIESCE_BASE_RECORD_H
#define QUIESCE_BASE_RECORD_H

#include <stdbool.h>

#include "quiesce/record.h"

/* Maps the record, whose size the front has set, all of it in memory.  Failure is fatal. */
struct run_record *record_map(int fd);

/* Writes down which file system an entry of the mount table is. */
void record_name(struct record_fs *fs, const struct fs_entry *entry, const char *text);

/* expedite_switch(), whose failure is fatal. */
void record_expedite(struct run_record *record, int fd, bool on);

/* Ends every process of every hook.  fd: cgroup.kill of the run, or /dev/null where there is no
 * cgroup: there the launcher's end ends them.  Failure is fatal. */
void kill_hooks(int fd);

#endif
