/*
 * paths.h - where a run keeps its lock and its journal.
 */
#ifndef QUIESCE_PATHS_H
#define QUIESCE_PATHS_H

#define QUIESCE_RUN_DIR "/run/quiesce"
#define QUIESCE_LOCK "lock" /* below QUIESCE_RUN_DIR */
#define QUIESCE_STATE_DIR "/var/log/quiesce"
#define QUIESCE_JOURNAL "journal.jsonl" /* below QUIESCE_STATE_DIR */

#endif
