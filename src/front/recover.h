/*
 * recover.h - what a killed run has left, and taking it back: for "quiesce recover", for the
 * next run, and for the end of a run whose monitor and guardian both were killed.
 */
#ifndef QUIESCE_FRONT_RECOVER_H
#define QUIESCE_FRONT_RECOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/paths.h"
#include "front/undo.h"
#include "quiesce/record.h"

#define RECORD_PATH QUIESCE_RUN_DIR "/" QUIESCE_RECORD

/* A record, and what was done about it. */
struct left {
    int fd;                    /* -1: there is none */
    struct run_record *record; /* NULL: it is not mapped */
    bool stale;                /* of another boot: nothing was done but to remove it */
    bool kept;                 /* not everything could be taken back: it stays */
    struct undone undone;
};

/* Each of these three returns 0, or an exit status with a sentence in message. */

/* Finds the record below directory; left->fd is -1 if there is none. */
int left_find(struct left *left, int directory, char *message, size_t capacity);

/* Maps it, and refuses what is not whole; then it is closed. */
int left_look(struct left *left, char *message, size_t capacity);

/* Takes everything back and removes it.  The caller holds the lock of runs and the record's,
 * and it is mapped. */
int left_act(struct left *left, int directory, char *message, size_t capacity);

/* Whether there was anything to take back. */
bool left_did_something(const struct left *left);

/* Words about what was done, without a full stop. */
void left_describe(const struct left *left, char *text, size_t capacity);

/* Unmaps and closes; a record that a thaw still has to write to stays mapped. */
void left_close(struct left *left);

/* A line on standard error. */
void recover_say(const char *text);

/*
 * Takes back what the run that the record below directory speaks of has left, if it was
 * killed, removes the record, and says on standard error what was done.  The caller
 * holds the lock of runs.
 * Returns 0 if there is no record any more, or an exit status with a sentence in message.
 */
int recover_left(int directory, char *message, size_t capacity);

/* The same at the end of a run, for that run's record alone; takes and leaves the lock.
 * Where somebody else has it, he sees to it. */
void recover_own(const char *run_id);

#endif
