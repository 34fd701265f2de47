/*
 * held_detach.h - the process of a held session, on its own.
 */
#ifndef QUIESCE_FRONT_HELD_DETACH_H
#define QUIESCE_FRONT_HELD_DETACH_H

#include <sys/types.h>

/* Fills 0, 1 and 2 with /dev/null where the caller has closed them, so that nothing that
 * is opened later is taken for one of them.  Returns 0 or a negative errno. */
int held_fill_stdio(void);

/*
 * Forks.  The child has nothing of the caller: its own session, no terminal, "/" as
 * working directory, /dev/null as 0, 1 and 2, no environment, no other descriptor than
 * its end of a socketpair, and a name of its own for ps(1).
 *   socket  where the caller's end goes, and in the child its own
 *   words   argv, which the name overwrites
 * Returns the pid, 0 in the child, or a negative errno.
 */
pid_t held_fork(int *socket, char **words);

/* Locks the memory of this process: what it executes at once, the rest as it is touched.
 * Returns 0 or a negative errno. */
int held_lock_memory(void);

#endif
