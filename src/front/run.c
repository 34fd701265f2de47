#include "front/run.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/held_session.h"
#include "front/report_map.h"
#include "front/topology.h"
#include "front/recover.h"
#include "quiesce/outcome.h"

/* ---- messages ------------------------------------------------------------------ */

typedef int handler(struct run *run, struct wire_packet *packet);
static handler on_progress, on_survey, on_targets, on_ready, on_result;

static const struct wire_rule rules[] = {
#define X(state, peer, type, function) { state, peer, type },
    FRONT_RULES(X)
#undef X
};
static handler *const handlers[] = {
#define X(state, peer, type, function) function,
    FRONT_RULES(X)
#undef X
};

int run_dispatch(struct run *run, struct wire_packet *packet)
{
    int row = wire_find(rules, sizeof rules / sizeof *rules, run->state, PEER_SUPERVISOR, packet->type);
    int status = row >= 0 ? handlers[row](run, packet) : -EPROTO;
    if (row < 0) {
        snprintf(run->failure, sizeof run->failure, "the supervisor said %s where it may not", wire_name(packet->type));
    }
    wire_close(packet);
    return status;
}

/* How long the snapshot may take stands in READY, which may come before or after its BEGIN. */
static void tell_deadline(struct run *run)
{
    uint64_t now_ns = clock_boottime_ns();
    if (run->deadline_boottime_ns > now_ns) {
        progress_budget(&run->progress, STEP_SNAPSHOT, run->deadline_boottime_ns - now_ns, clock_monotonic_ns());
    }
}

static int on_progress(struct run *run, struct wire_packet *packet)
{
    const struct msg_progress *m = packet->body;
    if (m->step >= RUN_STEPS || m->kind >= PROGRESS_KINDS || memchr(m->plugin, 0, sizeof m->plugin) == NULL
        || memchr(m->text, 0, sizeof m->text) == NULL) {
        snprintf(run->failure, sizeof run->failure, "the supervisor's progress makes no sense");
        return -EPROTO;
    }
    progress_message(&run->progress, m, clock_monotonic_ns());
    if (m->step == STEP_SNAPSHOT && m->kind == PROGRESS_BEGIN) {
        tell_deadline(run);
    }
    if (m->step == STEP_SNAPSHOT && m->kind == PROGRESS_WARNING && run->state == FRONT_SNAPSHOT) {
        snapshot_end(&run->snapshot, clock_monotonic_ns());
    }
    if (run->held != NULL) {
        held_progress(run->held, m);
    }
    return 0;
}

static int on_targets(struct run *run, struct wire_packet *packet)
{
    const struct msg_targets *m = packet->body;
    if (run->held == NULL || !held_targets_valid(m)) {
        snprintf(run->failure, sizeof run->failure, "the supervisor lists what is frozen, and %s",
                 run->held == NULL ? "nobody asked" : "it makes no sense");
        return -EPROTO;
    }
    held_targets(run->held, m);
    return 0;
}

static void send_release(struct run *run, const struct msg_release *release)
{
    run->state = FRONT_RELEASED;
    run->until_ns = run->patience_ns != 0 ? clock_monotonic_ns() + run->patience_ns : 0;
    witness_snapshot(&run->witness, release);
    /* A supervisor that is gone shows as the end of file of its socket. */
    (void)wire_send(run->supervisor, MSG_RELEASE, release, NULL, 0);
}

static int on_survey(struct run *run, struct wire_packet *packet)
{
    char text[256];
    (void)packet;
    if (topology_send(run->supervisor, text, sizeof text) != 0) {
        progress_say(&run->progress, text);
    }
    return 0;
}

void run_release(struct run *run, const struct msg_release *release)
{
    if (run->state == FRONT_SNAPSHOT && !run->over) {
        send_release(run, release);
    }
}

static int on_ready(struct run *run, struct wire_packet *packet)
{
    const struct msg_ready *m = packet->body;
    run->deadline_boottime_ns = m->deadline_boottime_ns;
    run->until_ns = 0;
    tell_deadline(run);
    if (!witness_ready(&run->witness, m->frozen != 0)) {
        snprintf(run->failure, sizeof run->failure, "the supervisor says that file systems are frozen, and none is");
        return -EPROTO;
    }
    if (run->mode != MODE_RUN || (run->options->snapshot == NULL && run->held == NULL)) {
        snprintf(run->failure, sizeof run->failure, "the supervisor asked for a snapshot that nobody wants");
        return -EPROTO;
    }
    struct msg_release release = { .signal = (uint32_t)run->interrupted, .cause = run->interrupted_by };
    if (run->interrupted != 0) {
        send_release(run, &release);
        return 0;
    }
    if (run->held != NULL && (m->deadline_boottime_ns == 0
                              || m->deadline_boottime_ns > clock_boottime_ns() + PLAN_FREEZE_TIMEOUT_MAX * NS_PER_S)) {
        snprintf(run->failure, sizeof run->failure, "the supervisor gives a deadline that there cannot be");
        return -EPROTO;
    }
    if (run->held != NULL) {
        run->state = FRONT_SNAPSHOT;
        held_ready(run->held, m);
        return 0;
    }
    int error = snapshot_start(&run->snapshot, run->options->snapshot, &run->mask, &run->caller, run->options->json);
    if (error != 0) {
        char text[128];
        snprintf(text, sizeof text, "the snapshot command could not be started: %s", strerror(-error));
        progress_say(&run->progress, text);
        release.exit_code = 126;
        send_release(run, &release);
        return 0;
    }
    run->state = FRONT_SNAPSHOT;
    return 0;
}

static int on_result(struct run *run, struct wire_packet *packet)
{
    const struct msg_result *m = packet->body;
    const char *why = "its outcome makes no sense";
    run->over = true;
    if (m->outcome < OUTCOMES && m->exit_status <= 255) {
        run->result = *m;
        run->report = report_map(packet->fds[0], &why);
    }
    if (run->report != NULL) {
        why = run->report->mode != (uint32_t)run->mode ? "it is of another kind of run"
            : witness_contradicts(&run->witness, m, run->report);
    }
    if (run->report != NULL && why != NULL) {
        munmap((void *)(uintptr_t)run->report, sizeof(struct report));
        run->report = NULL;
    }
    if (run->report == NULL) {
        snprintf(run->failure, sizeof run->failure, "the report cannot be used: %s", why);
        return -EPROTO;
    }
    run->report_fd = packet->fds[0];
    packet->fds_count = 0;
    return 0;
}

static void read_supervisor(struct run *run)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;
    int status = wire_receive(run->supervisor, &buffer, &packet);
    if (status == -EAGAIN || status == -EINTR) {
        return;
    }
    if (status == 1) {
        status = run_dispatch(run, &packet);
        if (status == 0) {
            return;
        }
    } else if (status < 0) {
        snprintf(run->failure, sizeof run->failure, "the supervisor's message cannot be read: %s", strerror(-status));
    }
    /* End of file, or nothing that can be trusted.  Our end is shut, which is a
     * release: whoever still lives thaws and ends. */
    run->over = true;
    if (run->supervisor >= 0) {
        (void)shutdown(run->supervisor, SHUT_RDWR);
    }
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* For poll(2), rounded up. */
static int whole_ms(uint64_t ns)
{
    uint64_t ms = ns / NS_PER_MS + 1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* A supervisor that was taken over, or has a fault, would otherwise keep a run, and
 * with it the hooks, for ever. */
static int patience_timeout(struct run *run)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (run->over || run->until_ns == 0) {
        return -1;
    }
    if (now_ns >= run->until_ns) {
        run_give_up(run, "the supervisor has not done its part in all the time that a run can take");
        return 0;
    }
    return whole_ms(run->until_ns - now_ns);
}

enum { RUN_SUPERVISOR, RUN_LOG, RUN_SIGNALS, RUN_SNAPSHOT, RUN_HELD, RUN_OUTLET, RUN_SOURCES };

static int soonest(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* A snapshot command that still runs when everything has been thawed is ended: what it
 * makes must not be used, and the run, which keeps the lock, waits for it.  The supervisor
 * says when that is so; here is what happens if it does not. */
static int deadline_timeout(struct run *run)
{
    uint64_t now_ns = clock_boottime_ns(), until_ns = run->deadline_boottime_ns + RUN_LATE_MS * NS_PER_MS;
    if (run->state != FRONT_SNAPSHOT || run->deadline_boottime_ns == 0 || run->snapshot.pidfd < 0) {
        return -1;
    }
    if (now_ns >= until_ns) {
        snapshot_end(&run->snapshot, clock_monotonic_ns());
        return -1;
    }
    return whole_ms(until_ns - now_ns);
}

static void on_snapshot_over(struct run *run)
{
    struct msg_release release;
    snapshot_reap(&run->snapshot, clock_monotonic_ns(), &release);
    if (!run->over) {
        send_release(run, &release);
    }
}

/* What poll(2) found, the snapshot first: its end is what the frozen world waits for. */
static void serve(struct run *run, const struct pollfd sources[RUN_SOURCES])
{
    if (sources[RUN_SNAPSHOT].revents != 0) {
        on_snapshot_over(run);
    }
    if (sources[RUN_HELD].revents != 0) {
        held_serve(run->held);
    }
    if (sources[RUN_SIGNALS].revents != 0) {
        run_read_signal(run);
    }
    if (sources[RUN_SUPERVISOR].revents != 0) {
        read_supervisor(run);
    }
    if (sources[RUN_LOG].revents != 0) {
        run_read_log(run);
    }
    if (sources[RUN_OUTLET].revents != 0) {
        outlet_push(&run->progress.outlet);
    }
}

/* A guardian that somebody has stopped keeps what it has to thaw, once the monitor is gone, and the
 * lock that a recovery needs.  A snapshot command that writes to what is frozen does not end before
 * it is thawed.  If monitor and guardian both were killed nobody else does that; as long as one
 * lives, nothing happens. */
static void recover_before_end(const struct run *run)
{
    if (run->guardian >= 0) {
        (void)pidfd_send_signal(run->guardian, SIGCONT, NULL, 0); /* ESRCH: it has ended */
    }
    if (run->snapshot.pidfd >= 0 && run->mode == MODE_RUN) {
        recover_own(run->witness.run_id);
    }
}

void run_loop(struct run *run)
{
    run->state = FRONT_RUNNING;
    run->snapshot.pidfd = -1;
    run->until_ns = run->patience_ns != 0 ? clock_monotonic_ns() + run->patience_ns : 0;
    while (!run->over || run->snapshot.pidfd >= 0) {
        int timeout = deadline_timeout(run);
        timeout = soonest(timeout, snapshot_timeout(&run->snapshot, clock_monotonic_ns()));
        timeout = soonest(timeout, patience_timeout(run));
        timeout = soonest(timeout, progress_timeout(&run->progress));
        struct pollfd sources[RUN_SOURCES] = {
            [RUN_SUPERVISOR] = { .fd = run->over ? -1 : run->supervisor, .events = POLLIN },
            [RUN_LOG] = { .fd = run->log, .events = POLLIN },
            [RUN_SIGNALS] = { .fd = run->signals, .events = POLLIN },
            [RUN_SNAPSHOT] = { .fd = run->snapshot.pidfd, .events = POLLIN },
            [RUN_HELD] = { .fd = run->held != NULL ? held_fd(run->held) : -1, .events = POLLIN },
            [RUN_OUTLET] = { .fd = outlet_waits(&run->progress.outlet), .events = POLLOUT },
        };
        int ready = poll(sources, RUN_SOURCES, timeout);
        if (ready < 0 && errno != EINTR) {
            snprintf(run->failure, sizeof run->failure, "poll: %s", strerror(errno));
            break;
        }
        if (ready > 0) {
            serve(run, sources);
        }
        if (run->over) {
            /* Whatever the snapshot command still does, its snapshot is worth nothing. */
            snapshot_end(&run->snapshot, clock_monotonic_ns());
            recover_before_end(run);
        }
        progress_redraw(&run->progress, clock_monotonic_ns());
    }
}
