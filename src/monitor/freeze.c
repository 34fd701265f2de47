/*
 * The freeze.
 *
 * One worker thread per file system makes the calls that may block; the main
 * thread never does, so that the deadline and the death of another role are
 * noticed while a freeze is stuck in the kernel.  A worker that finds the run
 * abandoned when its freeze returns thaws again at once.
 *
 * The shared map says FREEZING before the ioctl that it announces, so that the
 * guardian never misses one; EBUSY (somebody else's freeze) turns it to REFUSED,
 * which nobody of us thaws.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fatal.h"
#include "monitor/monitor.h"

enum work { WORK_NONE, WORK_FLUSH, WORK_FREEZE, WORK_THAW, WORKS };
enum { WORKER_STACK = 32768 };

struct target {
    int fd;
    uint32_t level;
    _Atomic uint32_t work; /* enum work; a futex */
    uint64_t frozen_at;
    struct fs_result result;
};

static struct freeze {
    struct frozen_map *map;
    uint32_t count, level; /* level: being frozen now */
    bool flushing, armed;
    int timer, event;
    atomic_uint pending;   /* workers that have not finished the phase */
    atomic_bool abandoned; /* whoever freezes from now on thaws again */
    uint64_t deadline;
    enum thaw_reason reason;
    bool tell;             /* THAWED is owed to the supervisor */
    char expedited_before[8];
    ssize_t expedited_length;
    struct target targets[PLAN_FS_MAX];
} state;

/* ---- workers ------------------------------------------------------------------ */

static void set_state(uint32_t i, enum fs_state s)
{
    state.targets[i].result.state = (uint8_t)s;
    atomic_store(&state.map->state[i], (uint32_t)s);
}

/* EINVAL: it is not frozen (any more), which is what was wanted. */
static void thaw_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    if (atomic_load(&state.map->state[i]) == FS_THAWED) {
        return;
    }
    uint64_t begin = clock_monotonic_ns();
    int error = ioctl(t->fd, FITHAW, 0) != 0 && errno != EINVAL ? errno : 0;
    uint64_t end = clock_monotonic_ns();
    t->result.thaw_ns = end - begin;
    t->result.frozen_ns = end - t->frozen_at;
    t->result.thaw_error = (uint32_t)error;
    if (error == 0) {
        set_state(i, FS_THAWED);
    }
}

static void freeze_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    if (atomic_load(&state.abandoned)) {
        return;
    }
    set_state(i, FS_FREEZING);
    uint64_t begin = clock_monotonic_ns();
    int error = ioctl(t->fd, FIFREEZE, 0) != 0 ? errno : 0;
    t->frozen_at = clock_monotonic_ns();
    t->result.freeze_ns = t->frozen_at - begin;
    t->result.freeze_error = (uint32_t)error;
    set_state(i, error == 0 ? FS_FROZEN : FS_REFUSED);
    if (error == 0 && atomic_load(&state.abandoned)) {
        thaw_one(i);
    }
}

static void flush_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    uint64_t begin = clock_monotonic_ns();
    t->result.flush_error = syncfs(t->fd) != 0 ? (uint32_t)errno : 0;
    t->result.flush_ns = clock_monotonic_ns() - begin;
}

static void *worker(void *argument)
{
    static void (*const works[WORKS])(uint32_t) = {
        [WORK_FLUSH] = flush_one, [WORK_FREEZE] = freeze_one, [WORK_THAW] = thaw_one,
    };
    uint32_t i = (uint32_t)(uintptr_t)argument;
    _Atomic uint32_t *mine = &state.targets[i].work;
    for (;;) {
        uint32_t work = atomic_exchange(mine, WORK_NONE); /* a THAW may be given while a FREEZE runs */
        if (work == WORK_NONE) {
            (void)syscall(SYS_futex, mine, FUTEX_WAIT_PRIVATE, WORK_NONE, NULL, NULL, 0);
            continue;
        }
        works[work](i);
        const uint64_t one = 1;
        if (atomic_fetch_sub(&state.pending, 1) == 1 && write(state.event, &one, sizeof one) < 0) {
            fatal("cannot wake the main thread", errno);
        }
    }
    return NULL;
}

static void give(uint32_t i, enum work work)
{
    atomic_store(&state.targets[i].work, work);
    (void)syscall(SYS_futex, &state.targets[i].work, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void start_workers(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    error = error != 0 ? error : pthread_attr_setstacksize(&attributes, WORKER_STACK);
    error = error != 0 ? error : pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (uint32_t i = 0; error == 0 && i < state.count; i++) {
        error = pthread_create(&thread, &attributes, worker, (void *)(uintptr_t)i);
    }
    if (error != 0) {
        fatal("cannot start workers", error);
    }
}

/* ---- preparing ------------------------------------------------------------------ */

void freeze_prepare(void)
{
    state.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    state.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (state.timer < 0 || state.event < 0) {
        fatal("cannot make timer and event descriptors", errno);
    }
    /* /dev/null, where the kernel has no such switch, reads as nothing. */
    state.expedited_length = pread(FD_EXPEDITE, state.expedited_before, sizeof state.expedited_before, 0);
}

int freeze_timer_fd(void)
{
    return state.timer;
}

int freeze_event_fd(void)
{
    return state.event;
}

static void expedite(const struct monitor *m, bool on)
{
    const char *value = on ? "1" : state.expedited_before;
    size_t length = on ? 1 : (size_t)state.expedited_length;
    if (m->has_expedite && state.expedited_length > 0 && pwrite(FD_EXPEDITE, value, length, 0) < 0 && !on) {
        fatal("cannot restore rcu_expedited", errno);
    }
}

/* Only what the mount table calls eligible, each once, levels in order. */
static void check_request(const struct monitor *m, const struct msg_freeze *request)
{
    static bool seen[PLAN_FS_MAX];
    if (request->count == 0 || request->count > m->mounts.count || request->timeout_ms == 0 ||
        request->timeout_ms > PLAN_FREEZE_TIMEOUT_MAX * 1000u) {
        fatal("a FREEZE out of its bounds", 0);
    }
    for (uint32_t i = 0; i < request->count; i++) {
        const struct freeze_target *t = &request->targets[i];
        if (t->index >= m->mounts.count || seen[t->index] || m->mounts.entries[t->index].skip != FS_ELIGIBLE ||
            (i > 0 && t->level < request->targets[i - 1].level)) {
            fatal("a FREEZE names what may not be frozen", 0);
        }
        seen[t->index] = true;
    }
}

/* The guardian gets the same descriptors, as many as fit into a message at a time. */
static void arm_guardian(void)
{
    struct msg_arm arm = { .deadline_boottime_ns = state.deadline, .count = state.count };
    int error = 0;
    for (uint32_t first = 0; error == 0 && first < state.count; first += WIRE_FDS_MAX) {
        struct msg_guard guard = { first, state.count - first };
        int fds[WIRE_FDS_MAX];
        guard.count = guard.count < WIRE_FDS_MAX ? guard.count : WIRE_FDS_MAX;
        for (uint32_t i = 0; i < guard.count; i++) {
            fds[i] = state.targets[first + i].fd;
        }
        error = wire_send(FD_GUARDIAN, MSG_GUARD, &guard, fds, guard.count);
    }
    error = error != 0 ? error : wire_send(FD_GUARDIAN, MSG_ARM, &arm, NULL, 0);
    if (error != 0) {
        fatal("cannot arm the guardian", error);
    }
}

static void answer(uint32_t type, uint32_t word)
{
    static union {
        struct msg_frozen frozen;
        struct msg_thawed thawed;
    } m; /* large; one answer at a time */
    struct fs_result *results = type == MSG_FROZEN ? m.frozen.results : m.thawed.results;
    memset(&m, 0, sizeof m);
    for (uint32_t i = 0; i < state.count; i++) {
        results[i] = state.targets[i].result;
    }
    if (type == MSG_FROZEN) {
        m.frozen.verdict = word;
        m.frozen.count = state.count;
        m.frozen.deadline_boottime_ns = state.deadline;
    } else {
        m.thawed.reason = word;
        m.thawed.count = state.count;
    }
    int error = wire_send_now(FD_SUPERVISOR, type, &m, NULL, 0);
    if (error != 0) {
        fatal("cannot answer the supervisor", error); /* the guardian thaws */
    }
}

/* Gives work to all of a level (freezing) or to all that are frozen (thawing). */
static uint32_t give_all(enum work work)
{
    uint32_t chosen[PLAN_FS_MAX], count = 0;
    for (uint32_t i = 0; i < state.count; i++) {
        bool yes = work == WORK_FLUSH || (work == WORK_FREEZE && state.targets[i].level == state.level) ||
            (work == WORK_THAW && atomic_load(&state.map->state[i]) == FS_FROZEN);
        if (yes) {
            chosen[count++] = i;
        }
    }
    atomic_fetch_add(&state.pending, count);
    for (uint32_t i = 0; i < count; i++) {
        give(chosen[i], work);
    }
    return count;
}

void on_freeze(struct monitor *m, const struct wire_packet *packet)
{
    const struct msg_freeze *request = packet->body;
    check_request(m, request);
    state.map = m->map;
    state.count = request->count;
    state.deadline = request->timeout_ms * NS_PER_MS; /* a duration until the flush is over */
    bool opened = true;
    for (uint32_t i = 0; i < request->count; i++) {
        struct target *t = &state.targets[i];
        t->level = request->targets[i].level;
        t->result.index = request->targets[i].index;
        t->fd = open_file_system(m, t->result.index, O_RDONLY);
        t->result.open_error = t->fd < 0 ? (uint32_t)-t->fd : 0;
        opened = opened && t->fd >= 0;
    }
    if (!opened) {
        m->state = MONITOR_THAWED;
        answer(MSG_FROZEN, FREEZE_OPEN);
        return;
    }
    m->map->count = state.count;
    start_workers();
    state.flushing = true;
    m->state = MONITOR_FREEZING;
    (void)give_all(WORK_FLUSH);
}

/* ---- freezing, level by level ------------------------------------------------------ */

void on_guarding(struct monitor *m, const struct wire_packet *packet)
{
    (void)packet;
    if (!state.flushing) {
        fatal("the guardian answered twice", 0);
    }
    state.flushing = false;
    state.level = state.targets[0].level;
    expedite(m, true);
    (void)give_all(WORK_FREEZE);
}

static bool next_level(void)
{
    for (uint32_t i = 0; i < state.count; i++) {
        if (state.targets[i].level > state.level) {
            state.level = state.targets[i].level;
            return true;
        }
    }
    return false;
}

static bool level_failed(void)
{
    for (uint32_t i = 0; i < state.count; i++) {
        if (state.targets[i].result.freeze_error != 0) {
            return true;
        }
    }
    return false;
}

static void arm_deadline(void)
{
    state.deadline += clock_boottime_ns();
    const struct itimerspec at = {
        .it_value = { (time_t)(state.deadline / NS_PER_S), (long)(state.deadline % NS_PER_S) },
    };
    if (timerfd_settime(state.timer, TFD_TIMER_ABSTIME, &at, NULL) != 0) {
        fatal("cannot set the deadline", errno);
    }
    state.armed = true;
    arm_guardian();
}

/* Everything that had to be thawed is thawed. */
static void finish_thaw(struct monitor *m)
{
    const struct itimerspec never = { 0 };
    const struct msg_nothing nothing = { 0 };
    for (uint32_t i = 0; i < state.count; i++) {
        uint32_t now = atomic_load(&state.map->state[i]);
        if (now == FS_FROZEN || now == FS_FREEZING) {
            fatal("a file system cannot be thawed", (int)state.targets[i].result.thaw_error);
        }
        (void)close(state.targets[i].fd); /* a post-script may want to unmount it */
    }
    expedite(m, false);
    (void)timerfd_settime(state.timer, 0, &never, NULL);
    if (state.armed) {
        (void)wire_send_now(FD_GUARDIAN, MSG_DISARM, &nothing, NULL, 0); /* gone: noticed elsewhere */
    }
    if (state.tell) {
        answer(m->state == MONITOR_FREEZING ? MSG_FROZEN : MSG_THAWED,
               m->state == MONITOR_FREEZING ? (state.reason == THAW_DEADLINE ? FREEZE_DEADLINE : FREEZE_FAILED)
                                            : (uint32_t)state.reason);
    }
    state.tell = false;
    m->state = MONITOR_THAWED;
}

static void begin_thaw(struct monitor *m, enum thaw_reason reason)
{
    state.reason = reason;
    state.tell = true;
    atomic_store(&state.abandoned, true);
    if (give_all(WORK_THAW) == 0 && atomic_load(&state.pending) == 0) {
        finish_thaw(m);
    }
}

void freeze_step(struct monitor *m)
{
    uint64_t count;
    if (read(state.event, &count, sizeof count) < 0 || atomic_load(&state.pending) != 0) {
        return; /* EAGAIN, or the next phase has begun already */
    }
    if (atomic_load(&state.abandoned)) {
        if (state.tell) {
            finish_thaw(m);
        }
    } else if (m->state == MONITOR_FREEZING && state.flushing) {
        arm_deadline();
    } else if (m->state == MONITOR_FREEZING) {
        if (level_failed()) {
            begin_thaw(m, THAW_ASKED);
        } else if (next_level()) {
            (void)give_all(WORK_FREEZE);
        } else {
            m->state = MONITOR_FROZEN;
            answer(MSG_FROZEN, FREEZE_OK);
        }
    }
}

/* ---- thawing ------------------------------------------------------------------------- */

void on_thaw(struct monitor *m, const struct wire_packet *packet)
{
    (void)packet;
    begin_thaw(m, THAW_ASKED);
}

/* A THAW that crossed an unasked THAWED on its way, a GUARDING after the deadline. */
void on_too_late(struct monitor *m, const struct wire_packet *packet)
{
    (void)m;
    (void)packet;
}

void on_done(struct monitor *m, const struct wire_packet *packet)
{
    (void)m;
    (void)packet;
    _exit(0);
}

void freeze_abandon(struct monitor *m, enum thaw_reason reason)
{
    bool busy = m->state == MONITOR_FREEZING || m->state == MONITOR_FROZEN;
    if (busy && !(state.tell && atomic_load(&state.abandoned))) {
        begin_thaw(m, reason);
    }
    /* What hangs in its freeze because a lower layer was frozen first comes loose
     * when that is thawed; its worker thaws it then. */
}

void freeze_undo(struct monitor *m)
{
    atomic_store(&state.abandoned, true);
    for (uint32_t i = 0; i < state.count; i++) {
        uint32_t now = atomic_load(&state.map->state[i]);
        if (now == FS_FROZEN || now == FS_FREEZING) {
            thaw_one(i);
        }
    }
    if (state.count > 0) {
        expedite(m, false);
    }
}
