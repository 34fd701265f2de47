/*
 * quiesce-guardian: thaws when the deadline passes or the monitor is gone.
 *
 * Descriptors: 3 socket to the monitor, 4 the shared map, 5 rcu_expedited or
 * /dev/null, 6 cgroup.kill of the run or /dev/null, 7 the run's lock (only held),
 * 8 pidfd of the monitor.
 * Runs as a uid of its own with CAP_SYS_ADMIN, in an empty root, behind
 * policy/roles/guardian.json.
 *
 * MUST thaw what the shared map says is FREEZING or FROZEN, and nothing else:
 * what somebody else froze is REFUSED there.
 * MUST NOT wait for the monitor: it may be stopped, or stuck in the kernel.
 *
 * FREEZING while the monitor lives may be a freeze that has not returned yet, so
 * it is tried again until the kernel has let it in or the monitor is gone.  Once
 * the monitor's pidfd says that its last thread is gone, no freeze of ours is
 * under way any more and one FITHAW decides.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/drop.h"
#include "base/expedite.h"
#include "base/fatal.h"
#include "base/message.h"

const char program_name[] = "quiesce-guardian";

enum guardian_fd { FD_MONITOR = 3, FD_MAP, FD_EXPEDITE, FD_CGROUP_KILL, FD_LOCK, FD_MONITOR_PIDFD };
enum { RETRY_MS = 2 }; /* while a freeze has not returned */

static const struct sock_filter role_filter[] = {
#include "filter_guardian.inc"
};

static const struct role role = {
    .id = ROLE_GUARDIAN,
    .last_fd = FD_MONITOR_PIDFD,
    .capabilities = 1ull << CAP_SYS_ADMIN,
    .nofile = 512, /* PLAN_FS_MAX and its own */
    .nproc = 0,
    .may_write_files = false,
    .works_frozen = true, .lock_code = true,
    .filter = role_filter,
    .filter_length = sizeof role_filter / sizeof role_filter[0],
};

static struct guardian {
    enum guardian_state state;
    struct frozen_map *map;
    int timer;
    uint32_t count;
    int fds[PLAN_FS_MAX];
    struct expedite expedite;
    struct wire_buffer buffer;
} guardian;

static void set_timer(uint64_t boottime_ns)
{
    int error = clock_set_timer(guardian.timer, boottime_ns);
    if (error != 0) {
        fatal("cannot set the timer", error);
    }
}

/* ---- thawing ----------------------------------------------------------------- */

/* One round; true if nothing is left that is or may become frozen. */
static bool thaw_all(bool monitor_gone)
{
    bool all = true;
    for (uint32_t i = 0; i < guardian.count; i++) {
        uint32_t state = atomic_load(&guardian.map->state[i]);
        if (state != FS_FREEZING && state != FS_FROZEN) {
            continue;
        }
        bool thawed = ioctl(guardian.fds[i], FITHAW, 0) == 0;
        bool not_frozen = !thawed && errno == EINVAL;
        if (thawed || (not_frozen && (state == FS_FROZEN || monitor_gone))) {
            atomic_store(&guardian.map->state[i], (uint32_t)FS_THAWED);
        } else {
            all = false;
        }
    }
    return all;
}

/* After the monitor: thaw, put the kernel's switch back, end the hooks. */
static _Noreturn void outlive_monitor(void)
{
    if (guardian.state == GUARDIAN_ARMED) {
        while (!thaw_all(true)) {
            /* Refused for a reason other than EINVAL: all that is worth doing is to go on trying. */
            (void)poll(NULL, 0, RETRY_MS);
        }
        expedite_switch(&guardian.expedite, false);
    }
    if (write(FD_CGROUP_KILL, "1", 1) != 1) {
        fatal("cannot kill the hooks", errno);
    }
    _exit(0);
}

static void on_timer(void)
{
    uint64_t expirations;
    if (read(guardian.timer, &expirations, sizeof expirations) < 0 || guardian.state != GUARDIAN_ARMED) {
        return;
    }
    if (!thaw_all(false)) {
        set_timer(clock_boottime_ns() + RETRY_MS * NS_PER_MS);
    } else {
        expedite_switch(&guardian.expedite, false);
    }
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
    expedite_prepare(&guardian.expedite, FD_EXPEDITE); /* the monitor switches it after GUARDING */
    set_timer(arm->deadline_boottime_ns);
    guardian.state = GUARDIAN_ARMED;
    int error = wire_send(FD_MONITOR, MSG_GUARDING, &nothing, NULL, 0);
    if (error != 0 && error != -EPIPE) { /* EPIPE: its pidfd says so as well */
        fatal("cannot answer the monitor", error);
    }
}

static void on_disarm(void *context, const struct wire_packet *packet)
{
    set_timer(0);
    for (uint32_t i = 0; i < guardian.count; i++) {
        (void)close(guardian.fds[i]);
    }
    guardian.count = 0;
    guardian.state = GUARDIAN_DISARMED;
}

static const struct wire_rule rules[] = { GUARDIAN_RULES(WIRE_RULE) };
static wire_handler *const handlers[] = { GUARDIAN_RULES(WIRE_HANDLER) };

static _Noreturn void serve(void)
{
    const struct wire_receiver receiver = {
        rules, handlers, sizeof rules / sizeof rules[0], &guardian.buffer, NULL,
    };
    enum { MONITOR_END, DEADLINE, MESSAGE, WATCHED };
    struct pollfd watched[WATCHED] = {
        [MONITOR_END] = { FD_MONITOR_PIDFD, POLLIN, 0 },
        [DEADLINE] = { guardian.timer, POLLIN, 0 },
        [MESSAGE] = { FD_MONITOR, POLLIN, 0 },
    };
    for (;;) {
        if (poll(watched, WATCHED, -1) < 0 && errno != EINTR) {
            fatal("cannot wait for events", errno);
        }
        if (watched[MONITOR_END].revents != 0) {
            outlive_monitor();
        }
        if (watched[DEADLINE].revents != 0) {
            on_timer();
        }
        if (watched[MESSAGE].revents != 0 && !wire_serve(&receiver, FD_MONITOR, PEER_MONITOR, guardian.state)) {
            watched[MESSAGE].fd = -1; /* its pidfd follows as soon as its last thread is gone */
            if (guardian.state == GUARDIAN_ARMED) {
                set_timer(clock_boottime_ns() + 1); /* do not wait for that: thaw what can be thawed */
            }
        }
    }
}

int main(void)
{
    role_begin();
    guardian.map = mmap(NULL, sizeof *guardian.map, PROT_READ | PROT_WRITE, MAP_SHARED, FD_MAP, 0);
    if (guardian.map == MAP_FAILED) {
        fatal("cannot map what is shared with the monitor", errno);
    }
    drop_privileges(&role);
    guardian.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (guardian.timer < 0) {
        fatal("cannot make a timer", errno);
    }
    serve();
}
