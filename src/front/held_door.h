/*
 * held_door.h - the socket of a held session: where it is, and who may talk to it.
 */
#ifndef QUIESCE_FRONT_HELD_DOOR_H
#define QUIESCE_FRONT_HELD_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/paths.h"
#include "quiesce/held.h"

#define HELD_PATH QUIESCE_RUN_DIR "/" HELD_SOCKET

struct held_door {
    int socket; /* listening, non-blocking, close-on-exec */
    dev_t device;
    ino_t inode;
    bool has_group; /* the build names a group, and the machine has it */
    gid_t group;
};

/*
 * Makes the socket in the place of what is there; the caller holds the run's lock.  Root
 * alone may connect, and with SESSION_GROUP that group.  A session that still keeps the
 * result of a run that is over is told to leave.
 * Returns 0, or -1 with a sentence in message.
 */
int held_door_open(struct held_door *door, char *message, size_t capacity);

/* Closes it; remove: takes it away, if it is still the one that was made. */
void held_door_close(struct held_door *door, bool remove);

/* Whether the other end of a connection may talk to a session: root, or a member of its
 * group.  Says in *who which process it was when it connected. */
bool held_door_permits(const struct held_door *door, int connection, struct ucred *who);

/* Connects to the session; waits at most wait_ms where many want to.  Returns the socket, which is
 * non-blocking then, or a negative errno; -ECONNREFUSED: there was one, which is gone; -EAGAIN:
 * the time is over. */
int held_door_connect(unsigned wait_ms);

#endif
