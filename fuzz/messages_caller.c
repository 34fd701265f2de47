/*
 * Who calls a held session: "quiesce freeze", "thaw" and "status" fed by a session that may say
 * anything, at any time, or nothing.
 *
 * Oracles: a call ends with the first message that its table ends it with, or with what that
 * message is instead; a result is acknowledged once, and nothing else is; signals are passed
 * on; a report that is shown is the sealed one of that very result; nothing stays open; who
 * was cut off unheard asks again, three times in all; what is taken can be printed.
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
#include "front/held_call.h"
#include "front/held_door.h"
#include "front/held_print.h"
#include "front/progress.h"
#include "held_steps.h"
#include "quiesce/outcome.h"
#include "reports.h"
#include "role.h"
#include "role_wraps.h"

enum { FD_SIGNALS = 3, FD_SIGNALS_END = 790, FD_GOOD_REPORT = 900, FD_FAILED_REPORT, FD_RUN_REPORT, FD_NOWHERE };
enum { QUEUE = 32, TIMES_MAX = 3, MESSAGE_MAX = 512 };

const char program_name[] = "fuzz-caller";

WRAPPED(int, held_door_connect, unsigned wait_ms);
WRAPPED(int, held_receive, int socket, struct held_record *record, int *fd, enum held_direction direction);
WRAPPED(void, progress_start, struct progress *progress, int fd, bool quiet, bool freezes);

/*
 * What the first choice of an input, its last byte, says: bits 0 and 1 what is asked for; bits 2
 * to 4 which connection fails, 1..3, or is closed at once, 4..6; bits 5 and 6 how; bit 7 no lines.
 */
enum { WISHES_MASK = 3, NAME_HOLDER = 3, QUIET = 128 };

static const uint8_t allowed[HELD_WISHES][HELD_TYPES] = {
#define X(wish, type, handler) [wish][type] = 1,
    HELD_CALLER_RULES(X)
#undef X
};

static struct world {
    enum held_wish wish;
    uint8_t choice;
    int socket, end;       /* of the connection: the program's, and ours */
    unsigned connections, taken, ends, signals;
    bool heard, over, returned;
    enum held_type last;   /* what ends the call, HELD_NONE: error does */
    int error;
    unsigned queue_first, queue_count;
    struct {
        int verdict; /* what held_receive() must make of what was sent */
        int fd;      /* which report came with it */
    } queue[QUEUE];
    int report; /* that came with the last message */
} world;

static FILE *nowhere; /* for what is printed */

/* ---- the session's end --------------------------------------------------------------------- */

static void make_channel(void)
{
    int fd = channel_make(true, &world.end);

    world.socket = fcntl(fd, F_DUPFD_CLOEXEC, FD_SIGNALS + 1);
    close(fd);
    world.queue_count = 0;
}

/* What the caller says: its question, a signal, that it has what it came for. */
static void listen_to_caller(void)
{
    static struct held_record r; /* large */
    int got;

    while (world.end >= 0 && (got = __real_held_receive(world.end, &r, NULL, HELD_TO_SESSION)) != -EAGAIN) {
        FUZZ_CHECK(got >= 0, "the caller says what is no message");
        if (got == 0) {
            close(world.end);
            world.end = -1;
        } else if (r.header.type == HELD_TAKEN) {
            world.taken++;
        } else if (r.header.type == HELD_END) {
            FUZZ_CHECK(world.wish == HELD_WISH_FREEZE, "a signal is passed on by another than freeze");
            world.ends++;
        } else {
            FUZZ_CHECK(r.header.type == (world.wish == HELD_WISH_THAW ? HELD_THAW : HELD_STATUS) &&
                           world.wish != HELD_WISH_FREEZE, "the caller asks for %u", r.header.type);
        }
    }
}

static void say(const struct sequence_step *step, int fd)
{
    int verdict = held_steps_send(world.end, step, HELD_TO_CALLER, fd);
    unsigned last = (world.queue_first + world.queue_count) % QUEUE;

    if (verdict != HELD_NOT_SENT) {
        world.queue[last].verdict = verdict;
        world.queue[last].fd = fd;
        world.queue_count++;
    }
}

static bool answer(const struct sequence_step *step)
{
    static const int reports[] = {FD_GOOD_REPORT, FD_FAILED_REPORT, FD_RUN_REPORT};

    listen_to_caller();
    if (world.end >= 0 && world.queue_count < QUEUE) {
        say(step, reports[step->extra / 16 % 3]);
    }
    return true;
}

static bool hang_up(const struct sequence_step *step)
{
    (void)step;
    listen_to_caller();
    if (world.end >= 0) {
        close(world.end);
        world.end = -1;
    }
    return true;
}

/* Time, a signal. */
static void event(const struct sequence_step *step)
{
    const struct signalfd_siginfo info = {.ssi_signo = SIGINT};

    if (!step) {
        (void)hang_up(NULL);
    } else if (step->type % 3 == 0) {
        role_time_passes((uint64_t)1 << (step->extra % 43));
    } else if (step->type % 3 == 1) {
        role_late();
    } else if (write(FD_SIGNALS_END, &info, sizeof(info)) == sizeof(info)) {
        world.signals++;
    }
}

/* ---- what the caller calls --------------------------------------------------------------------- */

int __wrap_held_door_connect(unsigned wait_ms)
{
    static const int errors[] = {-EAGAIN, -ECONNREFUSED, -ENOENT, -EACCES};
    static const struct sequence_step busy = {.kind = STEP_MESSAGE, .byte = HELD_REFUSED, .extra = HELD_BUSY * 2};
    unsigned which = world.choice / 4 % 8, how = world.choice / 32 % 4;

    FUZZ_CHECK(wait_ms > 0 && world.connections++ < TIMES_MAX, "it asks again and again");
    FUZZ_CHECK(!world.heard, "it asks again, though it was heard");
    if (world.end >= 0) {
        listen_to_caller();
        close(world.end);
        world.end = -1;
    }
    world.over = false;
    if (which == world.connections) {
        return errors[how];
    }
    make_channel();
    if (which == world.connections + TIMES_MAX) {
        if (how % 2 == 1) {
            say(&busy, role_null());
        }
        close(world.end);
        world.end = -1;
    }
    return world.socket;
}

/* What must follow from a message. */
static void note(int got, const struct held_record *r)
{
    uint32_t type = got == 1 ? r->header.type : HELD_NONE;

    world.heard = world.heard || got == 1;
    if (got == 1 && allowed[world.wish][type]) {
        world.over = type == HELD_RESULT || type == HELD_FAILED || type == HELD_REFUSED || type == HELD_STATE ||
                     (type == HELD_READY_TOLD && world.ends + world.signals == 0);
        world.last = (enum held_type)type;
    } else {
        world.over = true;
        world.last = HELD_NONE;
        world.error = got == 1 ? -EPROTO : got;
    }
}

int __wrap_held_receive(int socket, struct held_record *r, int *fd, enum held_direction direction)
{
    int got = __real_held_receive(socket, r, fd, direction);

    if (!role_running() || got == -EAGAIN) {
        return got;
    }
    FUZZ_CHECK(direction == HELD_TO_CALLER && fd, "the caller takes what is meant for sessions");
    FUZZ_CHECK(!world.over, "it goes on after what ends it");
    int verdict = 0;
    if (world.queue_count > 0) {
        verdict = world.queue[world.queue_first].verdict;
        world.report = world.queue[world.queue_first].fd;
        world.queue_first = (world.queue_first + 1) % QUEUE;
        world.queue_count--;
    } else {
        FUZZ_CHECK(world.end < 0, "the end of a session that is there");
    }
    FUZZ_CHECK(got == (verdict > 0 ? 1 : verdict) && (got != 1 || r->header.type == (uint32_t)verdict),
               "a record that is %d is taken for %d", verdict, got);
    FUZZ_CHECK((*fd >= 0) == (got == 1 && verdict == HELD_RESULT), "descriptor %d with %d", *fd, verdict);
    note(got, r);
    return got;
}

void __wrap_progress_start(struct progress *progress, int fd, bool quiet, bool freezes)
{
    (void)fd;
    __real_progress_start(progress, role_null(), quiet, freezes);
}

/* ---- one call ---------------------------------------------------------------------------------- */

static void begin(void)
{
    int end;

    memset(&world, 0, sizeof(world));
    world.end = -1;
    channel_place(channel_make(false, &end), FD_SIGNALS);
    channel_place(end, FD_SIGNALS_END);
    if (!nowhere) {
        nowhere = fdopen(fcntl(role_null(), F_DUPFD_CLOEXEC, FD_NOWHERE), "w");
        FUZZ_CHECK(nowhere, "no /dev/null");
        report_place(FD_GOOD_REPORT, held_steps_id, false, true);
        report_place(FD_FAILED_REPORT, held_steps_id, true, true);
        report_place(FD_RUN_REPORT, held_steps_id, false, false);
    }
}

static void check_answer(struct held_answer *a)
{
    FUZZ_CHECK(a->type == world.last && a->error == (world.last == HELD_NONE ? world.error : 0) && a->heard == world.heard,
               "the call ends with %u, error %d, not with %u, error %d", a->type, a->error, world.last, world.error);
    if (a->type == HELD_RESULT) {
        const struct msg_result *m = &a->record.body.as_HELD_RESULT;
        bool good = (world.report == FD_GOOD_REPORT && m->outcome == 0 && m->exit_status == 0) ||
                    (world.report == FD_FAILED_REPORT && m->outcome == OUTCOME_PRE_FAILED &&
                     m->exit_status == (uint32_t)outcome_table[OUTCOME_PRE_FAILED].exit_stop);
        FUZZ_CHECK((a->report != NULL) == good && (good || a->why), "a report that is %s is taken for the opposite", good ? "good" : "bad");
    } else {
        FUZZ_CHECK(!a->report, "a report with type %u", a->type);
    }
    if (a->type == HELD_STATE || a->type == HELD_READY_TOLD) {
        held_print_status(nowhere, &a->record.body.as_HELD_STATE, clock_realtime_ns());
        held_print_status_json(nowhere, &a->record.body.as_HELD_STATE, clock_realtime_ns());
    }
    if (a->report) {
        munmap((void *)(uintptr_t)a->report, sizeof(struct report));
    }
}

static int caller_main(void)
{
    static struct held_answer a; /* large */
    static const struct held_thaw thaw;
    static char text[MESSAGE_MAX];
    int error = 0;

    world.choice = role_choice();
    world.wish = (enum held_wish)(world.choice & WISHES_MASK);
    if ((world.choice & WISHES_MASK) == NAME_HOLDER) {
        world.wish = HELD_WISH_STATUS;
        snprintf(text, sizeof(text), "another run holds the lock");
        held_name_holder(text, sizeof(text));
        FUZZ_CHECK(memchr(text, '\0', sizeof(text)), "a sentence without an end");
        world.returned = true;
        return 0;
    }
    if (world.wish == HELD_WISH_FREEZE) {
        make_channel();
        held_call(world.socket, HELD_WISH_FREEZE, FD_SIGNALS, (world.choice & QUIET) != 0, &a);
    } else if (world.wish == HELD_WISH_THAW) {
        error = held_ask(HELD_THAW, &thaw, HELD_WISH_THAW, (world.choice & QUIET) != 0, &a);
    } else {
        (void)held_ask_status(&a);
        error = a.error == -ETIMEDOUT || !world.over ? a.error : 0;
    }
    if (error == 0) {
        check_answer(&a);
    } else {
        FUZZ_CHECK(a.type == HELD_NONE && !a.report, "an answer of %u with error %d", a.type, error);
    }
    world.returned = true;
    return 0;
}

static void one(const char *bytes, size_t n)
{
    static const struct role_harness harness = {
        .main = caller_main, .first_null = 1, .last_null = 0, .begin = begin, .event = event, .answer = answer,
        .hang_up = hang_up, .bursts = true,
    };

    role_run(&harness, bytes, n);
    listen_to_caller();
    bool acknowledged = world.over && (world.last == HELD_RESULT || world.last == HELD_FAILED || world.last == HELD_READY_TOLD);
    FUZZ_CHECK(world.taken <= acknowledged, "TAKEN is said for nothing");
    FUZZ_CHECK(world.ends <= world.signals, "an END without a signal");
    if (world.end >= 0) {
        close(world.end);
    }
    if (world.returned) {
        FUZZ_CHECK(fcntl(role_null(), F_DUPFD, FD_SIGNALS + 1) == FD_SIGNALS + 1, "a descriptor stays open");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
