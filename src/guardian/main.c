/*
 * quiesce-guardian: thaws when the deadline passes or the monitor is gone.
 *
 * Descriptors: 3 socket to the monitor, 4 the run's record, 5 rcu_expedited or
 * /dev/null, 6 cgroup.kill of the run or /dev/null, 7 the run's lock (only held),
 * 8 pidfd of the monitor.
 * Runs as a uid of its own with CAP_SYS_ADMIN, in an empty root, behind
 * policy/roles/guardian.json.
 *
 * MUST thaw what the record says is FREEZING or FROZEN, and nothing else:
 * what somebody else froze is REFUSED there.
 * MUST NOT wait for the monitor: it may be stopped, or stuck in the kernel.
 * MUST NOT make anything while something is frozen: there is a thread for each file
 * system before the monitor is told to freeze.  Of two that are nested the thaw of
 * the inner one does not return before the outer one is thawed.
 *
 * FREEZING while the monitor lives may be a freeze that has not returned yet, so
 * it is tried again until the kernel has let it in or the monitor is gone; there is
 * no event to wait for but that.  Once the monitor's pidfd says that its last thread
 * is gone, no freeze of ours is under way any more and one FITHAW decides.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/drop.h"
#include "base/fatal.h"
#include "base/message.h"
#include "base/record.h"
#include "base/thaw.h"
#include "base/workers.h"

const char program_name[] = "quiesce-guardian";

enum guardian_fd { FD_MONITOR = 3, FD_RECORD, FD_EXPEDITE, FD_CGROUP_KILL, FD_LOCK, FD_MONITOR_PIDFD };
enum { RETRY_MS = 2 }; /* while a freeze has not returned, or the kernel refuses a thaw */

static const struct sock_filter role_filter[] = {
#include "filter_guardian.inc"
};

static const struct role role = {
    .id = ROLE_GUARDIAN,
    .last_fd = FD_MONITOR_PIDFD,
    .capabilities = 1ull << CAP_SYS_ADMIN,
    .nofile = 512, /* PLAN_FS_MAX and its own */
    .nproc = 1024, /* a thread for each file system */
    .may_write_files = false,
    .works_frozen = true, .lock_code = true,
    .filter = role_filter,
    .filter_length = sizeof role_filter / sizeof role_filter[0],
};

static struct guardian {
    enum guardian_state state;
    struct run_record *record;
    int timer;
    uint32_t count;
    int fds[PLAN_FS_MAX];
    bool thawing;              /* the threads have been told to thaw */
    _Atomic uint32_t alone;    /* futex; 1: the monitor's last thread is gone */
    struct workers workers;
    struct wire_buffer buffer;
} guardian;

/* ---- thawing ----------------------------------------------------------------- */

/* In a thread of its own: until the file system is not frozen by this run any more, and
 * cannot be frozen by it later either. */
static void thaw_one(uint32_t i)
{
    const struct timespec pause = { .tv_nsec = RETRY_MS * (long)NS_PER_MS };
    freeze_forbid(&guardian.record->fs[i]);
    for (;;) {
        uint32_t alone = atomic_load(&guardian.alone);
        if (thaw(&guardian.record->fs[i], guardian.fds[i], alone != 0) == 0) {
            return;
        }
        (void)syscall(SYS_futex, &guardian.alone, FUTEX_WAIT_PRIVATE, alone, &pause, NULL, 0);
    }
}

/* Also while they thaw: what was thawed is looked at again. */
static void begin_thaw(void)
{
    if (guardian.state == GUARDIAN_ARMED && guardian.count > 0) {
        guardian.thawing = true;
        workers_give(&guardian.workers, thaw_one, 0, guardian.count);
    }
}

static void close_all(void)
{
    for (uint32_t i = 0; i < guardian.count; i++) {
        (void)close(guardian.fds[i]);
    }
    guardian.count = 0;
}

static void end(void)
{
    if (!guardian.thawing && atomic_load(&guardian.alone) != 0) {
        _exit(0);
    }
}

/* Everything is thawed: put the kernel's switch back. */
static void on_thawed(void)
{
    if (!workers_idle(&guardian.workers) || !guardian.thawing) {
        return;
    }
    guardian.thawing = false;
    if (guardian.state == GUARDIAN_DISARMED) {
        close_all();
    } else {
        record_expedite(guardian.record, FD_EXPEDITE, false);
    }
    end();
}

/* The monitor's last thread is gone: thaw, and end the hooks and then this process. */
static void on_monitor_end(void)
{
    atomic_store(&guardian.alone, 1);
    (void)syscall(SYS_futex, &guardian.alone, FUTEX_WAKE_PRIVATE, PLAN_FS_MAX, NULL, NULL, 0);
    begin_thaw();
    kill_hooks(FD_CGROUP_KILL);
    end();
}

/* ---- messages ------------------------------------------------------------------- */

static void on_guard(void *context, const struct wire_packet *packet)
{
    const struct msg_guard *guard = packet->body;
    if (guard->first != guardian.count || guard->count != packet->fds_count ||
        guard->count > PLAN_FS_MAX - guardian.count) {
        fatal("a GUARD out of its bounds", 0);
    }
    for (uint32_t i = 0; i < guard->count; i++) {
        guardian.fds[guardian.count++] = packet->fds[i];
    }
}

static void on_arm(void *context, const struct wire_packet *packet)
{
    const struct msg_arm *arm = packet->body;
    const struct msg_nothing nothing = { 0 };
    if (arm->count != guardian.count) {
        fatal("not every file system was handed over", 0);
    }
    int error = workers_start(&guardian.workers, guardian.count);
    error = error != 0 ? error : clock_set_timer(guardian.timer, arm->deadline_boottime_ns);
    if (error != 0) {
        fatal("cannot start threads, or the timer", error);
    }
    guardian.state = GUARDIAN_ARMED;
    error = wire_send(FD_MONITOR, MSG_GUARDING, &nothing, NULL, 0);
    if (error != 0 && error != -EPIPE) { /* EPIPE: its pidfd says so as well */
        fatal("cannot answer the monitor", error);
    }
}

static void on_disarm(void *context, const struct wire_packet *packet)
{
    (void)clock_set_timer(guardian.timer, 0);
    guardian.state = GUARDIAN_DISARMED;
    if (!guardian.thawing) { /* else when the last thread has seen that it is */
        close_all();
    }
}

static const struct wire_rule rules[] = { GUARDIAN_RULES(WIRE_RULE) };
static wire_handler *const handlers[] = { GUARDIAN_RULES(WIRE_HANDLER) };

static _Noreturn void serve(void)
{
    const struct wire_receiver receiver = {
        rules, handlers, sizeof rules / sizeof rules[0], &guardian.buffer, NULL,
    };
    enum { MONITOR_END, DEADLINE, THAWED, MESSAGE, WATCHED };
    struct pollfd watched[WATCHED] = {
        [MONITOR_END] = { FD_MONITOR_PIDFD, POLLIN, 0 },
        [DEADLINE] = { guardian.timer, POLLIN, 0 },
        [THAWED] = { workers_prepare(&guardian.workers), POLLIN, 0 },
        [MESSAGE] = { FD_MONITOR, POLLIN, 0 },
    };
    if (watched[THAWED].fd < 0) {
        fatal("cannot make an event descriptor", watched[THAWED].fd);
    }
    for (;;) {
        if (poll(watched, WATCHED, -1) < 0 && errno != EINTR) {
            fatal("cannot wait for events", errno);
        }
        if (watched[MONITOR_END].revents != 0) {
            watched[MONITOR_END].fd = -1;
            on_monitor_end();
        }
        if (watched[DEADLINE].revents != 0) {
            (void)clock_set_timer(guardian.timer, 0); /* it says so once */
            begin_thaw();
        }
        if (watched[THAWED].revents != 0) {
            on_thawed();
        }
        if (watched[MESSAGE].revents != 0 && !wire_serve(&receiver, FD_MONITOR, PEER_MONITOR, guardian.state)) {
            watched[MESSAGE].fd = -1; /* its pidfd follows as soon as its last thread is gone */
            begin_thaw();             /* do not wait for that: thaw what can be thawed */
        }
    }
}

int main(void)
{
    role_begin();
    guardian.record = record_map(FD_RECORD);
    drop_privileges(&role);
    guardian.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (guardian.timer < 0) {
        fatal("cannot make a timer", errno);
    }
    serve();
}
