/*
 * run.c - the run: which step follows which, and who may say what in between.
 *
 * MUST end the process on anything that SUPERVISOR_RULES does not hold.
 * MUST NOT write anything to a disk between FREEZE and THAWED.
 */
#include "run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "attempt.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/report.h"
#include "denials.h"
#include "documents.h"
#include "finish.h"
#include "hooks.h"
#include "progress.h"
#include "steps.h"
#include "survey.h"

static void watch_peers(struct run *run);

/* ---- handlers ------------------------------------------------------------------ */

static bool list_ok(const struct mount_list *list)
{
    uint32_t strings = 0;

    if (list->count > PLAN_SKIP_MAX || list->length > PLAN_SKIP_TEXT_MAX)
        return false;
    for (uint32_t i = 0; i < list->length; i++)
        strings += list->text[i] == '\0';
    return strings == list->count && (list->length == 0 || list->text[list->length - 1] == '\0');
}

static void on_options(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    struct msg_options *o = &run->options;

    (void)hook;
    memcpy(o, packet->body, sizeof(*o));
    if (strnlen(o->run_id, sizeof(o->run_id)) != WIRE_RUN_ID_MAX - 1 ||
        strspn(o->run_id, "0123456789abcdef") != WIRE_RUN_ID_MAX - 1 || o->mode >= RUN_MODES ||
        o->allow_crash >= CRASH_CHOICES || o->held > (o->mode == MODE_RUN) || o->freeze_timeout_seconds > PLAN_FREEZE_TIMEOUT_MAX ||
        !list_ok(&o->mounts) || !list_ok(&o->exclude))
        fatal("OPTIONS out of their bounds", 0);
    memcpy(run->report->run_id, o->run_id, sizeof(run->report->run_id));
    run->report->mode = o->mode;
    run->report->held.held = o->held;
    steps_load(run);
}

static void on_document(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    if (documents_take(run, packet))
        run->state = SUPERVISOR_ANSWER;
}

static void on_answer(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    documents_answer(run, packet);
    run->state = SUPERVISOR_LOADING;
}

/* The monitor is read from here on, so that the whole of the front's part is there
 * before anything is decided. */
static void on_topology(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    if (run->has_topology)
        fatal("a second TOPOLOGY", 0);
    survey_topology(run, packet->body);
    run->has_topology = true;
    watch_peers(run);
}

static void on_loaded(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    memcpy(&run->loaded, packet->body, sizeof(run->loaded));
    steps_loaded(run);
}

static void on_started(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    hooks_started(run, packet);
}

static void on_denied(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    denials_told(run, hook, packet->body);
}

static void on_denied_more(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    denials_counted(run, hook, packet->body);
}

static void on_limited(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    attempt_limited(run, hook, packet->body);
}

static void on_execed(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    hooks_execed(run, hook, packet);
}

static void on_exec_failed(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    hooks_exec_failed(run, hook, packet->body);
}

static void on_exited(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    hooks_exited(run, hook, packet->body);
}

static void on_frozen(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    steps_frozen(run, packet->body);
}

static void on_survey(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    survey_document(run, packet);
}

static void on_survey_answer(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    survey_answer(run, packet);
}

static void on_topology_again(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    survey_topology(run, packet->body);
    survey_replan(run);
}

static void on_release(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    steps_release(run, packet->body);
}

static void on_release_late(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    steps_release_late(run, packet->body);
}

static void on_thawed(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    steps_thawed(run, packet->body);
}

static void on_thawed_early(struct run *run, struct wire_packet *packet, struct hook *hook)
{
    (void)hook;
    steps_thawed_early(run, packet->body);
}

/* ---- the table ------------------------------------------------------------------ */

static const struct wire_rule rules[] = {
#define X(state, peer, type, handler) {state, peer, type},
    SUPERVISOR_RULES(X)
#undef X
};

static void (*const handlers[])(struct run *, struct wire_packet *, struct hook *) = {
#define X(state, peer, type, handler) handler,
    SUPERVISOR_RULES(X)
#undef X
};

int run_rule(enum supervisor_state state, enum wire_peer peer, uint32_t type)
{
    return wire_find(rules, sizeof(rules) / sizeof(rules[0]), state, peer, type);
}

/* Reads one message.  False: the other end is gone. */
static bool receive(struct run *run, const struct source *source, enum wire_peer peer, struct hook *hook)
{
    struct wire_packet packet;
    int rule, got = wire_receive(source->fd, &run->buffer, &packet);

    if (got == -EAGAIN)
        return true;
    if (got == 0)
        return false;
    if (got < 0)
        fatal("a malformed message", got);
    if (run->over) { /* what comes now was sent before RESULT was read */
        wire_close(&packet);
        return true;
    }
    rule = run_rule(run->state, peer, packet.type);
    if (rule < 0)
        fatal("a message out of place", (int)packet.type);
    handlers[rule](run, &packet, hook);
    return true;
}

static void front_ready(struct run *run, struct source *source, uint32_t events)
{
    (void)events;
    if (!receive(run, source, PEER_FRONT, NULL)) {
        source_close(source);
        steps_front_gone(run);
    }
}

static void monitor_ready(struct run *run, struct source *source, uint32_t events)
{
    (void)events;
    if (!receive(run, source, PEER_MONITOR, NULL)) {
        source_close(source);
        steps_abandon(run, "the monitor ended before its time; the guardian thaws what is frozen");
    }
}

static void launcher_ready(struct run *run, struct source *source, uint32_t events)
{
    (void)events;
    if (!receive(run, source, PEER_LAUNCHER, NULL)) {
        source_close(source);
        if (run->over)
            return;
        steps_abandon(run, "the launcher ended before its time; no further script can be run");
        hooks_launcher_gone(run);
    }
}

void run_keeper_ready(struct run *run, struct source *source, uint32_t events)
{
    struct hook *hook = source->owner;

    (void)events;
    if (!receive(run, source, PEER_KEEPER, hook))
        hooks_keeper_gone(run, hook);
}

static void watch_peers(struct run *run)
{
    source_watch(&run->loop, &run->monitor, run->monitor.fd, EPOLLIN, monitor_ready, NULL);
    source_watch(&run->loop, &run->launcher, run->launcher.fd, EPOLLIN, launcher_ready, NULL);
}

/* ---- beginning and going on --------------------------------------------------------- */

void run_start(struct run *run, const struct run_fds *fds)
{
    run->report_fd = fds->report;
    run->journal_append = fds->journal_append;
    run->journal_read = fds->journal_read;
    run->state = SUPERVISOR_START;
    run->began_ns = clock_monotonic_ns();
    run->facts.continue_on_failure = run->facts.freeze_wanted = true;
    run->host_timeout = PLAN_TIMEOUT_MAX;
    run->report = mmap(NULL, sizeof(*run->report), PROT_READ | PROT_WRITE, MAP_SHARED, fds->report, 0);
    if (run->report == MAP_FAILED)
        fatal("cannot map the report", errno);
    run->report->version = REPORT_VERSION;
    run->report->started_realtime_ns = clock_realtime_ns();
    loop_start(&run->loop);
    source_keep(&run->monitor, fds->monitor);
    source_keep(&run->launcher, fds->launcher);
    /* Nothing else is read until OPTIONS and TOPOLOGY have come. */
    source_watch(&run->loop, &run->front, fds->front, EPOLLIN, front_ready, NULL);
}

bool run_turn(struct run *run)
{
    loop_turn(run, &run->loop);
    return !(run->over && (!run->front.open || !run->monitor.open));
}

void run_hook_settled(struct run *run, struct hook *hook)
{
    steps_hook_settled(run, hook);
}

uint64_t run_now(const struct run *run)
{
    return clock_monotonic_ns() - run->began_ns;
}

void run_finding(struct run *run, enum finding_severity severity, enum finding_kind kind, enum outcome outcome,
                 const char *file, const char *format, ...)
{
    struct finding f = {.code = outcome_table[outcome].code, .severity = (uint8_t)severity, .kind = (uint8_t)kind};
    va_list args;

    va_start(args, format);
    vsnprintf(f.message, sizeof(f.message), format, args);
    va_end(args);
    report_finding_add(run->report, &f, file);
}
