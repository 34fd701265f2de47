/*
 * trial.c - one run, and the harm that comes to it.
 */
#include "sight.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"

enum {
    END_MS = 15000,       /* for a run to end, whatever was done to it */
    SETTLE_MS = 100,      /* after a process was stopped: what is going to freeze is frozen then */
    BLOCKED_MS = 50,      /* so long no write takes */
    STARVE_MS = 1500,
    DEAD_MS = 2000,       /* for what was killed */
    RECOVER_MS = 5000,    /* for recover --wait, once nothing lives */
    AGAIN_US = 100,       /* until somebody to harm is looked for again */
};

void result_fail(struct result *o, const char *format, ...)
{
    size_t used = strlen(o->why);
    va_list rest;
    va_start(rest, format);
    if (used + 2 < sizeof o->why) {
        used += (size_t)snprintf(o->why + used, sizeof o->why - used, "%s", used > 0 ? "; " : "");
        (void)vsnprintf(o->why + used, sizeof o->why - used, format, rest);
    }
    va_end(rest);
    o->failures++;
}

static void do_harm(struct sight *sight, struct harm *h, struct load *load, const struct pace *pace, struct result *o)
{
    uint64_t limit = sight->began_ns + END_MS * NS_PER_MS;
    if (h->plan->action == ACTION_PAUSE && h->plan->aim != MOMENT_ANY && h->plan->aim != MOMENT_LOAD) {
        sight_await(sight, load, MOMENT_PRE, limit);
        (void)harm_find(h, sight->front);
    }
    sight_aim(sight, h->plan, load, pace, limit);
    for (;;) {
        o->moment = sight_moment(sight, load);
        o->harmed = sight->ended_ns == 0 && harm_do(h, sight->front, load);
        if (o->harmed || sight->ended_ns != 0 || clock_monotonic_ns() > limit) {
            return;
        }
        sight_look(sight, clock_monotonic_ns() + AGAIN_US * 1000ull);
    }
}

/* ---- waiting for the end ---------------------------------------------------------------------- */

static void await_end(struct sight *sight, uint64_t until_ns)
{
    while (sight->ended_ns == 0 && clock_monotonic_ns() < until_ns) {
        sight_look(sight, until_ns);
    }
}

/* Who is stopped must be no obstacle to the thaw; only then does he go on, or is killed. */
static void await_thaw(struct sight *sight, const struct plan *p, const struct load *load, uint32_t mask, uint64_t done_ns)
{
    uint64_t limit = done_ns + p->timeout_s * NS_PER_S + END_MS / 4 * NS_PER_MS;
    await_end(sight, done_ns + SETTLE_MS * NS_PER_MS);
    while (sight->ended_ns == 0 && load_blocked(load, mask, BLOCKED_MS) != 0 && clock_monotonic_ns() < limit) {
        sight_look(sight, clock_monotonic_ns() + NS_PER_MS);
    }
}

/* They go on when the plan says so, whatever the run did meanwhile. */
static void await_pause(struct sight *sight, const struct plan *p, uint64_t from_ns)
{
    int64_t wait = p->pause_us * 1000ll;
    if (p->past_deadline) {
        uint64_t deadline = sight->map != NULL ? sight->map->deadline_boottime_ns : 0;
        wait += deadline != 0 ? (int64_t)(deadline - clock_boottime_ns()) : (int64_t)(p->timeout_s * NS_PER_S);
    }
    uint64_t until = from_ns + (wait > 0 ? (uint64_t)wait : 0);
    while (clock_monotonic_ns() < until) {
        sight_look(sight, until);
    }
}

static void pause_them(struct sight *sight, struct harm *h)
{
    const struct plan *p = h->plan;
    await_pause(sight, p, h->done_ns);
    for (uint32_t i = 1; i < p->pauses; i++) {
        (void)harm_pause(h, false);
        await_end(sight, clock_monotonic_ns() + p->gap_us * 1000ull);
        (void)harm_pause(h, true); /* it may have ended meanwhile */
        await_pause(sight, p, clock_monotonic_ns());
    }
    harm_release(h);
}

static void await_outcome(struct sight *sight, struct harm *h, const struct load *load, uint32_t mask)
{
    const struct plan *p = h->plan;
    if (p->action == ACTION_PAUSE && h->done_ns != 0) {
        pause_them(sight, h);
    } else if (p->action == ACTION_STOP && h->done_ns != 0) {
        await_thaw(sight, p, load, mask, h->done_ns);
    } else if (p->action == ACTION_STARVE) {
        await_end(sight, h->done_ns + STARVE_MS * NS_PER_MS);
    }
    if (p->action == ACTION_STOP || p->action == ACTION_STARVE) {
        harm_release(h);
    }
    await_end(sight, clock_monotonic_ns() + END_MS * NS_PER_MS);
}

/* From the harm to the last writer's return, if something was or became frozen then. */
static uint64_t thaw_time(const struct load *load, uint32_t mask, enum moment moment)
{
    uint64_t marked = atomic_load(&load->marked_ns), last = 0;
    if (moment != MOMENT_FREEZE && moment != MOMENT_FROZEN && moment != MOMENT_THAW) {
        return 0;
    }
    for (uint32_t i = 0; i < load->count; i++) {
        uint64_t after = atomic_load(&load->writers[i].after_ns);
        last = (mask >> i & 1) != 0 && after > last ? after : last;
    }
    return marked != 0 && last > marked ? last - marked : 0;
}

/* ---- all of it ------------------------------------------------------------------------------------ */

/* After a run that was killed whole, when its last process is dead. */
static void recover(const struct settings *s, struct result *o)
{
    int status = 0;
    (void)verdict_await_end(0, DEAD_MS); /* else it says that the run lives: a kill is not over when it is sent */
    pid_t pid = front_recover(s, false);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        result_fail(o, "quiesce recover ended with status %#x", (unsigned)status);
    }
}

/* "recover --wait" ends when it has seen to what the run left.  Where there was no record
 * yet it waits for the next run: then it is ended. */
static void end_waiting(pid_t waiting, struct result *o)
{
    int status = 0, fd = pidfd_open(waiting, 0);
    struct pollfd end = { .fd = fd, .events = POLLIN };
    bool ended = fd >= 0 && poll(&end, 1, access(QUIESCE_RUN_DIR "/" QUIESCE_RECORD, F_OK) == 0 ? RECOVER_MS : 0) == 1;
    if (!ended && access(QUIESCE_RUN_DIR "/" QUIESCE_RECORD, F_OK) == 0) {
        result_fail(o, "quiesce recover --wait has not seen to the record");
    }
    if (!ended) {
        (void)kill(waiting, SIGTERM);
    }
    (void)waitpid(waiting, &status, 0);
    if (ended && status != 0) {
        result_fail(o, "quiesce recover --wait ended with status %#x", (unsigned)status);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Data that a flush has something to do with. */
static void make_dirty(const struct plan *p, const struct load *load, uint32_t mask)
{
    static const char block[BLOCK] = { 1 };
    for (uint32_t i = 0; i < load->count; i++) {
        char path[TEXT_MAX];
        snprintf(path, sizeof path, MOUNTS "/%s/dirty", load->writers[i].name);
        int fd = (mask >> i & 1) != 0 && p->dirty_kib > 0 ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
        for (uint32_t at = 0; fd >= 0 && at < p->dirty_kib * 1024u; at += BLOCK) {
            (void)!pwrite(fd, block, sizeof block, at);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
}

static void measure(const struct load *load, uint32_t mask, struct result *o)
{
    for (uint32_t i = 0; i < load->count; i++) {
        uint64_t longest = atomic_load(&load->writers[i].longest_ns);
        o->stall_ns = (mask >> i & 1) != 0 && longest > o->stall_ns ? longest : o->stall_ns;
    }
}

void trial_run(const struct settings *s, const struct plan *p, struct load *load, struct pace *pace, struct result *o)
{
    static struct sight sight;
    struct harm harm = { .plan = p, .victim_fd = -1, .also_fd = -1 };
    uint32_t mask = stores_of(p);
    pid_t waiting = 0;
    sight = (struct sight){ .lines = -1, .front_fd = -1 };
    *o = (struct result){ .moment = MOMENT_OVER };
    (void)unlink(QUIESCE_STATE_DIR "/" QUIESCE_JOURNAL);
    if (!cgroups_begin() || !front_configure(p) || (p->layout == LAYOUT_DAMAGED && !stores_damaged_make(p, load, o))) {
        result_fail(o, "the trial could not be prepared: %s", strerror(errno));
        cgroups_end();
        return;
    }
    make_dirty(p, load, mask);
    if (!load_begin(load, mask)) {
        result_fail(o, "the writers could not begin");
    }
    if (p->action == ACTION_WAITING) {
        recover(s, o); /* as at the start of a machine; of the run before there may be a record */
        waiting = front_recover(s, true);
    }
    if (!front_start(&sight, s, p, load)) {
        result_fail(o, "the run could not be started: %s", strerror(errno));
    } else {
        do_harm(&sight, &harm, load, pace, o);
        await_outcome(&sight, &harm, load, mask);
        sight_keep(&sight);
        o->took_ns = (sight.ended_ns != 0 ? sight.ended_ns : clock_monotonic_ns()) - sight.began_ns;
        o->status = sight.ended_ns != 0 ? sight.status : -1;
        if (p->action == ACTION_RECOVER && o->harmed) {
            recover(s, o);
        }
    }
    harm_release(&harm);
    verdict_running(p, load, mask, waiting, o);
    if (waiting > 0) {
        end_waiting(waiting, o);
    }
    verdict(p, load, mask, o);
    measure(load, mask, o);
    o->thaw_ns = thaw_time(load, mask, o->harmed ? o->moment : MOMENT_OVER);
    harm_end(&harm);
    cgroups_end();
    if (!load_end(load, mask)) {
        result_fail(o, "a writer does not end");
    }
    if (p->layout == LAYOUT_DAMAGED) {
        stores_damaged_end(load, o);
    }
    if (o->failures == 0 && o->status == 0) {
        sight_learn(&sight, pace);
    }
    sight_end(&sight);
}
