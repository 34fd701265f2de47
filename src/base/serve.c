/*
 * Dispatch of the trusted roles; apart from message.c, because it ends the process.
 */
#include "base/fatal.h"
#include "base/message.h"

void wire_ignore(void *context, const struct wire_packet *packet)
{
}

bool wire_serve(const struct wire_receiver *receiver, int socket, unsigned peer, unsigned state)
{
    struct wire_packet packet;
    int got = wire_receive(socket, receiver->buffer, &packet);
    if (got == 0) {
        return false;
    }
    if (got < 0) {
        fatal("a malformed message", got);
    }
    int rule = wire_find(receiver->rules, receiver->count, state, peer, packet.type);
    if (rule < 0) {
        fatal_word("a message out of place", wire_name(packet.type));
    }
    receiver->handlers[rule](receiver->context, &packet);
    return true;
}
