/*
 * sequence.h - an input as a sequence of steps: messages, and what else can happen to a role.
 *
 * The input is units of eight bytes; every input is a sequence.  Where bytes are left over behind
 * the last unit, what the world does is chosen by the input's bytes from its end (role_choice()).
 *
 *   0      1      2      3      4        5        6         7
 *   +------+------+------+------+--------+--------+---------+-------+
 *   | kind | peer | type | fds  | longer | header | patches | extra |   a step
 *   +------+------+------+------+--------+--------+---------+-------+
 *   | offset, 24 bits    | width| value, 32 bits                    |   each patch behind it
 *   +--------------------+------+-----------------------------------+
 *
 * A message begins as what the harness has for its type, or as zeros (extra, bit 0); the
 * patches change it: width 1, 2, 4 or 8 bytes of value, or so many zeros.  longer (signed)
 * is how many bytes more than its type's length are sent, header how many more than that
 * its header says; fds how many descriptors go with it.
 */
#ifndef QUIESCE_FUZZ_SEQUENCE_H
#define QUIESCE_FUZZ_SEQUENCE_H

#include "base/message.h"
#include "fuzz.h"

enum { SEQUENCE_UNIT = 8, SEQUENCE_PATCHES_MAX = 16 };

enum step_kind {
    STEP_MESSAGE,
    STEP_CLOSE, /* the peer's end is closed */
    STEP_RAW,   /* a record of the patches' bytes alone */
    STEP_EVENT, /* something else: the role says what (type, extra) */
    STEP_KINDS
};

struct sequence_step {
    enum step_kind kind;
    uint8_t peer, type, fds, patches_count, extra; /* type: of a message the type, else the byte */
    uint8_t byte; /* of the type, as it stands there */
    int8_t longer, header;
    const uint8_t *patches;
};

struct sequence {
    const uint8_t *at, *end;
};

/* The byte that stands for a type in a message's step; it does not change when wire.h grows. */
uint8_t sequence_type_byte(uint32_t type);

/* Takes the next step; false at the end of the input. */
bool sequence_next(struct sequence *sequence, struct sequence_step *step);

/* Fills in what a message of a type usually says; body is zeros. */
typedef void sequence_template(uint32_t type, const struct sequence_step *step, union wire_any *body);

/*
 * Sends what a step says on a socket, never waiting.  fd: what is sent as every descriptor.
 * Returns the type, as which a receiver of ours must take it; or that it is no message
 * that wire.h describes, or that it was not sent.
 */
enum { SEQUENCE_MALFORMED = -1, SEQUENCE_NOT_SENT = -2 };
int sequence_send(int socket, const struct sequence_step *step, sequence_template *fill, int fd);

/* ---- for messages that are not of wire.h ---------------------------------------------- */

/* Changes a body of so many bytes as the patches of a step say. */
void sequence_patch(const struct sequence_step *step, uint8_t *body, size_t length);

/* Sends a record of n bytes with count descriptors, each of them fd, never waiting.  Returns
 * whether it was sent; count is at most SEQUENCE_FDS_MAX. */
enum { SEQUENCE_FDS_MAX = WIRE_FDS_MAX + 8 };
bool sequence_send_record(int socket, const void *record, size_t n, int fd, unsigned count);

#endif
