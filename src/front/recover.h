/*
 * recover.h - "quiesce recover", and what a run does about a killed one before it.
 */
#ifndef QUIESCE_FRONT_RECOVER_H
#define QUIESCE_FRONT_RECOVER_H

#include "front/options.h"

/* The command.  Returns its exit status. */
int recover_command(const struct options *options);

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
