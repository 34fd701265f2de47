/*
 * A held session: its own life from its first line to its end, with its own tables, fed by
 * everybody who can reach it: callers at its door, "quiesce freeze", the supervisor, signals, time.
 *
 * The peer of a step: 0 the supervisor, 1 "quiesce freeze", others callers by number, who
 * connect when they are first meant (as root, if no event has connected them otherwise).
 * What must be answered to whom, and what must not: fuzz/lib/held_model.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "channels.h"
#include "front/conduct.h"
#include "front/held_detach.h"
#include "front/topology.h"
#include "held_callers.h"
#include "held_model.h"
#include "held_steps.h"
#include "meter.h"
#include "quiesce/outcome.h"
#include "reports.h"
#include "role.h"
#include "role_wraps.h"
#include "templates.h"

enum { FD_SUPERVISOR = 3, FD_STARTER, FD_DOOR, FD_LOG, FD_SIGNALS, FD_LOG_END = 790, FD_SIGNALS_END };
enum { FD_GOOD_REPORT = 900, FD_FAILED_REPORT };
enum { PEERS = 8, SERVED_MAX = 64 };

const char program_name[] = "fuzz-held";

WRAPPED(int, conduct_start, struct run *run, struct session *session, const struct options *options, enum run_mode mode,
        char *message, size_t capacity);
WRAPPED(void, conduct_break_off, struct run *run, struct session *session, char *message, size_t capacity);
WRAPPED(void, conduct_clean_up, struct run *run, struct session *session);
WRAPPED(int, held_lock_memory, void);
WRAPPED(int, held_door_open, struct held_door *door, char *message, size_t capacity);
WRAPPED(void, held_door_close, struct held_door *door, bool remove);
WRAPPED(int, held_receive, int socket, struct held_record *record, int *fd, enum held_direction direction);
WRAPPED(void, progress_start, struct progress *progress, int fd, bool quiet, bool freezes);
WRAPPED(int, topology_send, int supervisor, char *message, size_t capacity);

/* What the first choice of an input, its last byte, says. */
enum { WITHOUT_RUN = 1, WITHOUT_GROUP = 2, WITHOUT_MEMORY = 4, WITHOUT_DOOR = 8, FROZEN = 16 };

static const uint8_t allowed[FRONT_STATES][WIRE_PEERS][MSG_TYPES] = {FRONT_RULES(ROLE_ALLOWED)};
static struct run_record record; /* large */
static struct world {
    struct held *held;
    uint8_t choice;
    unsigned polls; /* since it came to rest */
} world;

static bool follows(unsigned from, unsigned to)
{
    return to >= from;
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    static const char mounts[] = "/\0/var/lib/orders";

    template_message(type, body);
    if (type == MSG_PROGRESS) {
        body->as_MSG_PROGRESS.step = step->extra / 2 % RUN_STEPS;
        body->as_MSG_PROGRESS.kind = step->extra / 16 % PROGRESS_KINDS;
    } else if (type == MSG_READY) {
        body->as_MSG_READY = (struct msg_ready){
            .frozen = (step->extra & 2) != 0, .file_systems = 1, .deadline_boottime_ns = UINT64_C(1060000000000)};
    } else if (type == MSG_TARGETS) {
        body->as_MSG_TARGETS = (struct msg_targets){.count = 3, .listed = 2, .length = sizeof(mounts)};
        memcpy(body->as_MSG_TARGETS.text, mounts, sizeof(mounts));
    } else if (type == MSG_RESULT && step->extra & 2) {
        body->as_MSG_RESULT = (struct msg_result){OUTCOME_PRE_FAILED, (uint32_t)outcome_table[OUTCOME_PRE_FAILED].exit_stop};
    }
}

/* ---- what it is started with -------------------------------------------------------------- */

static void begin(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* as conduct_start() asks for */
    int end;

    (void)sigaction(SIGPIPE, &ignore, NULL);
    memset(&world, 0, sizeof(world));
    memset(&record, 0, sizeof(record));
    channel_place(channel_make(true, &end), FD_STARTER);
    callers_limit(FD_STARTER);
    model_begin(end, FD_STARTER);
    channel_place(channel_make(false, &end), FD_LOG);
    channel_place(end, FD_LOG_END);
    channel_place(channel_make(false, &end), FD_SIGNALS);
    channel_place(end, FD_SIGNALS_END);
    callers_begin(FD_DOOR);
    if (fcntl(FD_GOOD_REPORT, F_GETFD) < 0) {
        report_place(FD_GOOD_REPORT, held_steps_id, false, true);
        report_place(FD_FAILED_REPORT, held_steps_id, true, true);
    }
}

static int session_main(void)
{
    static struct options options;

    held_session(&options, FD_STARTER);
}

/* Lines, epoll, timer, the report. */
static unsigned may_hold(void)
{
    model_follow();
    FUZZ_CHECK(world.polls++ < SERVED_MAX, "it goes round without an end");
    return model_lines() + 2 + (world.held && world.held->run.report);
}

int __wrap_conduct_start(struct run *run, struct session *session, const struct options *options, enum run_mode mode,
                         char *message, size_t capacity)
{
    world.held = (struct held *)(void *)((char *)run - offsetof(struct held, run));
    world.choice = role_choice();
    model_session(world.held);
    FUZZ_CHECK(session == &world.held->session && mode == MODE_RUN, "another run is started");
    memcpy(session->run_id, held_steps_id, sizeof(session->run_id));
    run->signals = FD_SIGNALS;
    if (world.choice & WITHOUT_RUN) {
        snprintf(message, capacity, "another run holds the lock");
        model_over(false);
        return EXIT_TRY_AGAIN;
    }
    run->options = options;
    run->mode = mode;
    run->supervisor = FD_SUPERVISOR;
    run->log = FD_LOG;
    run->guardian = -1;
    run->patience_ns = UINT64_C(7200) * NS_PER_S;
    record.wanted = 2;
    record.count = 1;
    record.fs[0].state = world.choice & FROZEN ? FS_FROZEN : FS_THAWED;
    session->record = &record;
    run->witness = (struct witness){.record = &record, .run_id = session->run_id};
    return 0;
}

void __wrap_conduct_break_off(struct run *run, struct session *session, char *message, size_t capacity)
{
    FUZZ_CHECK(!run->report && session, "a run with a result is broken off");
    snprintf(message, capacity, "the run broke off: %s", run->failure);
}

void __wrap_conduct_clean_up(struct run *run, struct session *session)
{
    (void)session;
    model_over(run->report != NULL);
}

int __wrap_held_lock_memory(void)
{
    return world.choice & WITHOUT_MEMORY ? -ENOMEM : 0;
}

int __wrap_held_door_open(struct held_door *door, char *message, size_t capacity)
{
    *door = (struct held_door){.socket = -1};
    if (world.choice & WITHOUT_DOOR) {
        snprintf(message, capacity, "no door");
        return -1;
    }
    *door = (struct held_door){.socket = FD_DOOR, .has_group = !(world.choice & WITHOUT_GROUP), .group = MODEL_GROUP};
    return 0;
}

void __wrap_held_door_close(struct held_door *door, bool remove)
{
    FUZZ_CHECK(world.held->state == HELD_OVER, "the door is closed in state %u", world.held->state);
    FUZZ_CHECK(remove || !world.held->taken, "what was taken is left behind");
    if (door->socket >= 0) {
        close(door->socket);
        door->socket = -1;
    }
}

void __wrap_progress_start(struct progress *progress, int fd, bool quiet, bool freezes)
{
    (void)fd;
    __real_progress_start(progress, role_null(), quiet, freezes);
}

int __wrap_topology_send(int supervisor, char *message, size_t capacity)
{
    (void)supervisor;
    snprintf(message, capacity, "no topology");
    return -1;
}

/* ---- callers ------------------------------------------------------------------------------------ */

/* Not the supervisor; NULL: nobody can be meant. */
static struct caller *meant(const struct sequence_step *step)
{
    static const struct ucred root;
    unsigned peer = step->peer % PEERS, number = peer == 1 ? CALLER_STARTER : step->peer / PEERS * (PEERS - 2) + peer - 1;
    struct caller *c = model_caller(number);

    return c ? c : callers_connect(&root, NULL, 0);
}

int __wrap_held_receive(int socket, struct held_record *r, int *fd, enum held_direction direction)
{
    int got = __real_held_receive(socket, r, fd, direction);

    if (role_running()) {
        FUZZ_CHECK(direction == HELD_TO_SESSION && !fd, "the session takes what is meant for callers");
        model_received(socket, got, r);
    }
    return got;
}

/* The program waits, and nothing is ready. */
static void rest(void)
{
    world.polls = 0;
    if (!role_at_rest()) {
        return;
    }
    for (unsigned i = 0; i < model_callers(); i++) {
        if (!model_caller(i)->deaf) {
            callers_listen(model_caller(i));
        }
    }
    model_rest();
}

static bool answer(const struct sequence_step *step)
{
    struct caller *c;

    rest();
    if (step->peer % PEERS == 0) {
        const uint8_t report = step->type == MSG_RESULT && step->extra & 2 ? FD_FAILED_REPORT - FD_GOOD_REPORT : 0;
        if (role_can_send(PEER_SUPERVISOR)) {
            role_sent(PEER_SUPERVISOR, sequence_send(role_peer_end(PEER_SUPERVISOR), step, fill, FD_GOOD_REPORT + report));
            model_cause(step->type == MSG_PROGRESS ? RELEASE_LATE : RELEASE_CAUSES);
        }
        return true;
    }
    c = meant(step);
    if (c && c->end >= 0 && c->queue_count < CALLER_QUEUE) {
        model_sent(c, held_steps_send(c->end, step, HELD_TO_SESSION, role_null()));
    }
    return true;
}

static bool hang_up(const struct sequence_step *step)
{
    struct caller *c;

    rest();
    if (step->peer % PEERS == 0) {
        return false;
    }
    c = meant(step);
    if (c && c->end >= 0) {
        close(c->end);
        c->end = -1;
    }
    return true;
}

/* ---- events ---------------------------------------------------------------------------------------- */

/* The input is over: all hang up, and in the end the result is kept no longer. */
static void end_all(void)
{
    for (unsigned i = 0; i < model_callers(); i++) {
        struct caller *c = model_caller(i);
        if (c->end >= 0) {
            close(c->end);
            c->end = -1;
            return;
        }
    }
    role_time_passes(UINT64_C(7200) * NS_PER_S);
}

static void send_signal(unsigned which)
{
    static const uint32_t numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct signalfd_siginfo info = {.ssi_signo = numbers[which % 3]};

    if (write(FD_SIGNALS_END, &info, sizeof(info)) == sizeof(info)) {
        model_told_to_end();
    }
}

static void connect_as(const struct sequence_step *step)
{
    const struct ucred who = {.uid = step->extra & 1 ? 1000 : 0, .gid = step->extra & 2 ? MODEL_GROUP : 100};
    const gid_t groups[CALLER_GROUPS_MAX] = {4, 24, step->extra & 4 ? MODEL_GROUP : MODEL_GROUP + 1, 27};

    (void)callers_connect(&who, groups, step->extra / 8 % (CALLER_GROUPS_MAX + 1));
}

/* The last words of a role, or any bytes, or their end. */
static void say_log(const struct sequence_step *step)
{
    static const char last[] = "quiesce-monitor: freeze: errno 5\n";
    char text[256];

    if (step->fds == 0) {
        close(FD_LOG_END);
        return;
    }
    if (step->fds == 1) {
        (void)!write(FD_LOG_END, last, sizeof(last) - 1);
        return;
    }
    memset(text, step->fds, sizeof(text));
    text[step->extra / 2] = text[step->extra] = '\n';
    (void)!write(FD_LOG_END, text, step->extra + 1u);
}

static void event(const struct sequence_step *step)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED};
    struct caller *c;

    rest();
    if (!step) {
        end_all();
        return;
    }
    switch (step->type % 8) {
    case 0:
        role_time_passes((uint64_t)1 << (step->extra % 43));
        break;
    case 1:
        connect_as(step);
        break;
    case 2:
        send_signal(step->extra);
        break;
    case 3:
        say_log(step);
        break;
    case 4: /* reads, or does not */
        c = meant(step);
        if (c) {
            c->deaf = !c->deaf;
            c->was_deaf = true;
        }
        break;
    case 5:
        callers_accept_fails(errors[step->extra % 5]);
        break;
    case 6:
        record.fs[step->extra % 4].state = step->fds % (FS_STATES + 1);
        record.count = step->extra / 4 % 2 == 0;
        break;
    default:
        role_late();
        break;
    }
}

/* What the supervisor is told. */
static void heard(enum wire_peer peer, struct wire_packet *packet)
{
    FUZZ_CHECK(peer == PEER_SUPERVISOR && packet->type == MSG_RELEASE, "the supervisor is told %s", wire_name(packet->type));
    model_released(packet->body);
}

static void one(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {{FD_SUPERVISOR, PEER_SUPERVISOR}};
    static const struct role_harness harness = {
        .main = session_main, .peers = peers, .peers_count = 1, .first_null = 1, .last_null = 0, .allowed = allowed,
        .fill = fill, .follows = follows, .begin = begin, .event = event, .heard = heard, .answer = answer,
        .hang_up = hang_up, .goes_on = true /* it sees to its callers */,
        .bursts = true, .may_hold = may_hold,
    };

    role_run(&harness, bytes, n);
    FUZZ_CHECK(meter_heap_peak() <= FUZZ_LIMIT_HEAP, "it takes %zu bytes of heap", meter_heap_peak());
    if (world.held && world.held->run.report) {
        munmap((void *)(uintptr_t)world.held->run.report, sizeof(struct report));
    }
}

/* Each line is told to each of sixteen callers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run_slow(one, data, size, 20);
}
