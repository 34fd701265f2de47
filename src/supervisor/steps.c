/*
 * steps.c - the steps of a run, and what makes one follow the other.
 */
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fatal.h"
#include "base/freeze_check.h"
#include "documents.h"
#include "finish.h"
#include "held.h"
#include "hooks.h"
#include "progress.h"
#include "results.h"

static const enum outcome well = OUTCOME_APP_CONSISTENT;

enum { PATIENCE_S = 10 }; /* seconds that a thaw may take; a disk may be busy */

/* A peer that is gone is noticed as an event, not here. */
static void tell(const struct source *peer, uint32_t type, const void *body)
{
    int error = peer->open ? wire_send(peer->fd, type, body, NULL, 0) : 0;

    if (error != 0 && error != -EPIPE && error != -ECONNRESET)
        fatal("cannot send a message", error);
}

/* ---- post ------------------------------------------------------------------------- */

static void maybe_finish(struct run *run)
{
    bool waiting = false;

    if (run->over || !hooks_settled(run, PHASE_POST))
        return;
    for (uint32_t i = 0; run->launcher.open && i < run->plugins_count; i++)
        waiting = hooks_kill_survivors(run, i) || waiting;
    if (waiting)
        return;
    progress_pace_stop(run);
    for (uint32_t i = 0; i < run->plugins_count; i++) {
        const struct hook *post = &run->hooks[WIRE_SLOT(i, PHASE_POST)];

        if (post->state == HOOK_IDLE || post->result == well)
            continue;
        run->facts.post = heavier(run->facts.post, post->result);
        if (!run->plugins[i].continue_on_failure)
            run->facts.continue_on_failure = false;
    }
    if (run->report->step_at_ns[STEP_POST] && !run->post_over)
        progress_end(run, STEP_POST, run->facts.post != well, "");
    run->post_over = true;
    /* After the deadline the application does not wait for the snapshot command; the result does. */
    if (run->late && !run->released && !run->abandoned)
        return;
    finish_run(run);
}

/* Post-scripts of every plugin whose pre-script was started, at the same time. */
static void enter_post(struct run *run)
{
    bool any = false;

    run->state = SUPERVISOR_POST;
    for (uint32_t i = 0; i < run->plugins_count; i++)
        any = any || run->hooks[WIRE_SLOT(i, PHASE_PRE)].state != HOOK_IDLE;
    if (any && run->launcher.open) {
        progress_begin(run, STEP_POST, 0);
        progress_pace(run);
        for (uint32_t i = 0; i < run->plugins_count; i++)
            if (run->hooks[WIRE_SLOT(i, PHASE_PRE)].state != HOOK_IDLE)
                hooks_start(run, WIRE_SLOT(i, PHASE_POST));
    }
    maybe_finish(run);
}

/* ---- a monitor that does not answer ----------------------------------------------------- */

/* Stopped, or stuck in the kernel: the guardian keeps the deadline, and the
 * applications need not wait for it. */
static void monitor_is_silent(struct run *run, struct timer *timer)
{
    timer_stop(timer);
    if (run->over || !run->monitor.open)
        return;
    source_close(&run->monitor);
    steps_abandon(run, "the monitor does not answer; the guardian thaws what is frozen at the deadline");
}

/* It owes an answer at a time of CLOCK_BOOTTIME, and some patience later. */
static void expect_answer(struct run *run, uint64_t at_ns)
{
    uint64_t now = clock_boottime_ns();

    timer_set(&run->loop, &run->silence, (at_ns > now ? at_ns - now : 0) + PATIENCE_S * NS_PER_S, false,
              monitor_is_silent, NULL);
}

/* ---- snapshot and thaw ---------------------------------------------------------------- */

static void say_ready(struct run *run, uint64_t deadline, uint32_t count)
{
    struct msg_ready ready = {
        .frozen = run->facts.frozen, .file_systems = count, .deadline_boottime_ns = deadline};

    if (run->options.held) {
        static struct msg_targets targets;

        held_targets(run, &targets);
        tell(&run->front, MSG_TARGETS, &targets);
        ready.deadline_boottime_ns = held_deadline(run, deadline);
    }
    run->state = SUPERVISOR_SNAPSHOT;
    tell(&run->front, MSG_READY, &ready);
    progress_begin(run, STEP_SNAPSHOT, 0);
    if (run->facts.frozen)
        expect_answer(run, deadline);
}

static void leave_snapshot(struct run *run)
{
    const struct msg_nothing nothing = {0};

    if (!run->facts.frozen || run->thawed || !run->monitor.open) {
        enter_post(run);
        return;
    }
    run->state = SUPERVISOR_THAWING;
    tell(&run->monitor, MSG_THAW, &nothing);
    expect_answer(run, 0);
    progress_begin(run, STEP_THAW, 0);
}

static void take_release(struct run *run, const struct msg_release *m)
{
    struct report *r = run->report;

    if (run->released || m->exit_code > 255 || m->signal > 64 || !held_fits(run, m))
        fatal("a RELEASE out of place", 0);
    run->released = true;
    run->facts.snapshot = m->exit_code == 0 && m->signal == 0 ? SNAPSHOT_TAKEN : SNAPSHOT_FAILED;
    held_released(run, m);
    r->snapshot.exit_code = m->exit_code;
    r->snapshot.signal = m->signal;
    r->snapshot.duration_ns = m->duration_ns;
}

void steps_release(struct run *run, const struct msg_release *m)
{
    take_release(run, m);
    progress_end(run, STEP_SNAPSHOT, run->facts.snapshot == SNAPSHOT_FAILED, "");
    leave_snapshot(run);
}

void steps_release_late(struct run *run, const struct msg_release *m)
{
    /* The run went on without it: the deadline has passed, or a part of the program is gone. */
    if (!run->abandoned && !run->late)
        fatal("a RELEASE that nobody waits for", 0);
    take_release(run, m);
    if (run->late && !run->abandoned) {
        progress_end(run, STEP_SNAPSHOT, true, "");
        maybe_finish(run);
    }
}

void steps_thawed(struct run *run, const struct msg_freeze_state *m)
{
    timer_stop(&run->silence);
    results_thawed(run, m);
    progress_end(run, STEP_THAW, false, "");
    enter_post(run);
}

void steps_thawed_early(struct run *run, const struct msg_freeze_state *m)
{
    if (!run->facts.frozen || run->thawed || m->word == THAW_ASKED)
        fatal("a THAWED out of place", (int)m->word);
    timer_stop(&run->silence);
    results_thawed(run, m);
    run->late = m->word == THAW_DEADLINE;
    run->abandoned = run->abandoned || !run->late;
    run->facts.snapshot = SNAPSHOT_FAILED; /* as the post-scripts are told */
    progress_warning(run, STEP_SNAPSHOT, run->late
                     ? "the deadline thawed the file systems; this snapshot must not be used"
                     : "a part of quiesce is gone; the file systems are thawed; this snapshot must not be used");
    enter_post(run);
}

/* ---- freeze ------------------------------------------------------------------------------ */

static void enter_freeze(struct run *run)
{
    static struct msg_freeze freeze;

    run->state = SUPERVISOR_FREEZING;
    freeze.count = run->plan.count;
    freeze.timeout_ms = run->report->freeze_timeout_seconds * 1000u;
    memcpy(freeze.targets, run->plan.targets, sizeof(freeze.targets));
    if (!run->surveyed)
        progress_begin(run, STEP_FLUSH, 0);
    tell(&run->monitor, MSG_FREEZE, &freeze);
    /* As much time for the flush as for the freeze. */
    expect_answer(run, clock_boottime_ns() + 2 * NS_PER_MS * freeze.timeout_ms);
}

/* What follows once it is known how the snapshot may be taken. */
static void enter_snapshot(struct run *run)
{
    enum snapshot_way way = run->abandoned || run->released ? SNAPSHOT_REFUSED : decide_snapshot(&run->facts);

    if (way == SNAPSHOT_REFUSED)
        enter_post(run);
    else if (way == SNAPSHOT_FROZEN)
        enter_freeze(run);
    else
        say_ready(run, 0, 0);
}

/* Without the freeze that was wanted: whether the machine has but one disk is known by now. */
static void settle_crash_allowed(struct run *run)
{
    const struct facts *f = &run->facts;

    run->facts.crash_allowed = run->options.allow_crash == CRASH_ALWAYS ||
                               (run->options.allow_crash == CRASH_AUTO && f->plan == well && run->plan.one_disk);
}

void steps_replanned(struct run *run)
{
    timer_stop(&run->silence);
    settle_crash_allowed(run);
    if (run->facts.freeze != well)
        progress_end(run, STEP_FLUSH, true, "");
    enter_snapshot(run);
}

void steps_frozen(struct run *run, const struct msg_freeze_state *m)
{
    timer_stop(&run->silence);
    results_frozen(run, m);
    if (m->word != FREEZE_OK)
        enter_snapshot(run);
    else if (run->abandoned || run->released)
        leave_snapshot(run);
    else
        say_ready(run, m->deadline_boottime_ns, m->count);
}

/* ---- pre ------------------------------------------------------------------------------------ */

static void enter_pre(struct run *run)
{
    run->state = SUPERVISOR_PRE;
    progress_begin(run, STEP_PRE, 0);
    progress_pace(run);
    for (uint32_t i = 0; i < run->plugins_count; i++)
        hooks_start(run, WIRE_SLOT(i, PHASE_PRE));
}

static void leave_pre(struct run *run)
{
    progress_pace_stop(run);
    for (uint32_t i = 0; i < run->plugins_count; i++) {
        const struct hook *pre = &run->hooks[WIRE_SLOT(i, PHASE_PRE)];

        if (pre->result == well)
            continue;
        run->facts.pre = heavier(run->facts.pre, pre->result);
        if (!run->plugins[i].continue_on_failure)
            run->facts.continue_on_failure = false;
    }
    progress_end(run, STEP_PRE, run->facts.pre != well, "");
    enter_snapshot(run);
}

void steps_hook_settled(struct run *run, struct hook *hook)
{
    if (run->over)
        return;
    if (run->state == SUPERVISOR_PRE && hooks_settled(run, PHASE_PRE)) {
        leave_pre(run);
    } else if (run->state == SUPERVISOR_POST) {
        if (hook->slot % PHASES == PHASE_POST && hook->settled && run->launcher.open)
            (void)hooks_kill_survivors(run, hook->slot / PHASES);
        maybe_finish(run);
    }
}

/* ---- load ------------------------------------------------------------------------------------- */

void steps_load(struct run *run)
{
    run->state = SUPERVISOR_LOADING;
    progress_begin(run, STEP_LOAD, 0);
}

static void settle_options(struct run *run)
{
    struct report *r = run->report;
    struct facts *f = &run->facts;

    r->freeze_timeout_seconds = freeze_seconds(run->options.freeze_timeout_seconds, &run->vmbackup);
    r->host_timeout_seconds = run->host_timeout;
    r->has_cgroup = run->loaded.has_cgroup != 0;
    r->has_expedite = run->loaded.has_expedite != 0;
    r->limits = run->loaded.limits & ((1u << LIMITS) - 1);
    r->has_journal = run->loaded.has_journal != 0;
    r->has_record = run->loaded.has_record != 0;
    settle_crash_allowed(run);
    if (f->plugins == 0 && f->documents == well && f->plan == well && !f->freeze_wanted && !f->crash_allowed)
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, "",
                    "there is no script and nothing to freeze, and a crash-consistent snapshot is not allowed");
    for (uint32_t i = 0; i < WIRE_HOOKS_MAX; i++)
        r->hooks[i].skipped = r->hooks[i].used && !decide_scripts(f);
}

void steps_loaded(struct run *run)
{
    documents_complete(run);
    settle_options(run);
    progress_end(run, STEP_LOAD, run->facts.documents != well, "");
    if (run->options.mode != MODE_RUN)
        finish_run(run);
    else if (decide_scripts(&run->facts))
        enter_pre(run);
    else
        enter_snapshot(run);
}

/* ---- when somebody is gone -------------------------------------------------------------------------- */

/* Forward from wherever the run is. */
static void give_up(struct run *run)
{
    switch (run->state) {
    case SUPERVISOR_LOADING:
    case SUPERVISOR_ANSWER:
        finish_run(run);
        break;
    case SUPERVISOR_PRE:
        hooks_cancel(run, PHASE_PRE);
        break;
    case SUPERVISOR_FREEZING:
    case SUPERVISOR_SURVEYED:
    case SUPERVISOR_THAWING:
        if (!run->monitor.open)
            enter_post(run); /* else it still answers */
        break;
    case SUPERVISOR_REPLANNING:
        if (!run->front.open)
            enter_post(run); /* the same */
        break;
    case SUPERVISOR_SNAPSHOT:
        leave_snapshot(run);
        break;
    case SUPERVISOR_POST:
        maybe_finish(run);
        break;
    case SUPERVISOR_START:
    case SUPERVISOR_STATES:
    default:
        break;
    }
}

void steps_front_gone(struct run *run)
{
    if (run->over)
        return;
    if (run->state == SUPERVISOR_START) { /* nobody has asked for anything */
        run->over = true;
        return;
    }
    if (!run->released) {
        run->released = true;
        if (run->state != SUPERVISOR_POST)
            run->facts.snapshot = SNAPSHOT_FAILED;
    }
    if (run->state < SUPERVISOR_THAWING)
        run_finding(run, FINDING_ERROR, FINDING_SYSTEM, OUTCOME_SNAPSHOT_FAILED, "",
                    "quiesce itself was ended before the snapshot was over");
    give_up(run);
}

void steps_abandon(struct run *run, const char *why)
{
    if (run->over)
        return;
    run->abandoned = run->facts.internal = true;
    run_finding(run, FINDING_ERROR, FINDING_SYSTEM, OUTCOME_INTERNAL, "", "%s", why);
    progress_warning(run, STEP_SNAPSHOT, why);
    give_up(run);
}
