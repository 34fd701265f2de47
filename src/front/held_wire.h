/*
 * held_wire.h - sending, receiving and checking the messages of held.h.
 */
#ifndef QUIESCE_FRONT_HELD_WIRE_H
#define QUIESCE_FRONT_HELD_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "quiesce/held.h"

/*
 * Looks at a record and does nothing else: header, direction, exact length, number of
 * descriptors, and every field's bounds.
 *   length     bytes that have arrived in *record
 *   fds        descriptors that came with them
 * Returns 0; -EPROTONOSUPPORT if its version is another; else -EPROTO.
 */
int held_decode(const struct held_record *record, size_t length, unsigned fds, enum held_direction direction);

/* Whether a list of what is frozen lies in its bounds. */
bool held_targets_valid(const struct msg_targets *targets);

/*
 * Sends one message, without waiting.
 *   body  the structure of the type
 *   fd    of RESULT; else -1
 * Returns 0 or a negative errno; -EAGAIN: the other end has not read what came before.
 */
int held_send(int socket, enum held_type type, const void *body, int fd);

/*
 * Receives one message, without waiting.
 *   fd  where the descriptor of a RESULT goes, which is then the caller's (close-on-exec), -1
 *       if there is none; NULL: none is taken, and the kernel makes none of those that come
 * Returns 1; 0 at the end; -EAGAIN; what held_decode() says; or another negative errno.
 */
int held_receive(int socket, struct held_record *record, int *fd, enum held_direction direction);

#endif
