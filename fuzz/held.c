/*
 * The decoder of the messages of a held session, both directions.
 *
 * The first byte: bit 0 the direction, the others how many descriptors came; then the record.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front/held_wire.h"
#include "fuzz.h"
#include "plans.h"

const char program_name[] = "fuzz-held";

static const struct {
    size_t length;
    int direction;
    unsigned fds;
} known[HELD_TYPES] = {
    [HELD_NONE] = {0, -1, 0},
#define X(type, body, direction, fds) [type] = {sizeof(body), direction, fds},
    HELD_MESSAGES(X)
#undef X
};

static bool ended(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

/* What was accepted is within what held.h says of it. */
static void check(const struct held_record *r, size_t length, unsigned fds, enum held_direction direction)
{
    const uint32_t type = r->header.type;

    FUZZ_CHECK(length >= sizeof(r->header) && r->header.magic == HELD_MAGIC && r->header.version == HELD_VERSION,
               "a record without its header");
    FUZZ_CHECK(type > HELD_NONE && type < HELD_TYPES && known[type].direction == (int)direction, "type %u", type);
    FUZZ_CHECK(r->header.length == known[type].length && length == sizeof(r->header) + known[type].length &&
                   fds == known[type].fds, "type %u with %zu bytes and %u descriptors", type, length, fds);
    if (type == HELD_THAW) {
        FUZZ_CHECK(ended(r->body.as_HELD_THAW.run_id, WIRE_RUN_ID_MAX) && r->body.as_HELD_THAW.failed <= 1, "THAW");
    } else if (type == HELD_END) {
        FUZZ_CHECK(r->body.as_HELD_END.signal >= 1 && r->body.as_HELD_END.signal <= 64, "END");
    } else if (type == HELD_READY_TOLD || type == HELD_STATE || type == HELD_ACCEPTED) {
        const struct held_status *s = &r->body.as_HELD_STATE;
        FUZZ_CHECK(ended(s->run_id, sizeof(s->run_id)) && s->state < HELD_STATES && s->step < RUN_STEPS && s->frozen <= 1,
                   "a state");
        FUZZ_CHECK(s->targets.length <= sizeof(s->targets.text) && s->targets.listed <= s->targets.count &&
                       s->targets.listed <= s->targets.length, "a list");
    } else if (type == HELD_NOTE) {
        FUZZ_CHECK(ended(r->body.as_HELD_NOTE.text, sizeof(r->body.as_HELD_NOTE.text)), "NOTE");
    } else if (type == HELD_FAILED) {
        FUZZ_CHECK(ended(r->body.as_HELD_FAILED.message, HELD_MESSAGE_MAX) &&
                       ended(r->body.as_HELD_FAILED.run_id, WIRE_RUN_ID_MAX), "FAILED");
    } else if (type == HELD_REFUSED) {
        FUZZ_CHECK(r->body.as_HELD_REFUSED.refusal < HELD_REFUSALS, "REFUSED");
    } else if (type == HELD_PROGRESS) {
        const struct msg_progress *p = &r->body.as_HELD_PROGRESS;
        FUZZ_CHECK(p->step < RUN_STEPS && p->kind < PROGRESS_KINDS && ended(p->plugin, sizeof(p->plugin)) &&
                       ended(p->text, sizeof(p->text)), "PROGRESS");
    }
}

/* Over a socket: what comes with no more than one descriptor is taken as the decoder says, and
 * its descriptor is handed on; of anything else none is kept. */
static void send_and_receive(const char *bytes, size_t length, unsigned fds, enum held_direction direction, int decoded)
{
    static struct held_record record; /* large */
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 3)];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int) * fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = fds > 0 ? &control : NULL,
                             .msg_controllen = fds > 0 ? CMSG_SPACE(sizeof(int) * fds) : 0};
    int ends[2], fd = -1, result;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no socket");
    }
    for (unsigned i = 0; i < fds; i++) {
        memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &ends[0], sizeof(int));
    }
    if (sendmsg(ends[0], &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length) {
        result = held_receive(ends[1], &record, &fd, direction);
        FUZZ_CHECK(result == (decoded == 0 ? 1 : fds > 1 ? -EPROTO : decoded), "%u descriptors: %d, but decoded %d", fds, result,
                   decoded);
        FUZZ_CHECK((fd >= 0) == (result == 1 && fds == 1), "descriptor %d with result %d", fd, result);
        if (fd >= 0) {
            close(fd);
        }
        if (result == 1) { /* what we would say is what would be taken */
            FUZZ_CHECK(held_send(ends[0], record.header.type, &record.body, ends[0]) == 0 &&
                           held_receive(ends[1], &record, &fd, direction) == 1, "it cannot be said again");
            if (fd >= 0) {
                close(fd);
            }
        }
    }
    FUZZ_CHECK(held_receive(ends[1], &record, &fd, direction) == -EAGAIN, "there is something where nothing is");
    /* Gone, with something unread: that is the end, as it is without. */
    record.body.as_HELD_STATUS.reserved = 0;
    FUZZ_CHECK(held_send(ends[1], HELD_STATUS, &record.body, -1) == 0, "it cannot be said");
    close(ends[0]);
    FUZZ_CHECK(held_receive(ends[1], &record, &fd, direction) == 0, "the end is not seen");
    close(ends[1]);
}

static void run(const char *bytes, size_t n)
{
    static struct held_record record; /* large */
    enum held_direction direction = n > 0 && bytes[0] & 1 ? HELD_TO_CALLER : HELD_TO_SESSION;
    unsigned fds = n > 0 ? (uint8_t)bytes[0] >> 1 & 3 : 0;
    size_t length = n > 0 ? n - 1 : 0;
    int result;

    length = length < sizeof(record) ? length : sizeof(record);
    memset(&record, 0xA5, sizeof(record));
    if (length > 0) {
        memcpy(&record, bytes + 1, length);
    }
    fuzz_meter_start();
    result = held_decode(&record, length, fds, direction);
    fuzz_meter_stop();
    if (result == 0) {
        check(&record, length, fds, direction);
    }
    if (length > 0 && fuzz_sometimes(bytes, n, 16)) {
        send_and_receive(bytes + 1, length, fds, direction, result);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
