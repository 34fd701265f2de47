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
#include <linux/fs.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/expedite.h"
#include "base/fatal.h"
#include "base/freeze_check.h"
#include "base/mount.h"
#include "base/workers.h"
#include "monitor/monitor.h"

enum { RETURN_MS = 500 }; /* for freezes to return after the deadline */

struct target {
    int fd;
    uint32_t level;
    uint64_t frozen_at;
    struct fs_result result;
};

static struct freeze {
    struct frozen_map *map;
    uint32_t count, level; /* level: being frozen now */
    bool flushing, armed, tell; /* tell: an answer is owed to the supervisor */
    int timer;
    struct workers workers;
    struct expedite expedite;
    atomic_bool failed;    /* a freeze was refused */
    atomic_bool abandoned; /* whoever freezes from now on thaws again */
    uint64_t deadline;
    enum thaw_reason reason;
    struct target targets[PLAN_FS_MAX];
} state;

/* ---- workers ------------------------------------------------------------------ */

static void set_state(uint32_t i, enum fs_state s)
{
    state.targets[i].result.state = (uint8_t)s;
    atomic_store(&state.map->state[i], (uint32_t)s);
}

static void flush_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    uint64_t begin = clock_monotonic_ns();
    t->result.flush_error = syncfs(t->fd) != 0 ? (uint32_t)errno : 0;
    t->result.flush_ns = clock_monotonic_ns() - begin;
}

/* EINVAL: it is not frozen (any more), which is what was wanted. */
static void thaw_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    if (atomic_load(&state.map->state[i]) == FS_THAWED) {
        return;
    }
    uint64_t begin = clock_monotonic_ns();
    t->result.thaw_error = ioctl(t->fd, FITHAW, 0) != 0 && errno != EINVAL ? (uint32_t)errno : 0;
    uint64_t end = clock_monotonic_ns();
    t->result.thaw_ns = end - begin;
    t->result.frozen_ns = end - t->frozen_at;
    if (t->result.thaw_error == 0) {
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
    t->result.freeze_error = ioctl(t->fd, FIFREEZE, 0) != 0 ? (uint32_t)errno : 0;
    t->frozen_at = clock_monotonic_ns();
    t->result.freeze_ns = t->frozen_at - begin;
    set_state(i, t->result.freeze_error == 0 ? FS_FROZEN : FS_REFUSED);
    if (t->result.freeze_error != 0) {
        atomic_store(&state.failed, true);
    } else if (atomic_load(&state.abandoned)) {
        thaw_one(i);
    }
}

static void give(work_function *work)
{
    uint32_t chosen[PLAN_FS_MAX], count = 0;
    for (uint32_t i = 0; i < state.count; i++) {
        if (work == flush_one || (work == freeze_one && state.targets[i].level == state.level) ||
            (work == thaw_one && atomic_load(&state.map->state[i]) == FS_FROZEN)) {
            chosen[count++] = i;
        }
    }
    workers_give(&state.workers, work, chosen, count);
}

/* ---- preparing ------------------------------------------------------------------ */

void freeze_prepare(int *deadline, int *finished)
{
    *deadline = state.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
    *finished = workers_prepare(&state.workers);
    if (*deadline < 0 || *finished < 0) {
        fatal("cannot make timer and event descriptors", *finished);
    }
    expedite_prepare(&state.expedite, FD_EXPEDITE);
}

/* FROZEN and THAWED have one layout; word is the verdict or the reason. */
static void answer(uint32_t type, uint32_t word)
{
    static struct msg_freeze_state answer; /* large */
    answer.word = word;
    answer.count = state.count;
    answer.deadline_boottime_ns = state.deadline;
    for (uint32_t i = 0; i < state.count; i++) {
        answer.results[i] = state.targets[i].result;
    }
    int error = wire_send_now(FD_SUPERVISOR, type, &answer, NULL, 0);
    if (error != 0) {
        fatal("cannot answer the supervisor", error); /* the guardian thaws */
    }
}

void on_freeze(void *context, const struct wire_packet *packet)
{
    struct monitor *m = context;
    const struct msg_freeze *request = packet->body;
    bool opened = true;
    if (!freeze_valid(request, &m->mounts, &m->request, &m->vmbackup)) {
        fatal("a FREEZE out of its bounds", 0);
    }
    if (m->state == MONITOR_READY && mounts_changed(FD_MOUNTINFO)) {
        load_survey(m);
        return;
    }
    state.map = m->map;
    state.count = m->map->count = request->count;
    state.deadline = request->timeout_ms * NS_PER_MS; /* a duration until the flush is over */
    for (uint32_t i = 0; i < request->count; i++) {
        struct target *t = &state.targets[i];
        t->level = request->targets[i].level;
        t->result.index = request->targets[i].index;
        const struct fs_entry *entry = &m->mounts.entries[t->result.index];
        t->fd = mount_open(FD_ROOT, m->mounts.text + entry->mount_point, entry->mount_id);
        t->result.open_error = t->fd < 0 ? (uint32_t)-t->fd : 0;
        opened = opened && t->fd >= 0;
    }
    if (!opened) {
        m->state = MONITOR_THAWED;
        answer(MSG_FROZEN, FREEZE_OPEN);
        return;
    }
    int error = workers_start(&state.workers, state.count);
    if (error != 0) {
        fatal("cannot start workers", error);
    }
    state.flushing = true;
    m->state = MONITOR_FREEZING;
    give(flush_one);
}

/* After the flush: the deadline, and the guardian gets the same descriptors, as many as a message holds. */
static void arm(void)
{
    state.deadline += clock_boottime_ns();
    const struct msg_arm last = { .deadline_boottime_ns = state.deadline, .count = state.count };
    int error = clock_set_timer(state.timer, state.deadline);
    for (uint32_t first = 0; error == 0 && first < state.count; first += WIRE_FDS_MAX) {
        uint32_t rest = state.count - first;
        struct msg_guard guard = { first, rest < WIRE_FDS_MAX ? rest : WIRE_FDS_MAX };
        int fds[WIRE_FDS_MAX];
        for (uint32_t i = 0; i < guard.count; i++) {
            fds[i] = state.targets[first + i].fd;
        }
        error = wire_send(FD_GUARDIAN, MSG_GUARD, &guard, fds, guard.count);
    }
    error = error != 0 ? error : wire_send(FD_GUARDIAN, MSG_ARM, &last, NULL, 0);
    if (error != 0) {
        fatal("cannot arm the guardian", error);
    }
    state.armed = true;
}

/* ---- freezing, level by level ------------------------------------------------------ */

void on_guarding(void *context, const struct wire_packet *packet)
{
    if (!state.flushing) {
        fatal("the guardian answered twice", 0);
    }
    state.flushing = false;
    state.level = state.targets[0].level;
    expedite_switch(&state.expedite, true);
    give(freeze_one);
}

/* Everything that had to be thawed is thawed. */
static void finish_thaw(struct monitor *m)
{
    static const struct msg_nothing nothing = { 0 };
    const bool freezing = m->state == MONITOR_FREEZING;
    bool stuck = false;
    for (uint32_t i = 0; i < state.count; i++) {
        uint32_t now = atomic_load(&state.map->state[i]);
        if (state.targets[i].result.thaw_error != 0) {
            fatal("a file system cannot be thawed", (int)state.targets[i].result.thaw_error);
        }
        if (now == FS_FREEZING || now == FS_FROZEN) {
            stuck = true; /* its worker, or the guardian, thaws it */
        } else {
            (void)close(state.targets[i].fd); /* a post-script may want to unmount it */
        }
    }
    (void)clock_set_timer(state.timer, 0);
    if (state.armed && !stuck) {
        expedite_switch(&state.expedite, false);
        (void)wire_send_now(FD_GUARDIAN, MSG_DISARM, &nothing, NULL, 0); /* gone: noticed elsewhere */
    }
    state.tell = false;
    m->state = MONITOR_THAWED;
    answer(freezing ? MSG_FROZEN : MSG_THAWED,
           !freezing ? (uint32_t)state.reason : state.reason == THAW_DEADLINE ? FREEZE_DEADLINE : FREEZE_FAILED);
}

static void begin_thaw(struct monitor *m, enum thaw_reason reason)
{
    state.reason = reason;
    state.tell = true;
    atomic_store(&state.abandoned, true);
    give(thaw_one);
    if (workers_idle(&state.workers)) {
        finish_thaw(m);
    }
}

/* The next level to freeze, if there is one. */
static bool next_level(void)
{
    uint32_t i = 0;
    while (i < state.count && state.targets[i].level <= state.level) {
        i++;
    }
    state.level = i < state.count ? state.targets[i].level : state.level;
    return i < state.count;
}

void freeze_step(struct monitor *m)
{
    if (!workers_idle(&state.workers)) {
        return; /* the next phase has begun already */
    }
    if (atomic_load(&state.abandoned)) {
        if (state.tell) {
            finish_thaw(m);
        }
    } else if (state.flushing) {
        arm();
    } else if (atomic_load(&state.failed)) {
        begin_thaw(m, THAW_ASKED);
    } else if (next_level()) {
        give(freeze_one);
    } else {
        m->state = MONITOR_FROZEN;
        answer(MSG_FROZEN, FREEZE_OK);
    }
}

/* ---- thawing ------------------------------------------------------------------------- */

/* Whatever hangs in its freeze because a lower layer was frozen first comes loose
 * when that is thawed; its worker thaws it then. */
void freeze_abandon(struct monitor *m, enum thaw_reason reason)
{
    if ((m->state == MONITOR_FREEZING || m->state == MONITOR_FROZEN) && !state.tell) {
        begin_thaw(m, reason);
    }
}

/* Once: the deadline.  Again: a freeze has not returned although all else was thawed;
 * whoever waits for the answer, and the applications behind it, wait no longer. */
void freeze_deadline(struct monitor *m)
{
    (void)clock_set_timer(state.timer, clock_boottime_ns() + RETURN_MS * NS_PER_MS);
    if (state.tell) {
        finish_thaw(m);
    }
    freeze_abandon(m, THAW_DEADLINE);
}

void on_thaw(void *context, const struct wire_packet *packet)
{
    freeze_abandon(context, THAW_ASKED);
}

void on_done(void *context, const struct wire_packet *packet)
{
    _exit(0);
}

/* A freeze that has not returned is left FREEZING: FITHAW says EINVAL of it, and if
 * that were taken for thawed nobody would thaw it when the kernel has got there. */
void freeze_undo(void)
{
    atomic_store(&state.abandoned, true);
    for (uint32_t i = 0; i < state.count; i++) {
        if (atomic_load(&state.map->state[i]) == FS_FROZEN) {
            thaw_one(i);
        }
    }
    if (state.armed) {
        expedite_switch(&state.expedite, false);
    }
}
