#include "front/held_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quiesce/outcome.h"

/* ---- what a body may be ------------------------------------------------------------- */

static bool id_ok(const char id[WIRE_RUN_ID_MAX])
{
    return id[WIRE_RUN_ID_MAX - 1] == '\0' && strspn(id, "0123456789abcdef") == WIRE_RUN_ID_MAX - 1;
}

static bool id_or_none(const char id[WIRE_RUN_ID_MAX])
{
    return id[0] == '\0' || id_ok(id);
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

bool held_targets_valid(const struct msg_targets *t)
{
    uint32_t strings = 0;
    if (t->count > PLAN_FS_MAX || t->listed > t->count || t->length > sizeof t->text) {
        return false;
    }
    for (uint32_t i = 0; i < t->length; i++) {
        strings += t->text[i] == '\0' ? 1 : 0;
    }
    return strings == t->listed && (t->length == 0 || t->text[t->length - 1] == '\0');
}

typedef bool check(const union held_body *body);

static bool thaw_ok(const union held_body *b)
{
    return id_or_none(b->as_HELD_THAW.run_id) && b->as_HELD_THAW.failed <= 1;
}

static bool end_ok(const union held_body *b)
{
    return b->as_HELD_END.signal >= 1 && b->as_HELD_END.signal <= 64;
}

static bool nothing_ok(const union held_body *b)
{
    return b->as_HELD_STATUS.reserved == 0;
}

static bool status_ok(const union held_body *b)
{
    const struct held_status *s = &b->as_HELD_STATE;
    return id_ok(s->run_id) && s->state < HELD_STATES && s->step < RUN_STEPS && s->frozen <= 1 && held_targets_valid(&s->targets);
}

static bool progress_ok(const union held_body *b)
{
    const struct msg_progress *m = &b->as_HELD_PROGRESS;
    return m->step < RUN_STEPS && m->kind < PROGRESS_KINDS && ends(m->plugin, sizeof m->plugin) && ends(m->text, sizeof m->text);
}

static bool note_ok(const union held_body *b)
{
    return ends(b->as_HELD_NOTE.text, sizeof b->as_HELD_NOTE.text);
}

static bool result_ok(const union held_body *b)
{
    return b->as_HELD_RESULT.outcome < OUTCOMES && b->as_HELD_RESULT.exit_status <= 255;
}

static bool failed_ok(const union held_body *b)
{
    const struct held_failed *f = &b->as_HELD_FAILED;
    return f->exit_status >= 1 && f->exit_status <= 255 && id_or_none(f->run_id) && ends(f->message, sizeof f->message);
}

static bool refused_ok(const union held_body *b)
{
    return b->as_HELD_REFUSED.refusal < HELD_REFUSALS && id_ok(b->as_HELD_REFUSED.run_id);
}

static const struct {
    size_t length;
    enum held_direction direction;
    unsigned fds;
} facts[HELD_TYPES] = {
#define X(type, body, direction, fds) [type] = { sizeof(body), direction, fds },
    HELD_MESSAGES(X)
#undef X
};

static check *const checks[HELD_TYPES] = {
    [HELD_THAW] = thaw_ok,         [HELD_STATUS] = nothing_ok,   [HELD_END] = end_ok,         [HELD_TAKEN] = nothing_ok,
    [HELD_LEAVE] = nothing_ok,     [HELD_READY_TOLD] = status_ok, [HELD_STATE] = status_ok,   [HELD_ACCEPTED] = status_ok,
    [HELD_PROGRESS] = progress_ok, [HELD_NOTE] = note_ok,        [HELD_RESULT] = result_ok,   [HELD_FAILED] = failed_ok,
    [HELD_REFUSED] = refused_ok,
};

int held_decode(const struct held_record *record, size_t length, unsigned fds, enum held_direction direction)
{
    const struct held_header *header = &record->header;
    if (length < sizeof *header || header->magic != HELD_MAGIC) {
        return -EPROTO;
    }
    if (header->version != HELD_VERSION) {
        return -EPROTONOSUPPORT;
    }
    if (header->type == HELD_NONE || header->type >= HELD_TYPES || facts[header->type].direction != direction
        || header->length != facts[header->type].length || length != sizeof *header + header->length || fds != facts[header->type].fds
        || !checks[header->type](&record->body)) {
        return -EPROTO;
    }
    return 0;
}

_Static_assert(offsetof(struct held_record, body) == sizeof(struct held_header), "a record has no gap");

/* ---- sockets -------------------------------------------------------------------------- */

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

int held_send(int socket, enum held_type type, const void *body, int fd)
{
    struct held_header header = { HELD_MAGIC, HELD_VERSION, type, (uint32_t)facts[type].length };
    struct iovec parts[2] = { { &header, sizeof header }, { (void *)(uintptr_t)body, header.length } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    union control control;
    if (facts[type].fds > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int held_receive(int socket, struct held_record *record, int *fd, enum held_direction direction)
{
    struct iovec part = { record, sizeof *record };
    union control control;
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    unsigned fds = 0;
    int got_fd = -1;
    if (fd != NULL) {
        *fd = -1;
        message.msg_control = &control;
        message.msg_controllen = CMSG_LEN(sizeof got_fd); /* not a byte more: the kernel would fill it */
    }
    ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == ECONNRESET) {
        /* Closed with something of ours unread.  That is said once; what it sent before follows. */
        got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    }
    if (got < 0) {
        return -errno;
    }
    /* Room for one: of more the kernel makes none that is not seen here, and says so. */
    struct cmsghdr *c = fd != NULL ? CMSG_FIRSTHDR(&message) : NULL;
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof got_fd)) {
        memcpy(&got_fd, CMSG_DATA(c), sizeof got_fd);
        fds = 1;
    }
    if (got == 0 && fds == 0 && (message.msg_flags & MSG_CTRUNC) == 0) {
        return 0;
    }
    bool cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    int status = cut ? -EPROTO : held_decode(record, (size_t)got, fds, direction);
    if (status != 0 && got_fd >= 0) {
        close(got_fd);
    } else if (fd != NULL) {
        *fd = got_fd;
    }
    return status == 0 ? 1 : status;
}
