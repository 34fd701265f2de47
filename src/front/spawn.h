/*
 * spawn.h - starts one of the other programs with exactly its descriptors.
 */
#ifndef QUIESCE_FRONT_SPAWN_H
#define QUIESCE_FRONT_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "front/footing.h"
#include "front/machine.h"

enum { SPAWN_FDS_MAX = 11 };

/* What a program gets.  Every descriptor is at MACHINE_FD_LEAST or above. */
struct spawn {
    const char *program; /* its name, in the directory MACHINE_PROGRAMS */
    const int *machine;  /* by enum machine_fd: what all get is taken from here */
    int log;             /* write end of a pipe */
    int cgroup;          /* directory of the cgroup v2 to start it in, or -1 */
    const struct footing *priority; /* whose it gets, or NULL: ours */
    bool init;           /* of a PID namespace of its own: whatever it forks ends with it */
    unsigned count;      /* of fds */
    int fds[SPAWN_FDS_MAX]; /* its own, from ROLE_FD_CONTROL on */
};

/*
 * Forks and executes it: leader of a session of its own, empty environment, no
 * signal blocked or ignored, descriptors 0 and 1 /dev/null, 2 the log, 15 the empty root, its
 * own, and no other.
 * Returns its pid, with *pidfd (close-on-exec) set, or -1 with errno.  A program
 * that cannot be executed says so on the log and ends with EXIT_INTERNAL.
 */
pid_t spawn(const struct spawn *what, int *pidfd);

#endif
