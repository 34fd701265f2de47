/*
 * The freeze.
 *
 * One worker thread per file system makes the calls that may block; the main
 * thread never does, so that the deadline and the death of another role are
 * noticed while a flush or a freeze is stuck in the kernel.  A thaw is given to all:
 * to a worker whose freeze has not returned it is what comes next.  What is nested
 * is thawed at once too: the inner one cannot write its superblock, and its thaw
 * does not return, before the outer one is thawed.
 *
 * The record says FREEZING before the ioctl that it announces, so that the
 * guardian never misses one; EBUSY (somebody else's freeze) turns it to REFUSED,
 * which nobody of us thaws.  So does the guardian when it thaws to what has not been
 * announced: a monitor that was stopped before it could freeze it freezes nothing later.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fatal.h"
#include "base/freeze_check.h"
#include "base/mount.h"
#include "base/record.h"
#include "base/thaw.h"
#include "base/workers.h"
#include "monitor/monitor.h"

enum { RETURN_MS = 500 }; /* for flushes and freezes to return after the deadline */

struct target {
    int fd;
    uint32_t level;
    uint64_t frozen_at;
    struct fs_result result;
};

static struct freeze {
    struct run_record *record;
    uint32_t count, next;  /* next: the first that is to be frozen after those that are being frozen */
    bool flushing, armed;
    bool thawing, tell;    /* tell: an answer is owed to the supervisor */
    bool orphan, late;     /* there is no supervisor to be told anything; and freezes have had time to return */
    int timer;
    struct workers workers;
    atomic_bool failed;    /* a flush or a freeze was refused */
    uint64_t timeout;
    enum thaw_reason reason;
    struct target targets[PLAN_FS_MAX];
} state;

/* ---- workers ------------------------------------------------------------------ */

static enum fs_state state_of(uint32_t i)
{
    return (enum fs_state)atomic_load(&state.record->fs[i].state);
}

/* An error is the freeze's: FIFREEZE, which flushes as well, is not told of it again. */
static void flush_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    uint64_t begin = clock_monotonic_ns();
    t->result.flush_error = syncfs(t->fd) != 0 ? (uint32_t)errno : 0;
    t->result.flush_ns = clock_monotonic_ns() - begin;
    if (t->result.flush_error != 0) {
        atomic_store(&state.failed, true);
    }
}

static void freeze_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    _Atomic uint32_t *shared = &state.record->fs[i].state;
    uint32_t freezing = FS_FREEZING;
    bool permitted = freeze_announce(&state.record->fs[i]);
    uint64_t begin = clock_monotonic_ns();
    t->result.freeze_error = !permitted ? ECANCELED : ioctl(t->fd, FIFREEZE, 0) != 0 ? (uint32_t)errno : 0;
    t->frozen_at = clock_monotonic_ns();
    t->result.freeze_ns = t->frozen_at - begin;
    if (t->result.freeze_error != 0) {
        atomic_store(shared, (uint32_t)FS_REFUSED);
        atomic_store(&state.failed, true);
    } else { /* the guardian may have thawed it already */
        (void)atomic_compare_exchange_strong(shared, &freezing, (uint32_t)FS_FROZEN);
    }
}

static void thaw_one(uint32_t i)
{
    struct target *t = &state.targets[i];
    t->result.thaw_error = (uint32_t)thaw(&state.record->fs[i], t->fd, true); /* this thread is not in a freeze */
}

/* ---- preparing ------------------------------------------------------------------ */

void freeze_prepare(int *deadline, int *finished)
{
    *deadline = state.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
    *finished = workers_prepare(&state.workers);
    if (*deadline < 0 || *finished < 0) {
        fatal("cannot make timer and event descriptors", *finished);
    }
}

/* FROZEN and THAWED have one layout; word is the verdict or the reason. */
static void answer(uint32_t type, uint32_t word)
{
    static struct msg_freeze_state answer; /* large */
    answer.word = word;
    answer.count = state.count;
    answer.deadline_boottime_ns = state.record->deadline_boottime_ns;
    for (uint32_t i = 0; i < state.count; i++) {
        const struct target *t = &state.targets[i];
        struct record_fs *fs = &state.record->fs[i];
        uint64_t thawed_at = atomic_load(&fs->thawed_at_ns);
        answer.results[i] = t->result;
        answer.results[i].state = (uint8_t)state_of(i);
        answer.results[i].thaw_ns = atomic_load(&fs->thaw_ns);
        answer.results[i].frozen_ns = t->frozen_at != 0 && thawed_at > t->frozen_at ? thawed_at - t->frozen_at : 0;
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
    state.record = m->record;
    state.count = request->count;
    state.timeout = request->timeout_ms * NS_PER_MS;
    for (uint32_t i = 0; i < request->count; i++) {
        struct target *t = &state.targets[i];
        t->level = request->targets[i].level;
        t->result.index = request->targets[i].index;
        const struct fs_entry *entry = &m->mounts.entries[t->result.index];
        record_name(&m->record->fs[i], entry, m->mounts.text);
        t->fd = mount_open(FD_ROOT, m->mounts.text + entry->mount_point, entry->mount_id);
        t->result.open_error = t->fd < 0 ? (uint32_t)-t->fd : 0;
        opened = opened && t->fd >= 0;
    }
    m->record->count = request->count;
    if (!opened) {
        for (uint32_t i = 0; i < state.count; i++) {
            (void)close(state.targets[i].fd); /* a post-script may want to unmount it; EBADF: not opened */
        }
        m->state = MONITOR_THAWED;
        answer(MSG_FROZEN, FREEZE_OPEN);
        return;
    }
    int error = workers_start(&state.workers, state.count);
    error = error != 0 ? error : clock_set_timer(state.timer, clock_boottime_ns() + state.timeout);
    if (error != 0) {
        fatal("cannot start workers", error);
    }
    state.flushing = true;
    m->state = MONITOR_FREEZING;
    workers_give(&state.workers, flush_one, 0, state.count);
}

/* After the flush, for which there was as much time: the deadline.  The guardian gets the same
 * descriptors, as many as a message holds. */
static void arm(void)
{
    const struct msg_arm last = { .deadline_boottime_ns = clock_boottime_ns() + state.timeout, .count = state.count };
    int error = clock_set_timer(state.timer, last.deadline_boottime_ns);
    state.record->deadline_boottime_ns = last.deadline_boottime_ns;
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

/* Those of the next level, at once. */
static void freeze_level(void)
{
    uint32_t first = state.next;
    while (state.next < state.count && state.targets[state.next].level == state.targets[first].level) {
        state.next++;
    }
    workers_give(&state.workers, freeze_one, first, state.next - first);
}

void on_guarding(void *context, const struct wire_packet *packet)
{
    if (!state.flushing) {
        fatal("the guardian answered twice", 0);
    }
    state.flushing = false;
    if (!state.thawing) { /* else it comes too late: it would be frozen after it has been thawed */
        record_expedite(state.record, FD_EXPEDITE, true);
        freeze_level();
    }
}

/* Everything that had to be thawed is thawed. */
static void finish_thaw(struct monitor *m)
{
    static const struct msg_nothing nothing = { 0 };
    const bool freezing = m->state == MONITOR_FREEZING;
    bool stuck = false;
    for (uint32_t i = 0; i < state.count; i++) {
        if (state.targets[i].result.thaw_error != 0) {
            fatal("a file system cannot be thawed", (int)state.targets[i].result.thaw_error);
        }
        if (state_of(i) == FS_FREEZING || state_of(i) == FS_FROZEN) {
            stuck = true; /* its worker, or the guardian, thaws it */
        } else {
            (void)close(state.targets[i].fd); /* a post-script may want to unmount it */
        }
    }
    (void)clock_set_timer(state.timer, 0);
    if (state.armed && !stuck) {
        record_expedite(state.record, FD_EXPEDITE, false);
        (void)wire_send_now(FD_GUARDIAN, MSG_DISARM, &nothing, NULL, 0); /* gone: noticed elsewhere */
    }
    state.tell = false;
    m->state = MONITOR_THAWED;
    answer(freezing ? MSG_FROZEN : MSG_THAWED,
           !freezing ? (uint32_t)state.reason : state.reason == THAW_DEADLINE ? FREEZE_DEADLINE : FREEZE_FAILED);
}

/* Without a supervisor nothing is answered: this process ends as soon as nothing is frozen, or
 * only what is still in its freeze, which the guardian thaws when this process has gone. */
static void end_orphan(void)
{
    for (uint32_t i = 0; i < state.count; i++) {
        if ((state_of(i) == FS_FROZEN && state.targets[i].result.thaw_error == 0) || (state_of(i) == FS_FREEZING && !state.late)) {
            return;
        }
    }
    if (state.armed) {
        record_expedite(state.record, FD_EXPEDITE, false);
    }
    fatal("the supervisor is gone; thawed", 0);
}

static void begin_thaw(enum thaw_reason reason)
{
    state.reason = reason;
    state.thawing = state.tell = true;
    workers_give(&state.workers, thaw_one, 0, state.count);
}

void freeze_step(struct monitor *m)
{
    bool idle = workers_idle(&state.workers);
    if (state.orphan) {
        end_orphan();
    } else if (!idle) {
        return; /* the next phase has begun already */
    } else if (state.thawing) {
        if (state.tell) {
            finish_thaw(m);
        }
    } else if (atomic_load(&state.failed)) {
        begin_thaw(THAW_ASKED);
    } else if (state.flushing) {
        arm();
    } else if (state.next < state.count) {
        freeze_level();
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
        begin_thaw(reason);
    }
}

static void set_return_timer(void)
{
    (void)clock_set_timer(state.timer, clock_boottime_ns() + RETURN_MS * NS_PER_MS);
}

/* Once: the deadline.  Again: a flush or a freeze has not returned although all else was
 * thawed; whoever waits for the answer, and the applications behind it, wait no longer. */
void freeze_deadline(struct monitor *m)
{
    set_return_timer();
    if (state.orphan) {
        state.late = true;
        end_orphan();
    } else if (state.tell) {
        finish_thaw(m);
    } else {
        freeze_abandon(m, THAW_DEADLINE);
    }
}

void on_thaw(void *context, const struct wire_packet *packet)
{
    freeze_abandon(context, THAW_ASKED);
}

void on_done(void *context, const struct wire_packet *packet)
{
    const struct monitor *m = context;
    m->record->over = 1;
    _exit(0);
}

void freeze_orphan(struct monitor *m)
{
    state.orphan = true;
    atomic_store(&state.workers.each, true);
    freeze_abandon(m, THAW_REASONS);
    kill_hooks(FD_CGROUP_KILL);
    set_return_timer();
    end_orphan();
}
