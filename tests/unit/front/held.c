/*
 * Held sessions: what is a message and what is not, who may say what when, and what
 * comes through a socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/held_call.h"
#include "front/held_session.h"

static const char id[WIRE_RUN_ID_MAX] = "0123456789abcdef0123456789abcdef";

/* A good record of each type; its length is that of the whole record. */
static size_t make(struct held_record *r, uint32_t type)
{
    static const size_t lengths[HELD_TYPES] = {
#define X(name, body, direction, fds) [name] = sizeof(body),
        HELD_MESSAGES(X)
#undef X
    };
    memset(r, 0, sizeof *r);
    r->header = (struct held_header){ HELD_MAGIC, HELD_VERSION, type, (uint32_t)lengths[type] };
    if (type == HELD_END) {
        r->body.as_HELD_END.signal = 2;
    } else if (type == HELD_STATE || type == HELD_READY_TOLD || type == HELD_ACCEPTED) {
        memcpy(r->body.as_HELD_STATE.run_id, id, sizeof id);
    } else if (type == HELD_FAILED) {
        r->body.as_HELD_FAILED.exit_status = 70;
    } else if (type == HELD_REFUSED) {
        memcpy(r->body.as_HELD_REFUSED.run_id, id, sizeof id);
    }
    return sizeof r->header + lengths[type];
}

static const struct {
    enum held_direction direction;
    unsigned fds;
} facts[HELD_TYPES] = {
#define X(name, body, direction, fds) [name] = { direction, fds },
    HELD_MESSAGES(X)
#undef X
};

static void only_what_is_exact(void **state)
{
    (void)state;
    static struct held_record r;
    for (uint32_t type = HELD_NONE + 1; type < HELD_TYPES; type++) {
        const enum held_direction right = facts[type].direction, wrong = right == HELD_TO_CALLER ? HELD_TO_SESSION : HELD_TO_CALLER;
        size_t length = make(&r, type);
        assert_int_equal(held_decode(&r, length, facts[type].fds, right), 0);
        assert_int_equal(held_decode(&r, length, facts[type].fds, wrong), -EPROTO);
        for (unsigned fds = 0; fds < 3; fds++) {
            assert_int_equal(held_decode(&r, length, fds, right), fds == facts[type].fds ? 0 : -EPROTO);
        }
        for (size_t other = 0; other <= sizeof r; other++) {
            assert_int_equal(held_decode(&r, other, facts[type].fds, right), other == length ? 0 : -EPROTO);
        }
        r.header.length++;
        assert_int_equal(held_decode(&r, length, facts[type].fds, right), -EPROTO);
        assert_int_equal(held_decode(&r, length + 1, facts[type].fds, right), -EPROTO);
        make(&r, type);
        r.header.magic++;
        assert_int_equal(held_decode(&r, length, facts[type].fds, right), -EPROTO);
        make(&r, type);
        r.header.version++;
        assert_int_equal(held_decode(&r, length, facts[type].fds, right), -EPROTONOSUPPORT);
    }
    make(&r, HELD_STATUS);
    static const uint32_t none[] = { HELD_NONE, HELD_TYPES, UINT32_MAX };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        r.header.type = none[i];
        assert_int_equal(held_decode(&r, sizeof r.header + r.header.length, 0, HELD_TO_SESSION), -EPROTO);
    }
}

/* Each breaks one field of a good record. */
static void id_in_capitals(struct held_record *r)
{
    r->body.as_HELD_THAW.run_id[0] = 'A';
}
static void id_without_end(struct held_record *r)
{
    memset(r->body.as_HELD_THAW.run_id, 'a', WIRE_RUN_ID_MAX);
}
static void failed_twice(struct held_record *r)
{
    r->body.as_HELD_THAW.failed = 2;
}
static void signal_0(struct held_record *r)
{
    r->body.as_HELD_END.signal = 0;
}
static void signal_65(struct held_record *r)
{
    r->body.as_HELD_END.signal = 65;
}
static void something(struct held_record *r)
{
    r->body.as_HELD_STATUS.reserved = 1;
}
static void state_beyond(struct held_record *r)
{
    r->body.as_HELD_STATE.state = HELD_STATES;
}
static void step_beyond(struct held_record *r)
{
    r->body.as_HELD_STATE.step = RUN_STEPS;
}
static void half_frozen(struct held_record *r)
{
    r->body.as_HELD_STATE.frozen = 2;
}
static void more_listed(struct held_record *r)
{
    r->body.as_HELD_STATE.targets.listed = 1;
}
static void too_many(struct held_record *r)
{
    r->body.as_HELD_STATE.targets.count = PLAN_FS_MAX + 1;
}
static void too_long(struct held_record *r)
{
    r->body.as_HELD_STATE.targets.length = PLAN_SKIP_TEXT_MAX + 1;
}
static void list_without_end(struct held_record *r)
{
    struct msg_targets *t = &r->body.as_HELD_STATE.targets;
    *t = (struct msg_targets){ .count = 1, .listed = 1, .length = 3, .text = "\0/a" };
}
static void progress_without_end(struct held_record *r)
{
    memset(r->body.as_HELD_PROGRESS.text, 'a', sizeof r->body.as_HELD_PROGRESS.text);
}
static void kind_beyond(struct held_record *r)
{
    r->body.as_HELD_PROGRESS.kind = PROGRESS_KINDS;
}
static void note_without_end(struct held_record *r)
{
    memset(r->body.as_HELD_NOTE.text, 'a', sizeof r->body.as_HELD_NOTE.text);
}
static void outcome_beyond(struct held_record *r)
{
    r->body.as_HELD_RESULT.outcome = UINT32_MAX;
}
static void exit_beyond(struct held_record *r)
{
    r->body.as_HELD_RESULT.exit_status = 256;
}
static void failed_well(struct held_record *r)
{
    r->body.as_HELD_FAILED.exit_status = 0;
}
static void message_without_end(struct held_record *r)
{
    memset(r->body.as_HELD_FAILED.message, 'a', sizeof r->body.as_HELD_FAILED.message);
}
static void refusal_beyond(struct held_record *r)
{
    r->body.as_HELD_REFUSED.refusal = HELD_REFUSALS;
}

static void every_field_has_bounds(void **state)
{
    (void)state;
    static const struct {
        enum held_type type;
        void (*spoil)(struct held_record *r);
    } rows[] = {
        { HELD_THAW, id_in_capitals },      { HELD_THAW, id_without_end },    { HELD_THAW, failed_twice },
        { HELD_END, signal_0 },             { HELD_END, signal_65 },          { HELD_STATUS, something },
        { HELD_TAKEN, something },          { HELD_LEAVE, something },        { HELD_STATE, state_beyond },
        { HELD_READY_TOLD, step_beyond },   { HELD_ACCEPTED, half_frozen },   { HELD_STATE, more_listed },
        { HELD_STATE, too_many },           { HELD_STATE, too_long },         { HELD_STATE, list_without_end },
        { HELD_PROGRESS, progress_without_end }, { HELD_PROGRESS, kind_beyond }, { HELD_NOTE, note_without_end },
        { HELD_RESULT, outcome_beyond },    { HELD_RESULT, exit_beyond },     { HELD_FAILED, failed_well },
        { HELD_FAILED, message_without_end }, { HELD_REFUSED, refusal_beyond },
    };
    static struct held_record r;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = make(&r, rows[i].type);
        rows[i].spoil(&r);
        if (held_decode(&r, length, facts[rows[i].type].fds, facts[rows[i].type].direction) != -EPROTO) {
            fail_msg("row %zu is taken", i);
        }
    }
}

/* Whatever the bytes are, it answers, and what it takes can be read as a list. */
static void random_records(void **state)
{
    (void)state;
    static struct held_record r;
    unsigned taken = 0;
    srandom(1);
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t type = 1 + (uint32_t)random() % (HELD_TYPES - 1);
        size_t length = make(&r, type);
        for (long changes = random() % 3; changes > 0; changes--) {
            ((unsigned char *)&r)[(size_t)random() % length] = (unsigned char)random();
        }
        if (held_decode(&r, length, facts[type].fds, facts[type].direction) == 0) {
            taken++;
            if (r.header.type == HELD_STATE) {
                assert_true(held_targets_valid(&r.body.as_HELD_STATE.targets));
            }
        }
    }
    assert_true(taken > 1000 && taken < 200000);
}

/* ---- who may say what ------------------------------------------------------------------- */

/* By state, then by caller: the types that are taken, as letters T)HAW S)TATUS E)ND t)AKEN L)EAVE. */
static const char *const may[HELD_STATES][HELD_PEERS] = {
    [HELD_STARTING] = { [HELD_STARTER] = "E", [HELD_NEW] = "TS" },
    [HELD_READY] = { [HELD_STARTER] = "Et", [HELD_NEW] = "TS" },
    [HELD_ENDING] = { [HELD_STARTER] = "Et", [HELD_NEW] = "TS" },
    [HELD_OVER] = { [HELD_STARTER] = "Et", [HELD_NEW] = "TSL", [HELD_TOLD] = "t" },
};

static void every_state_caller_and_type(void **state)
{
    (void)state;
    static const char letters[HELD_TYPES] = {
        [HELD_THAW] = 'T', [HELD_STATUS] = 'S', [HELD_END] = 'E', [HELD_TAKEN] = 't', [HELD_LEAVE] = 'L',
    };
    for (unsigned s = 0; s < HELD_STATES + 2; s++) {
        for (unsigned peer = 0; peer < HELD_PEERS + 2; peer++) {
            for (uint32_t type = 0; type < HELD_TYPES + 3; type++) {
                const char *list = s < HELD_STATES && peer < HELD_PEERS ? may[s][peer] : NULL;
                bool wanted = list != NULL && type < HELD_TYPES && letters[type] != '\0' && strchr(list, letters[type]) != NULL;
                bool is = held_rule((enum held_state)s, (enum held_peer)peer, type) >= 0;
                if (is != wanted) {
                    fail_msg("state %u, caller %u, type %u: %d", s, peer, type, is);
                }
            }
        }
    }
}

static void every_wish_and_type(void **state)
{
    (void)state;
    static const uint32_t freeze = 1u << HELD_PROGRESS | 1u << HELD_NOTE | 1u << HELD_READY_TOLD | 1u << HELD_RESULT | 1u << HELD_FAILED;
    static const uint32_t may_say[HELD_WISHES] = {
        [HELD_WISH_FREEZE] = freeze,
        [HELD_WISH_THAW] = (freeze & ~(1u << HELD_READY_TOLD)) | 1u << HELD_ACCEPTED | 1u << HELD_REFUSED,
        [HELD_WISH_STATUS] = 1u << HELD_STATE | 1u << HELD_REFUSED,
    };
    for (unsigned wish = 0; wish < HELD_WISHES; wish++) {
        for (uint32_t type = 0; type < HELD_TYPES + 3; type++) {
            assert_int_equal(held_caller_rule((enum held_wish)wish, type) >= 0, may_say[wish] >> type & 1);
        }
    }
}

/* ---- sockets ------------------------------------------------------------------------------- */

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
}

static void send_with(int socket, const struct held_record *r, size_t length, unsigned fds, int fd)
{
    enum { MOST = 4 };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * MOST)];
    } control;
    struct iovec part = { (void *)(uintptr_t)r, length };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    memset(&control, 0, sizeof control);
    if (fds > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * fds);
        for (unsigned i = 0; i < fds; i++) {
            memcpy(CMSG_DATA(&control.header) + i * sizeof fd, &fd, sizeof fd);
        }
    }
    assert_true(sendmsg(socket, &message, 0) >= 0);
}

/* Nothing that somebody sends stays open here. */
static void descriptors(void **state)
{
    (void)state;
    static struct held_record r, got;
    int ends[2], file = memfd_create("held", MFD_CLOEXEC), fd = -1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    unsigned before = open_descriptors();
    size_t length = make(&r, HELD_STATUS);
    for (unsigned fds = 0; fds < 4; fds++) {
        send_with(ends[0], &r, length, fds, file);
        assert_int_equal(held_receive(ends[1], &got, NULL, HELD_TO_SESSION), fds == 0 ? 1 : -EPROTO);
        send_with(ends[0], &r, 0, fds, file);
        assert_int_equal(held_receive(ends[1], &got, NULL, HELD_TO_SESSION), fds == 0 ? 0 : -EPROTO);
    }
    length = make(&r, HELD_RESULT);
    for (unsigned fds = 0; fds < 4; fds++) {
        send_with(ends[0], &r, length, fds, file);
        assert_int_equal(held_receive(ends[1], &got, &fd, HELD_TO_CALLER), fds == 1 ? 1 : -EPROTO);
        assert_int_equal(fd >= 0, fds == 1);
        assert_int_equal(open_descriptors(), before + (fds == 1 ? 1 : 0));
        if (fd >= 0) {
            assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
            close(fd);
        }
    }
    assert_int_equal(held_receive(ends[1], &got, &fd, HELD_TO_CALLER), -EAGAIN);
    close(ends[0]);
    assert_int_equal(held_receive(ends[1], &got, &fd, HELD_TO_CALLER), 0);
    close(ends[1]);
    close(file);
}

static void who_does_not_read_holds_nobody_up(void **state)
{
    (void)state;
    static const struct held_note note = { "text" };
    static struct held_record got;
    int ends[2], status = 0;
    unsigned sent = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    while ((status = held_send(ends[0], HELD_NOTE, &note, -1)) == 0) {
        sent++;
    }
    assert_int_equal(status, -EAGAIN);
    assert_true(sent > 8);
    assert_int_equal(held_receive(ends[1], &got, NULL, HELD_TO_CALLER), 1);
    assert_string_equal(got.body.as_HELD_NOTE.text, "text");
    assert_int_equal(held_send(ends[0], HELD_NOTE, &note, -1), 0);
    /* It closes with something unread: what it said before that still arrives. */
    assert_int_equal(held_send(ends[1], HELD_NOTE, &note, -1), 0);
    close(ends[1]);
    assert_int_equal(held_receive(ends[0], &got, NULL, HELD_TO_CALLER), 1);
    assert_int_equal(held_receive(ends[0], &got, NULL, HELD_TO_CALLER), 0);
    assert_int_equal(held_send(ends[0], HELD_NOTE, &note, -1), -EPIPE);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_exact),
        cmocka_unit_test(every_field_has_bounds),
        cmocka_unit_test(random_records),
        cmocka_unit_test(every_state_caller_and_type),
        cmocka_unit_test(every_wish_and_type),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(who_does_not_read_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
