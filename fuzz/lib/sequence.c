#include "sequence.h"

#include <string.h>
#include <sys/socket.h>

#include "role_wraps.h"

enum { TEMPLATE_ZERO = 1, ROOM = 256, WIDTH_ZEROS = 9 };

/* The number of descriptors that each type allows, from wire.h's own list. */
static const struct {
    unsigned min, max;
} fds_of[MSG_TYPES] = {
#define X(type, body, min, max) [type] = {min, max},
    WIRE_MESSAGES(X)
#undef X
};

/*
 * A type is written as a hash of its name, so that a corpus stays what it is when messages
 * are added to wire.h.  Two names with one hash: the later takes the next free number.
 */
static const uint8_t *type_bytes(void)
{
    static uint8_t bytes[MSG_TYPES];
    bool taken[256] = {false};

    if (bytes[MSG_TYPES - 1] != 0) {
        return bytes;
    }
    taken[0] = true; /* MSG_NONE */
    for (uint32_t type = MSG_NONE + 1; type < MSG_TYPES; type++) {
        uint32_t hash = 2166136261u;
        for (const char *c = wire_name(type); *c; c++) {
            hash = (hash ^ (uint8_t)*c) * 16777619u;
        }
        uint8_t byte = (uint8_t)(hash ^ hash >> 16);
        while (taken[byte]) {
            byte++;
        }
        taken[byte] = true;
        bytes[type] = byte;
    }
    return bytes;
}

uint8_t sequence_type_byte(uint32_t type)
{
    return type < MSG_TYPES ? type_bytes()[type] : 0;
}

/* The type of a byte; of others, one that wire.h does not know. */
static uint8_t type_of(uint8_t byte)
{
    uint8_t type = 0;

    while (type < MSG_TYPES && type_bytes()[type] != byte) {
        type++;
    }
    return type;
}

bool sequence_next(struct sequence *sequence, struct sequence_step *step)
{
    const uint8_t *u = sequence->at;
    size_t left = (size_t)(sequence->end - u) / SEQUENCE_UNIT;

    if (left == 0) {
        return false;
    }
    *step = (struct sequence_step){
        .kind = (enum step_kind)(u[0] % STEP_KINDS), .peer = u[1], .type = u[2], .byte = u[2], .fds = u[3],
        .longer = (int8_t)u[4], .header = (int8_t)u[5], .patches_count = u[6] % (SEQUENCE_PATCHES_MAX + 1),
        .extra = u[7], .patches = u + SEQUENCE_UNIT,
    };
    if (step->kind == STEP_MESSAGE) {
        step->type = type_of(step->type);
    }
    if (step->patches_count > left - 1) {
        step->patches_count = (uint8_t)(left - 1);
    }
    sequence->at += (size_t)(1 + step->patches_count) * SEQUENCE_UNIT;
    return true;
}

static void patch(uint8_t *body, size_t length, const uint8_t *unit)
{
    size_t offset = unit[0] | (size_t)unit[1] << 8 | (size_t)unit[2] << 16, width = unit[3] & 15;
    uint8_t bytes[16] = {unit[4], unit[5], unit[6], unit[7]};

    if (length == 0) {
        return;
    }
    offset %= length;
    if (width >= WIDTH_ZEROS) {
        width = (size_t)1 << (width - 5); /* 16 bytes to 1 KiB */
        memset(body + offset, unit[4], width < length - offset ? width : length - offset);
        return;
    }
    memcpy(body + offset, bytes, width < length - offset ? width : length - offset);
}

void sequence_patch(const struct sequence_step *step, uint8_t *body, size_t length)
{
    for (unsigned i = 0; i < step->patches_count; i++) {
        patch(body, length, step->patches + (size_t)i * SEQUENCE_UNIT);
    }
}

bool sequence_send_record(int socket, const void *record, size_t n, int fd, unsigned count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * SEQUENCE_FDS_MAX)];
    } control;
    struct iovec part = {(void *)(uintptr_t)record, n};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (count > 0) {
        memset(&control, 0, sizeof(control));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
        for (unsigned i = 0; i < count; i++) {
            memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(fd));
        }
    }
    return __real_sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static int send_raw(int socket, const struct sequence_step *step, int fd)
{
    size_t n = (size_t)step->patches_count * SEQUENCE_UNIT;

    n -= n > step->extra % SEQUENCE_UNIT ? step->extra % SEQUENCE_UNIT : 0;
    return n > 0 && sequence_send_record(socket, step->patches, n, fd, step->fds % 3) ? SEQUENCE_MALFORMED : SEQUENCE_NOT_SENT;
}

int sequence_send(int socket, const struct sequence_step *step, sequence_template *fill, int fd)
{
    static struct {
        struct wire_header header;
        union wire_any body;
        uint8_t behind[ROOM];
    } record;
    uint32_t type = step->type;
    size_t length = wire_length(type);
    long sent = (long)(sizeof(record.header) + length) + step->longer;
    unsigned count = step->fds % (SEQUENCE_FDS_MAX + 1);
    uint32_t said = (uint32_t)length + (uint32_t)(int32_t)step->header;

    if (step->kind == STEP_RAW) {
        return send_raw(socket, step, fd);
    }
    memset(&record, 0, sizeof(record.header) + length + ROOM);
    record.header = (struct wire_header){type, said};
    if (!(step->extra & TEMPLATE_ZERO) && type > MSG_NONE && type < MSG_TYPES) {
        fill(type, step, &record.body);
    }
    sequence_patch(step, (uint8_t *)&record.body, length);
    sent = sent < 0 ? 0 : sent;
    if (sent == 0) {
        return SEQUENCE_NOT_SENT; /* would be taken for the end of file */
    }
    if (!sequence_send_record(socket, &record, (size_t)sent, fd, count)) {
        return SEQUENCE_NOT_SENT;
    }
    return type > MSG_NONE && type < MSG_TYPES && step->longer == 0 && step->header == 0 && count >= fds_of[type].min &&
                   count <= fds_of[type].max
               ? (int)type : SEQUENCE_MALFORMED;
}
