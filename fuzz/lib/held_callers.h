/*
 * held_callers.h - the sockets of those who call a held session: its door, who comes to it, and what
 * each of them reads.  The model (held_model.h) is told of everything.
 */
#ifndef QUIESCE_FUZZ_HELD_CALLERS_H
#define QUIESCE_FUZZ_HELD_CALLERS_H

#include "held_model.h"

/* At the beginning of every input: makes a door, at the program's descriptor. */
void callers_begin(int door);

/* No more than a few messages fit into what the other end of the socket does not read. */
void callers_limit(int socket);

/* Somebody connects; NULL: the door is closed, or there are too many. */
struct caller *callers_connect(const struct ucred *who, const gid_t *groups, unsigned groups_count);

/* The next accept4(2) of the program fails with this. */
void callers_accept_fails(int error);

/* A caller reads all that there is. */
void callers_listen(struct caller *caller);

#endif
