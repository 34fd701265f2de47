/*
 * world.h - a monitor, a launcher, keepers and a front for the state machine, all
 * of them the test itself, at the other ends of socketpairs.
 */
#ifndef TEST_SUPERVISOR_WORLD_H
#define TEST_SUPERVISOR_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/message.h"
#include "supervisor/run.h"

const char program_name[] = "test-supervisor";

/* Not every test needs every one of these. */
#define MAYBE __attribute__((unused))

enum { SCRIPTS = PLAN_PLUGINS_MAX * PHASES, PATIENCE_MS = 15000 };

/* One attempt's ends that a keeper and a hook would hold. */
struct keeper {
    int report, out, err, alive;
};

static struct world {
    struct run run;
    struct wire_buffer buffer;
    struct wire_packet packet;
    int monitor, front, launcher, report, journal;
    bool ended;
    struct keeper keepers[SCRIPTS];
    unsigned progress;
    uint64_t told_at[RUN_STEPS][PROGRESS_KINDS]; /* of the last PROGRESS of each */
    char warning[256];
} w;

static struct report *report_seen;

/* ---- the world ------------------------------------------------------------------- */

static int pair(int *mine)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    *mine = ends[0];
    return ends[1];
}

MAYBE static int begin(void **state)
{
    static char name[] = "/tmp/quiesce-test-journal-XXXXXX";
    char path[sizeof(name)];
    struct run_fds fds;

    (void)state;
    memset(&w, 0, sizeof(w));
    memcpy(path, name, sizeof(name));
    w.journal = mkstemp(path);
    assert_true(w.journal >= 0);
    fds.monitor = pair(&w.monitor);
    fds.front = pair(&w.front);
    fds.launcher = pair(&w.launcher);
    w.report = memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(w.report, sizeof(struct report)), 0);
    fds.report = w.report;
    fds.journal_append = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    fds.journal_read = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    run_start(&w.run, &fds);
    return 0;
}

MAYBE static int end(void **state)
{
    (void)state;
    if (report_seen)
        munmap(report_seen, sizeof(*report_seen));
    report_seen = NULL;
    for (int fd = 3; fd < 512; fd++)
        (void)close(fd);
    return 0;
}

/* Lets the supervisor handle what there is. */
static void pump(void)
{
    struct pollfd p = {.fd = w.run.loop.epoll, .events = POLLIN};

    while (!w.ended && poll(&p, 1, 0) > 0)
        w.ended = !run_turn(&w.run);
}

static void say(int fd, uint32_t type, const void *body, const int *fds, unsigned count)
{
    assert_int_equal(wire_send(fd, type, body, fds, count), 0);
    pump();
}

/* Waits until the supervisor has sent a message of this type; PROGRESS is passed over. */
static const void *hear(int fd, uint32_t type)
{
    uint64_t until = clock_monotonic_ns() + PATIENCE_MS * NS_PER_MS;

    while (clock_monotonic_ns() < until) {
        struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = w.ended ? -1 : w.run.loop.epoll, .events = POLLIN}};

        assert_true(poll(p, 2, PATIENCE_MS) > 0);
        if (p[0].revents) {
            assert_int_equal(wire_receive(fd, &w.buffer, &w.packet), 1);
            if (w.packet.type == MSG_PROGRESS) {
                const struct msg_progress *m = w.packet.body;

                w.progress++;
                w.told_at[m->step][m->kind] = m->at_ns;
                if (m->kind == PROGRESS_WARNING)
                    memcpy(w.warning, m->text, sizeof(w.warning));
                continue;
            }
            assert_string_equal(wire_name(w.packet.type), wire_name(type));
            return w.packet.body;
        }
        pump();
    }
    fail_msg("%s did not come", wire_name(type));
    return NULL;
}

/* ---- the launcher's part ----------------------------------------------------------------- */

/* Waits for START of a slot, and starts: the keeper's ends stay here. */
MAYBE static struct keeper *start(uint32_t slot, uint32_t attempt)
{
    const struct msg_start *m = hear(w.launcher, MSG_START);
    struct msg_started started = {.slot = slot, .attempt = attempt};
    struct msg_execed execed = {.pid = 4242, .layers = 7};
    struct keeper *k = &w.keepers[slot];
    int fds[3], out[2], err[2], alive[2];

    assert_int_equal(m->slot, slot);
    assert_int_equal(m->attempt, attempt);
    fds[0] = pair(&k->report);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    fds[1] = out[0];
    fds[2] = err[0];
    k->out = out[1];
    k->err = err[1];
    say(w.launcher, MSG_STARTED, &started, fds, 3);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
    assert_int_equal(pipe(alive), 0); /* stands for the keeper's pidfd */
    k->alive = alive[1];
    say(k->report, MSG_EXECED, &execed, alive, 1);
    close(alive[0]);
    return k;
}

MAYBE static void close_keeper(struct keeper *k)
{
    close(k->out);
    close(k->err);
    close(k->report);
    pump();
    close(k->alive); /* later: the namespace is emptied after its init has closed everything */
    pump();
}

MAYBE static void exits(struct keeper *k, int32_t code, uint32_t signal, uint32_t left)
{
    struct msg_exited exited = {.code = code, .signal = signal, .cpu_us = 1500, .max_rss_kib = 2048, .left = left};

    say(k->report, MSG_EXITED, &exited, NULL, 0);
    if (!left)
        close_keeper(k);
}

MAYBE static void run_script(uint32_t slot, uint32_t attempt, int32_t code)
{
    exits(start(slot, attempt), code, 0, 0);
}

/* ---- the monitor's part -------------------------------------------------------------------- */

static struct fs_result results[2];

MAYBE static void freeze(enum freeze_verdict verdict)
{
    static struct msg_freeze_state frozen;
    const struct msg_freeze *m = hear(w.monitor, MSG_FREEZE);

    assert_int_equal(m->count, 2);
    assert_int_equal(m->targets[0].index, 1); /* the loop device's file system first */
    assert_int_equal(m->targets[0].level, 0);
    assert_int_equal(m->targets[1].index, 0);
    assert_int_equal(m->targets[1].level, 1);
    assert_int_equal(m->timeout_ms, 60000);
    memset(&frozen, 0, sizeof(frozen));
    frozen.word = verdict;
    frozen.count = 2;
    frozen.deadline_boottime_ns = 77;
    for (uint32_t i = 0; i < 2; i++)
        results[i] = (struct fs_result){.index = m->targets[i].index, .state = FS_FROZEN, .flush_ns = 300 + i, .freeze_ns = 1000};
    if (verdict != FREEZE_OK) {
        results[0].freeze_error = EOPNOTSUPP;
        results[0].state = FS_REFUSED;
        results[1].state = FS_IDLE;
    }
    memcpy(frozen.results, results, sizeof(results));
    say(w.monitor, MSG_FROZEN, &frozen, NULL, 0);
}

MAYBE static void thawed(enum thaw_reason reason)
{
    static struct msg_freeze_state m;

    m.word = reason;
    m.count = 2;
    for (uint32_t i = 0; i < 2; i++)
        results[i].state = FS_THAWED;
    memcpy(m.results, results, sizeof(results));
    say(w.monitor, MSG_THAWED, &m, NULL, 0);
}

MAYBE static void thaw(void)
{
    (void)hear(w.monitor, MSG_THAW);
    thawed(THAW_ASKED);
}

/* ---- the front's part ------------------------------------------------------------------------- */

MAYBE static void ready(uint8_t frozen)
{
    const struct msg_ready *m = hear(w.front, MSG_READY);

    assert_int_equal(m->frozen, frozen);
    assert_int_equal(m->deadline_boottime_ns, frozen ? 77 : 0);
}

MAYBE static void release(uint32_t code)
{
    struct msg_release m = {.exit_code = code, .duration_ns = 5};

    say(w.front, MSG_RELEASE, &m, NULL, 0);
}

MAYBE static const struct report *result(enum outcome outcome, int exit_status, enum grade grade)
{
    const struct msg_result *m = hear(w.front, MSG_RESULT);
    int fd = w.packet.fds[0];

    assert_string_equal(outcome_table[m->outcome].id, outcome_table[outcome].id);
    assert_int_equal(m->exit_status, exit_status);
    assert_int_equal(w.packet.fds_count, 1);
    assert_int_equal(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
    report_seen = mmap(NULL, sizeof(*report_seen), PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(report_seen, MAP_FAILED);
    close(fd);
    assert_true(report_valid(report_seen, sizeof(*report_seen)));
    assert_int_equal(report_seen->outcome, outcome);
    assert_int_equal(report_seen->grade, grade);
    assert_int_equal(report_seen->finished, 1);
    return report_seen;
}

MAYBE static void finished(bool with_done)
{
    if (with_done) {
        (void)hear(w.monitor, MSG_DONE);
        close(w.monitor);
        pump();
    }
    assert_true(w.ended);
}

enum { PRE = WIRE_SLOT(0, PHASE_PRE), POST = WIRE_SLOT(0, PHASE_POST) };

#endif
