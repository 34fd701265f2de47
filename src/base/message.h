/*
 * message.h - sending and receiving the messages of wire.h.
 */
#ifndef QUIESCE_MESSAGE_H
#define QUIESCE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quiesce/wire.h"

struct wire_header {
    uint32_t type;
    uint32_t length;
};

/* What a receive buffer looks like; one static instance per program. */
struct wire_buffer {
    struct wire_header header;
    union wire_any body;
};

/* A message that has arrived.  The receiver owns the descriptors (all close-on-exec). */
struct wire_packet {
    uint32_t type;
    const void *body; /* into the wire_buffer */
    unsigned fds_count;
    int fds[WIRE_FDS_MAX];
};

/* One row of a receiver's table; handler is the receiver's own function type,
 * kept as an index so that this file needs to know none. */
struct wire_rule {
    uint8_t state;
    uint8_t peer;
    uint16_t type;
};

/* How a program makes its two tables out of a list of wire.h. */
#define WIRE_RULE(state, peer, type, handler) { state, peer, type },
#define WIRE_HANDLER(state, peer, type, handler) handler,

/*
 * Sends one message.
 *   socket  SOCK_SEQPACKET
 *   type    of WIRE_MESSAGES; body is the structure of that type
 *   fds     count descriptors, which the caller keeps
 * Waits while the socket is full.  Returns 0 or a negative errno.
 */
int wire_send(int socket, uint32_t type, const void *body, const int *fds, unsigned count);

/* The same, but -EAGAIN where wire_send would wait. */
int wire_send_now(int socket, uint32_t type, const void *body, const int *fds, unsigned count);

/*
 * Receives one message into buffer, waiting for it if the socket is blocking.
 * Returns 1 with packet filled; 0 at end of file; -EAGAIN; -EPROTO for a record
 * that no sender of ours makes (its descriptors are closed); or another
 * negative errno.
 */
int wire_receive(int socket, struct wire_buffer *buffer, struct wire_packet *packet);

/* The index of the rule for (state, peer, type) in rules, or -1 if there is none. */
int wire_find(const struct wire_rule *rules, size_t count, unsigned state, unsigned peer, uint32_t type);

/* What a trusted role does with a message: its rule's handler, from a table of the
 * same order as the rules. */
typedef void wire_handler(void *context, const struct wire_packet *packet);

/* For a message that may cross another on its way and then means nothing. */
wire_handler wire_ignore;

/* A receiver of a trusted role: what it needs to take one message. */
struct wire_receiver {
    const struct wire_rule *rules;
    wire_handler *const *handlers;
    size_t count;
    struct wire_buffer *buffer;
    void *context;
};

/* Receives one message from peer on socket and calls its handler.  Returns false
 * at end of file.  A message that is malformed or has no rule is fatal. */
bool wire_serve(const struct wire_receiver *receiver, int socket, unsigned peer, unsigned state);

/* Closes what a packet still owns. */
void wire_close(struct wire_packet *packet);

/* The name of a message type, for errors; "?" if there is none. */
const char *wire_name(uint32_t type);

/* The exact body length of a type; 0 for an unknown one. */
size_t wire_length(uint32_t type);

#endif
