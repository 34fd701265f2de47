/*
 * held_steps.h - messages of held.h out of the steps of a sequence, and what a receiver must say of each.
 *
 * A step is as sequence.h draws it, but that its type is one of held.h, as a number; of
 * extra, bit 7 is a wrong version and bit 6 a wrong mark at its beginning.
 */
#ifndef QUIESCE_FUZZ_HELD_STEPS_H
#define QUIESCE_FUZZ_HELD_STEPS_H

#include "quiesce/held.h"
#include "sequence.h"

/* The run id of every session here. */
extern const char held_steps_id[WIRE_RUN_ID_MAX];

/*
 * Sends what a step says, never waiting.  fd: what is sent as every descriptor.
 * Returns what held_receive() must make of it at the other end: a type, 0 for the end, or a
 * negative errno; or that it was not sent.
 */
enum { HELD_NOT_SENT = -4096 };
int held_steps_send(int socket, const struct sequence_step *step, enum held_direction direction, int fd);

/* What the other end must make of any record of n bytes that comes with so many descriptors: read
 * off the comments of held.h, apart from held_wire.c on purpose. */
int held_steps_verdict(const struct held_record *record, size_t n, unsigned fds, enum held_direction direction);

#endif
