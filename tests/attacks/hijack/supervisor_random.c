/*
 * A supervisor that has been taken over, at random: what it says to the others, and
 * the report of an honest run.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/message.h"
#include "hijack.h"
#include "mutate.h"
#include "quiesce/report.h"
#include "supervisor.h"

/* ---- messages ------------------------------------------------------------------- */

/* A record as it is, with fds copies of a descriptor. */
static int send_raw(int socket, const void *bytes, size_t length, unsigned fds)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
    } control = { 0 };
    struct iovec part = { (void *)(uintptr_t)bytes, length };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    const int fd = REPORT;
    if (fds > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
        *CMSG_FIRSTHDR(&message) = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int) * fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
        };
        for (unsigned i = 0; i < fds; i++) {
            memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)) + i * sizeof(int), &fd, sizeof fd);
        }
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

static const struct mutate_field of_start[] = {
    NUMBER(struct msg_start, slot), NUMBER(struct msg_start, attempt), NUMBER(struct msg_start, pre_result),
    NUMBER(struct msg_start, snapshot_result), NUMBER(struct msg_start, reserved),
};
static const struct mutate_field of_slot[] = { NUMBER(struct msg_slot, slot) };
static const struct mutate_field of_freeze[] = {
    NUMBER(struct msg_freeze, count), NUMBER(struct msg_freeze, targets[0].index),
    NUMBER(struct msg_freeze, targets[0].level), NUMBER(struct msg_freeze, targets[1]), BYTES(struct msg_freeze, targets),
    /* Not the time: of a freeze that is let through the test would have to wait for the end. */
};
static const struct mutate_field of_progress[] = {
    NUMBER(struct msg_progress, step), NUMBER(struct msg_progress, kind), NUMBER(struct msg_progress, failed),
    NUMBER(struct msg_progress, attempt), NUMBER(struct msg_progress, at_ns), NUMBER(struct msg_progress, budget_ns),
    TEXT(struct msg_progress, plugin), TEXT(struct msg_progress, text), BYTES(struct msg_progress, text),
};
static const struct mutate_field of_ready[] = {
    NUMBER(struct msg_ready, frozen), NUMBER(struct msg_ready, file_systems), NUMBER(struct msg_ready, deadline_boottime_ns),
};
static const struct mutate_field of_result[] = { NUMBER(struct msg_result, outcome), NUMBER(struct msg_result, exit_status) };
static const struct mutate_field of_nothing[] = { NUMBER(struct msg_nothing, reserved) };

#define FIELDS(table) table, sizeof table / sizeof table[0]
static const struct saying {
    int socket;
    uint32_t type;
    const struct mutate_field *fields;
    uint32_t count;
} sayings[] = {
    { LAUNCHER, MSG_START, FIELDS(of_start) },  { LAUNCHER, MSG_START, FIELDS(of_start) },
    { LAUNCHER, MSG_TERM, FIELDS(of_slot) },    { LAUNCHER, MSG_KILL, FIELDS(of_slot) },
    { MONITOR, MSG_FREEZE, FIELDS(of_freeze) }, { MONITOR, MSG_THAW, FIELDS(of_nothing) },
    { MONITOR, MSG_DONE, FIELDS(of_nothing) },  { FRONT, MSG_PROGRESS, FIELDS(of_progress) },
    { FRONT, MSG_PROGRESS, FIELDS(of_progress) }, { FRONT, MSG_READY, FIELDS(of_ready) },
    { FRONT, MSG_RESULT, FIELDS(of_result) },
};

/* One of the first kinds of the table. */
static void say_at_random(uint32_t kinds)
{
    static struct {
        struct wire_header header;
        union {
            char bytes[WIRE_BODY_MAX + 16];
            struct msg_start start;
            struct msg_freeze freeze;
        };
    } m;
    const struct saying *s = &sayings[mutate_below(kinds)];
    memset(&m, 0, sizeof m);
    m.header = (struct wire_header){ s->type, (uint32_t)wire_length(s->type) };
    size_t length = sizeof m.header + m.header.length;
    unsigned fds = s->type == MSG_RESULT;
    if (s->type == MSG_START) {
        m.start = (struct msg_start){ .slot = mutate_below(6), .attempt = 1 + mutate_below(3) };
    } else if (s->type == MSG_FREEZE) {
        m.freeze = (struct msg_freeze){ .count = 1, .timeout_ms = 1 + mutate_below(500) };
        m.freeze.targets[0].index = mutate_below(4);
    }
    mutate(m.bytes, s->fields, s->count, mutate_below(4) == 0 ? 1 + mutate_below(2) : 0);
    switch (mutate_below(24)) { /* mostly as it should be, or what comes later is never reached */
    case 0:
        m.header.type = mutate_below(MSG_TYPES + 2);
        break;
    case 1:
        m.header.length = (uint32_t)mutate_random();
        break;
    case 2:
        length = mutate_below(3) == 0 ? mutate_below(8) : length + mutate_below(9) - 4;
        break;
    case 3:
        fds = mutate_below(WIRE_FDS_MAX + 1);
        break;
    default:
        break;
    }
    (void)send_raw(s->socket, &m, length, fds);
}

static void messages(void)
{
    enum { RUN_MS = 15, TO_LAUNCHER = 4 };
    static const uint32_t longest[] = { 4, 16, 64 };
    struct epoll_event event;
    mutate_seed(hijack_number("seed", 1));
    if (mutate_below(8) != 0) { /* else at once, whatever the others are doing */
        supervisor_load();
    }
    /* To the launcher alone, of which each message may be the last; or to all. */
    const uint32_t kinds = mutate_below(2) == 0 ? TO_LAUNCHER : sizeof sayings / sizeof sayings[0];
    for (uint32_t i = 1 + mutate_below(longest[mutate_below(3)]); i > 0; i--) {
        say_at_random(kinds);
    }
    (void)epoll_wait(epoll_create1(0), &event, 1, RUN_MS); /* what was started has time to do something */
    supervisor_end(0);
}

HIJACK(messages, "messages", NULL, messages);

/* ---- the report, spoiled --------------------------------------------------------------------------------- */

#define R(member) NUMBER(struct report, member)
static const struct mutate_field of_report[] = {
    R(version), R(mode), BYTES(struct report, run_id), R(continue_on_failure), R(finished), R(outcome), R(grade),
    R(exit_status), R(started_realtime_ns), R(duration_ns), R(step_at_ns[0]), R(step_took_ns[7]), R(snapshot),
    R(snapshot.exit_code), R(snapshot.signal), R(message.offset), R(message.length), R(host_timeout_seconds),
    R(freeze_timeout_seconds), R(has_cgroup), R(documents_count), R(attempts_count), R(denied_count), R(fs_count),
    R(findings_count), R(plugins_count), R(documents[0].kind), R(documents[0].path.offset), R(documents[0].path.length),
    R(hooks[0].used), R(hooks[0].attempts_total), R(hooks[0].plugin.offset), R(hooks[0].path.length), R(hooks[31].used),
    R(attempts[0].slot), R(attempts[0].number), R(attempts[0].ran), R(attempts[0].timed_out), R(attempts[0].start_step),
    R(attempts[0].start_error), R(attempts[0].exit_code), R(attempts[0].signal), R(attempts[0].duration_ns),
    R(attempts[0].survivors), R(attempts[0].denied_total), R(attempts[0].out.bytes), R(attempts[0].out.head.offset),
    R(attempts[0].out.tail.length), R(attempts[0].err.head.length), R(attempts[1].slot), R(attempts[1].out.tail.offset),
    R(denied[0].attempt), R(denied[0].number), R(denied[0].arch), R(denied[0].error), R(denied[0].args[1]),
    R(denied[0].count), TEXT(struct report, denied[0].comm), R(fs[0].level), R(fs[0].error), R(fs[0].skip), R(fs[0].state),
    TEXT(struct report, fs[0].type), R(fs[0].mount_point.offset), R(fs[0].device.length), R(fs[0].frozen_ns), R(fs[1].level),
    R(findings[0].code), R(findings[0].severity), R(findings[0].kind), R(findings[0].line), R(findings[0].column),
    R(findings[0].file.length), R(findings[0].message.offset), R(plugins[0].used), R(plugins[0].name.offset),
    R(plugins[0].user.length), R(plugins[0].timeout_seconds), R(plugins[0].retries), R(plugins[0].uid),
    R(plugins[0].has_policy), R(plugins[0].effective.flags), R(plugins[0].effective.cap_ambient),
    R(plugins[0].effective.rlimits_count), R(plugins[0].effective.rlimits[0].resource), R(plugins[0].effective.env_count),
    R(plugins[0].effective.paths_count), R(plugins[0].effective.paths[0].offset), R(plugins[0].effective.filter_length),
    BYTES(struct report, plugins[0].effective.filter), BYTES(struct report, plugins[0].effective.paths_text),
    R(text_length), BYTES(struct report, attempts), BYTES(struct report, hooks), BYTES(struct report, fs),
    BYTES(struct report, findings), BYTES(struct report, plugins[0].name),
};

WRAP(munmap);

static bool spoils;

/* An honest run to its end; then what the front is about to get is spoiled. */
static void spoil_report(void)
{
    spoils = true;
}

int __wrap_munmap(void *at, size_t length)
{
    if (spoils && length == sizeof(struct report)) {
        struct report *r = at;
        mutate_seed(hijack_number("seed", 1));
        mutate(r, of_report, sizeof of_report / sizeof of_report[0], 1 + mutate_below(3));
        if (mutate_below(4) == 0 && r->text_length > 0 && r->text_length <= REPORT_TEXT_MAX) { /* what it prints */
            r->text[mutate_below(r->text_length)] = (char)(mutate_below(2) != 0 ? mutate_random() : mutate_below(0x80));
        }
    }
    return __real_munmap(at, length);
}

HIJACK(report, "report", NULL, spoil_report);
