/*
 * paths.h - where a run keeps its lock, its journal and its cgroup.
 */
#ifndef QUIESCE_PATHS_H
#define QUIESCE_PATHS_H

#define QUIESCE_RUN_DIR "/run/quiesce"
#define QUIESCE_LOCK "lock" /* below QUIESCE_RUN_DIR */
#define QUIESCE_RECORD "record" /* the same */
#define QUIESCE_STATE_DIR "/var/log/quiesce"
#define QUIESCE_JOURNAL "journal.jsonl" /* below QUIESCE_STATE_DIR */
#define CGROUP_DIR "/sys/fs/cgroup" /* where the machine's cgroups are, systemd's file-hierarchy; read-only to every hook */

#endif
