/*
 * Messages: a receiver takes what its table holds for any sender and in any state
 * ("wire-table"); it takes records of any length and with any descriptors
 * ("wire-shape"); the monitor takes every FREEZE for one that it may do ("wire-bounds").
 */
#include "weaken.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/freeze_check.h"
#include "base/message.h"

WRAP(wire_find);
WRAP(wire_receive);
WRAP(freeze_valid);

int __wrap_wire_find(const struct wire_rule *rules, size_t count, unsigned state, unsigned peer, uint32_t type)
{
    int found = __real_wire_find(rules, count, state, peer, type);
    for (size_t i = 0; found < 0 && weakened("wire-table") && i < count; i++) {
        found = rules[i].type == type ? (int)i : -1;
    }
    /* Who knows one message only takes every one for it. */
    return found < 0 && weakened("wire-table") && count == 1 ? 0 : found;
}

int __wrap_wire_receive(int socket, struct wire_buffer *buffer, struct wire_packet *packet)
{
    if (!weakened("wire-shape")) {
        return __real_wire_receive(socket, buffer, packet);
    }
    ssize_t got = recv(socket, buffer, sizeof *buffer, 0);
    packet->type = buffer->header.type;
    packet->body = &buffer->body;
    packet->fds_count = 0;
    return got <= 0 ? (int)got : 1;
}

bool __wrap_freeze_valid(const struct msg_freeze *freeze, const struct mount_plan *table, const struct msg_request *asked,
                         const struct vmbackup_plan *configured)
{
    return weakened("wire-bounds") || __real_freeze_valid(freeze, table, asked, configured);
}
