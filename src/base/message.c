#include "base/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct message_facts {
    const char *name;
    size_t length;
    unsigned fds_min, fds_max;
};

static const struct message_facts facts[MSG_TYPES] = {
    [MSG_NONE] = { "?", 0, 0, 0 },
#define X(type, body, min, max) [type] = { #type, sizeof(body), min, max },
    WIRE_MESSAGES(X)
#undef X
};

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
};

const char *wire_name(uint32_t type)
{
    return facts[type < MSG_TYPES ? type : (uint32_t)MSG_NONE].name;
}

size_t wire_length(uint32_t type)
{
    return facts[type < MSG_TYPES ? type : (uint32_t)MSG_NONE].length;
}

static int send_flags(int socket, uint32_t type, const void *body, const int *fds, unsigned count, int flags)
{
    if (type == MSG_NONE || type >= MSG_TYPES || count < facts[type].fds_min || count > facts[type].fds_max) {
        return -EINVAL;
    }
    struct wire_header header = { type, (uint32_t)facts[type].length };
    struct iovec parts[2] = {
        { &header, sizeof header },
        { (void *)(uintptr_t)body, header.length },
    };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    union control control;
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = (socklen_t)CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *rights = &control.header;
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = (socklen_t)CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(rights), fds, sizeof(int) * count);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int wire_send(int socket, uint32_t type, const void *body, const int *fds, unsigned count)
{
    return send_flags(socket, type, body, fds, count, 0);
}

int wire_send_now(int socket, uint32_t type, const void *body, const int *fds, unsigned count)
{
    return send_flags(socket, type, body, fds, count, MSG_DONTWAIT);
}

void wire_close(struct wire_packet *packet)
{
    for (unsigned i = 0; i < packet->fds_count; i++) {
        (void)close(packet->fds[i]); /* nothing was written through it */
    }
    packet->fds_count = 0;
}

/* Takes the descriptors out of a received control buffer, whatever else is wrong. */
static int take_fds(struct msghdr *message, struct wire_packet *packet)
{
    int result = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            result = -EPROTO;
            continue;
        }
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (packet->fds_count == WIRE_FDS_MAX) {
                (void)close(fd);
                result = -EPROTO;
            } else {
                packet->fds[packet->fds_count++] = fd;
            }
        }
    }
    return result;
}

int wire_receive(int socket, struct wire_buffer *buffer, struct wire_packet *packet)
{
    struct iovec part = { buffer, sizeof *buffer };
    union control control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof control,
    };
    packet->fds_count = 0;
    ssize_t got;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return errno == ECONNRESET ? 0 : -errno;
    }
    int bad = take_fds(&message, packet);
    if (got == 0 && packet->fds_count == 0) {
        return 0;
    }
    const struct wire_header *header = &buffer->header;
    if (bad != 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
        (size_t)got < sizeof *header || header->type == MSG_NONE || header->type >= MSG_TYPES ||
        header->length != facts[header->type].length || (size_t)got != sizeof *header + header->length ||
        packet->fds_count < facts[header->type].fds_min || packet->fds_count > facts[header->type].fds_max) {
        wire_close(packet);
        return -EPROTO;
    }
    packet->type = header->type;
    packet->body = &buffer->body;
    return 1;
}

int wire_find(const struct wire_rule *rules, size_t count, unsigned state, unsigned peer, uint32_t type)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].state == state && rules[i].peer == peer && rules[i].type == type) {
            return (int)i;
        }
    }
    return -1;
}
