/*
 * The front's part of a run: its own loop, fed by whoever holds the supervisor's end.  The
 * snapshot command is the harness's; a report is the one below, or one that is no report.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "front/run.h"
#include "front/topology.h"
#include "quiesce/outcome.h"
#include "reports.h"
#include "role.h"
#include "role_wraps.h"
#include "templates.h"

enum { FD_SUPERVISOR = 3, FD_LOG, FD_GOOD_REPORT = 900, FD_FAILED_REPORT, FD_SNAPSHOT = 790 };

const char program_name[] = "fuzz-front";

WRAPPED(int, snapshot_start, struct snapshot *snapshot, char *const *argv, const sigset_t *mask,
        const struct footing *footing, bool to_stderr);
WRAPPED(void, snapshot_end, struct snapshot *snapshot, uint64_t now_ns);
WRAPPED(int, snapshot_timeout, struct snapshot *snapshot, uint64_t now_ns);
WRAPPED(void, snapshot_reap, struct snapshot *snapshot, uint64_t now_ns, struct msg_release *release);
WRAPPED(int, topology_send, int supervisor, char *message, size_t capacity);

static const uint8_t allowed[FRONT_STATES][WIRE_PEERS][MSG_TYPES] = {FRONT_RULES(ROLE_ALLOWED)};
static const char run_id[WIRE_RUN_ID_MAX] = "0123456789abcdef0123456789abcdef";
static struct run_record record; /* large */
static struct run run;

static bool follows(unsigned from, unsigned to)
{
    return to >= from;
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    template_message(type, body);
    if (type == MSG_PROGRESS) {
        body->as_MSG_PROGRESS.step = step->extra / 2 % RUN_STEPS;
        body->as_MSG_PROGRESS.kind = step->extra / 16 % PROGRESS_KINDS;
    } else if (type == MSG_RESULT && step->extra & 2) {
        body->as_MSG_RESULT = (struct msg_result){OUTCOME_PRE_FAILED, (uint32_t)outcome_table[OUTCOME_PRE_FAILED].exit_stop};
    }
}

/* A RESULT of a run that failed brings its own report. */
static bool answer(const struct sequence_step *step)
{
    if (step->kind != STEP_MESSAGE || step->type != MSG_RESULT || !(step->extra & 2) || !role_can_send(PEER_SUPERVISOR)) {
        return false;
    }
    role_sent(PEER_SUPERVISOR, sequence_send(role_peer_end(PEER_SUPERVISOR), step, fill, FD_FAILED_REPORT));
    return true;
}

static int front_main(void)
{
    static char name[] = "true", *command[] = {name, NULL};
    static struct options options;
    uint8_t choice = role_choice();

    memset(&run, 0, sizeof(run));
    memset(&options, 0, sizeof(options));
    options.snapshot = choice & 1 ? NULL : command;
    run.options = &options;
    run.mode = choice & 2 ? MODE_CHECK : MODE_RUN;
    record.wanted = 2;
    record.count = choice & 16 ? 0 : 1;
    record.fs[0].state = choice & 4 ? FS_THAWED : FS_FROZEN;
    run.witness = (struct witness){.record = &record, .run_id = run_id};
    run.supervisor = FD_SUPERVISOR;
    run.log = run.signals = run.snapshot.pidfd = -1;
    run.patience_ns = UINT64_C(7200000000000);
    progress_start(&run.progress, role_null(), (choice & 8) != 0, run.mode == MODE_RUN);
    run_loop(&run);
    progress_end(&run.progress);
    return 0;
}

/* ---- the snapshot command ------------------------------------------------------------------ */

int __wrap_snapshot_start(struct snapshot *snapshot, char *const *argv, const sigset_t *mask,
                          const struct footing *footing, bool to_stderr)
{
    int fd;

    (void)mask;
    (void)footing;
    (void)to_stderr;
    FUZZ_CHECK(argv && run.state == FRONT_RUNNING, "a snapshot in state %u", run.state);
    if (role_choice() % 16 == 1) {
        return -ENOENT;
    }
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    snapshot->pidfd = fd;
    (void)dup3(fd, FD_SNAPSHOT, O_CLOEXEC);
    return 0;
}

void __wrap_snapshot_end(struct snapshot *snapshot, uint64_t now_ns)
{
    static const uint64_t one = 1;

    (void)now_ns;
    if (snapshot->pidfd >= 0 && write(FD_SNAPSHOT, &one, sizeof(one)) < 0 && errno != EBADF) {
        fuzz_fail(__FILE__, __LINE__, "no event");
    }
}

int __wrap_snapshot_timeout(struct snapshot *snapshot, uint64_t now_ns)
{
    (void)snapshot;
    (void)now_ns;
    return -1;
}

void __wrap_snapshot_reap(struct snapshot *snapshot, uint64_t now_ns, struct msg_release *release)
{
    (void)now_ns;
    close(snapshot->pidfd);
    snapshot->pidfd = -1;
    *release = (struct msg_release){.exit_code = role_choice()};
}

int __wrap_topology_send(int supervisor, char *message, size_t capacity)
{
    (void)supervisor;
    (void)snprintf(message, capacity, "no topology");
    return role_choice() % 8 == 1 ? -1 : 0;
}

/* ---- one input -------------------------------------------------------------------------------- */

/* Time, signals, the snapshot's end. */
static void event(const struct sequence_step *step)
{
    if (!step || step->type % 3 == 0) {
        __wrap_snapshot_end(&run.snapshot, 0);
        role_late();
    } else if (step->type % 3 == 1) {
        role_time_passes((uint64_t)1 << (step->extra % 48));
        role_late();
    } else {
        run_signal(&run, step->extra % 2 ? SIGTERM : SIGINT);
    }
}

static void begin(void)
{
    memset(&record, 0, sizeof(record));
    if (fcntl(FD_GOOD_REPORT, F_GETFD) < 0) {
        report_place(FD_GOOD_REPORT, run_id, false, false);
        report_place(FD_FAILED_REPORT, run_id, true, false);
    }
}

static void one(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {{FD_SUPERVISOR, PEER_SUPERVISOR}};
    static const struct role_harness harness = {
        .main = front_main, .peers = peers, .peers_count = 1, .first_null = 1, .last_null = 0, .allowed = allowed,
        .fill = fill, .follows = follows, .begin = begin, .event = event, .answer = answer,
        .hand = FD_GOOD_REPORT,
        .goes_on = true, /* it sees to the roles and tells the result */
    };

    role_run(&harness, bytes, n);
    if (run.report) {
        FUZZ_CHECK(run.over && run.result.outcome < OUTCOMES && run.result.exit_status <= 255, "a result that cannot be");
        munmap((void *)(uintptr_t)run.report, sizeof(struct report));
        run.report = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(one, data, size);
}
