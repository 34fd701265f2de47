/*
 * The front's part of a run: its own loop, fed by whoever holds the supervisor's end.  The
 * snapshot command is the harness's; a report is the one below, or one that is no report.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/report.h"
#include "front/run.h"
#include "front/topology.h"
#include "quiesce/outcome.h"
#include "role.h"
#include "role_wraps.h"
#include "templates.h"

enum { FD_SUPERVISOR = 3, FD_LOG, FD_GOOD_REPORT = 900, FD_SNAPSHOT = 790 };

const char program_name[] = "fuzz-front";

WRAPPED(int, snapshot_start, struct snapshot *snapshot, char *const *argv, const sigset_t *mask, bool to_stderr);
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
    }
}

/* A sealed report of a run that ended well, made once. */
static void make_report(void)
{
    int fd = memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct report *r;

    if (fd < 0 || ftruncate(fd, sizeof(*r)) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no report");
    }
    r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    FUZZ_CHECK(r != MAP_FAILED, "no report");
    r->version = REPORT_VERSION;
    r->finished = 1;
    memcpy(r->run_id, run_id, sizeof(r->run_id));
    r->mode = MODE_RUN;
    r->message = report_text_add_string(r, "All went well.");
    FUZZ_CHECK(report_valid(r, sizeof(*r)), "the harness's report is not valid");
    munmap(r, sizeof(*r));
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0 ||
        dup3(fd, FD_GOOD_REPORT, O_CLOEXEC) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no report");
    }
    close(fd);
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
    record.count = 1;
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

int __wrap_snapshot_start(struct snapshot *snapshot, char *const *argv, const sigset_t *mask, bool to_stderr)
{
    int fd;

    (void)mask;
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
    (void)message;
    (void)capacity;
    return 0;
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
        make_report();
    }
}

static void one(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {{FD_SUPERVISOR, PEER_SUPERVISOR}};
    static const struct role_harness harness = {
        .main = front_main, .peers = peers, .peers_count = 1, .first_null = 1, .last_null = 0, .allowed = allowed,
        .fill = fill, .follows = follows, .begin = begin, .event = event, .hand = FD_GOOD_REPORT,
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
