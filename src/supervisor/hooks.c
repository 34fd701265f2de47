/*
 * hooks.c - running the scripts: attempts, time, killing, what is left over.
 *
 *   IDLE -> STARTING -> RUNNING -+-> SURVIVED ----------------+-> EMPTYING -> OVER
 *               ^                +-> (tree gone) -> next try -+
 *               |                +-> ENDING (TERM, grace) -> EMPTYING (KILL) -+
 *               +------------------------ next try ---------------------------+
 */
#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "attempt.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "progress.h"
#include "tree.h"

enum {
    KILL_WAIT_SECONDS = 10, /* a killed tree that is still there then hangs in the kernel */
    DRAIN_AT_ONCE = 4 * REPORT_STREAM_KEEP,
};

static const enum outcome well = OUTCOME_APP_CONSISTENT;

static void settle(struct run *run, struct hook *hook);

static void tell_launcher(struct run *run, uint32_t type, const void *body)
{
    int error = run->launcher.open ? wire_send(run->launcher.fd, type, body, NULL, 0) : 0;

    if (error != 0 && error != -EPIPE && error != -ECONNRESET) /* its end is noticed as an event */
        fatal("cannot reach the launcher", error);
}

static void tell_slot(struct run *run, uint32_t type, const struct hook *hook)
{
    const struct msg_slot slot = {.slot = hook->slot};

    tell_launcher(run, type, &slot);
}

static const struct plugin_plan *plan_of(const struct run *run, const struct hook *hook)
{
    return &run->plugins[hook->slot / PHASES];
}

static bool is_pre(const struct hook *hook)
{
    return hook->slot % PHASES == PHASE_PRE;
}

/* ---- ends of attempts --------------------------------------------------------- */

/* The result is known; what has survived may live on. */
static void conclude(struct run *run, struct hook *hook, enum hook_state state)
{
    static const enum outcome outcomes[PHASES][3] = {
        [PHASE_PRE] = {OUTCOME_PRE_FAILED, OUTCOME_PRE_TIMEOUT, OUTCOME_HOST_PRE_TIMEOUT},
        [PHASE_POST] = {OUTCOME_POST_FAILED, OUTCOME_POST_TIMEOUT, OUTCOME_HOST_POST_TIMEOUT},
    };
    char text[128];

    hook->state = state;
    if (!hook->settled) {
        hook->settled = true;
        hook->result = hook->succeeded ? well
                                       : outcomes[hook->slot % PHASES][!hook->timed_out ? 0 : hook->host_bound ? 2 : 1];
        run->report->hooks[hook->slot].failed = !hook->succeeded;
        timer_stop(&hook->deadline);
        attempt_describe(run, hook, text, sizeof(text));
        progress_hook(run, hook, PROGRESS_END, text);
    }
    run_hook_settled(run, hook);
}

static void try_it(struct run *run, struct hook *hook)
{
    static const enum pre_result results[2] = {PRE_FAILED, PRE_SUCCEEDED};
    const struct hook *pre = &run->hooks[WIRE_SLOT(hook->slot / PHASES, PHASE_PRE)];
    struct msg_start start = {.slot = hook->slot, .attempt = ++hook->attempt};

    if (!is_pre(hook)) {
        start.pre_result = (uint8_t)(pre->timed_out ? PRE_TIMED_OUT : results[pre->result == well]);
        start.snapshot_result = (uint8_t)run->facts.snapshot;
    }
    hook->state = HOOK_STARTING;
    hook->exited = hook->succeeded = hook->with_cgroup = hook->left = false;
    attempt_begin(run, hook);
    tell_launcher(run, MSG_START, &start);
    progress_hook(run, hook, PROGRESS_BEGIN, "");
}

/* Nothing of the attempt is left. */
static void attempt_over(struct run *run, struct hook *hook)
{
    bool again;

    attempt_close(run, hook);
    again = !hook->settled && !hook->succeeded && !hook->timed_out && !hook->cancelled && run->launcher.open &&
            hook->attempt <= plan_of(run, hook)->scripts[hook->slot % PHASES].retries;
    if (!again) {
        conclude(run, hook, HOOK_OVER);
        return;
    }
    attempt_failed(run, hook);
    try_it(run, hook);
}

static bool gone(const struct hook *hook)
{
    return !hook->report.open && !hook->init.open && !(hook->with_cgroup && tree_populated(hook));
}

/* ---- killing -------------------------------------------------------------------- */

static void unkillable(struct run *run, struct timer *timer)
{
    struct hook *hook = timer->owner;

    run_finding(run, FINDING_ERROR, FINDING_SYSTEM, OUTCOME_INTERNAL, plan_of(run, hook)->scripts[hook->slot % PHASES].path,
                "processes of the script of plugin '%s' do not end although they were killed", plan_of(run, hook)->name);
    hook->cancelled = true;
    hook->succeeded = false;
    attempt_over(run, hook);
}

/* KILL, unless the tree only has to be waited for. */
static void empty_tree(struct run *run, struct hook *hook, bool with_kill)
{
    hook->state = HOOK_EMPTYING;
    if (with_kill)
        tell_slot(run, MSG_KILL, hook);
    timer_set(&run->loop, &hook->grace, KILL_WAIT_SECONDS * NS_PER_S, false, unkillable, hook);
}

static void grace_over(struct run *run, struct timer *timer)
{
    struct hook *hook = timer->owner;
    uint32_t left = tree_count(hook), script = hook->exited ? 0 : 1;

    attempt_row(run, hook)->survivors = left > script ? left - script : 0;
    empty_tree(run, hook, true);
}

/* TERM, a grace period, then KILL. */
static void end_tree(struct run *run, struct hook *hook)
{
    uint64_t grace = plan_of(run, hook)->grace_seconds * NS_PER_S;

    hook->state = HOOK_ENDING;
    tell_slot(run, MSG_TERM, hook);
    timer_set(&run->loop, &hook->grace, grace, false, grace_over, hook);
}

static void deadline(struct run *run, struct timer *timer)
{
    struct hook *hook = timer->owner;

    if (hook->settled)
        return;
    hook->timed_out = true;
    if (hook->state == HOOK_STARTING || hook->state == HOOK_RUNNING)
        attempt_row(run, hook)->timed_out = 1;
    if (hook->state == HOOK_RUNNING)
        end_tree(run, hook); /* STARTING: as soon as it has started */
}

/* The script has ended; something of its tree may be left. */
static void script_ended(struct run *run, struct hook *hook)
{
    struct report_attempt *row = attempt_row(run, hook);
    const struct report_plugin *plugin = &run->report->plugins[hook->slot / PHASES];
    uint32_t left = tree_count(hook);

    hook->succeeded = row->ran && row->exit_code == 0 && row->signal == 0 && !hook->timed_out && !hook->cancelled;
    row->survivors = left;
    if (left == 0) {
        empty_tree(run, hook, false); /* the keeper has still to end */
        if (gone(hook))
            attempt_over(run, hook);
    } else if (!hook->succeeded) {
        end_tree(run, hook);
    } else if (!is_pre(hook)) {
        empty_tree(run, hook, true);
    } else if (plugin->effective.flags & POLICY_FORBID_SURVIVORS) {
        run_finding(run, FINDING_ERROR, FINDING_POLICY, OUTCOME_PRE_FAILED, plan_of(run, hook)->scripts[PHASE_PRE].path,
                    "the script left processes running, which its policy forbids");
        hook->succeeded = false;
        empty_tree(run, hook, true);
    } else {
        conclude(run, hook, HOOK_SURVIVED);
    }
}

/* Something has changed that the state may wait for. */
static void settle(struct run *run, struct hook *hook)
{
    if (hook->state == HOOK_RUNNING && hook->exited)
        script_ended(run, hook);
    else if ((hook->state == HOOK_ENDING || hook->state == HOOK_EMPTYING) && gone(hook))
        attempt_over(run, hook);
    else if (hook->state == HOOK_SURVIVED && gone(hook))
        attempt_over(run, hook); /* they ended by themselves */
}

/* ---- events ------------------------------------------------------------------------ */

static void output_ready(struct run *run, struct source *source, uint32_t events)
{
    struct hook *hook = source->owner;
    struct stream *stream = source == &hook->out ? &hook->stdout_kept : &hook->stderr_kept;

    (void)run;
    (void)events;
    if (stream_read(stream, source->fd, DRAIN_AT_ONCE) < 0)
        source_close(source);
}

static void tree_changed(struct run *run, struct source *source, uint32_t events)
{
    struct hook *hook = source->owner;

    (void)events;
    if (source == &hook->init) /* with it its whole PID namespace has ended */
        source_close(source);
    else
        (void)tree_populated(hook); /* reading it is what makes the event go away */
    settle(run, hook);
}

void hooks_started(struct run *run, struct wire_packet *packet)
{
    const struct msg_started *m = packet->body;
    struct hook *hook = m->slot < WIRE_HOOKS_MAX ? &run->hooks[m->slot] : NULL;
    unsigned fds = m->error ? 0 : m->with_cgroup ? 5 : 3;

    if (!hook || hook->state != HOOK_STARTING || m->attempt != hook->attempt || m->step >= START_STEPS ||
        packet->fds_count != fds)
        fatal("a STARTED out of place", 0);
    if (m->error) {
        attempt_row(run, hook)->start_step = m->step;
        attempt_row(run, hook)->start_error = m->error;
        attempt_over(run, hook);
        return;
    }
    for (unsigned i = 0; i < 3; i++)
        if (fcntl(packet->fds[i], F_SETFL, O_NONBLOCK | O_APPEND) != 0) /* the filter lets no other flags be set */
            fatal("cannot make a descriptor not block", errno);
    hook->state = HOOK_RUNNING;
    source_watch(&run->loop, &hook->report, packet->fds[0], EPOLLIN, run_keeper_ready, hook);
    source_watch(&run->loop, &hook->out, packet->fds[1], EPOLLIN, output_ready, hook);
    source_watch(&run->loop, &hook->err, packet->fds[2], EPOLLIN, output_ready, hook);
    if (m->with_cgroup) {
        hook->with_cgroup = true;
        source_watch(&run->loop, &hook->events, packet->fds[3], EPOLLPRI, tree_changed, hook);
        source_keep(&hook->procs, packet->fds[4]);
    }
    if (hook->timed_out || hook->cancelled)
        end_tree(run, hook);
}

void hooks_execed(struct run *run, struct hook *hook, struct wire_packet *packet)
{
    const struct msg_execed *m = packet->body;
    struct report_attempt *row = attempt_row(run, hook);

    if (row->ran || hook->exited || packet->fds_count != (hook->with_cgroup ? 0 : 1))
        fatal("an EXECED out of place", 0);
    row->ran = 1;
    row->layers = m->layers;
    if (!hook->with_cgroup)
        source_watch(&run->loop, &hook->init, packet->fds[0], EPOLLIN, tree_changed, hook);
}

void hooks_exec_failed(struct run *run, struct hook *hook, const struct msg_exec_failed *failed)
{
    struct report_attempt *row = attempt_row(run, hook);

    if (row->ran || hook->exited || failed->step >= START_STEPS)
        fatal("an EXEC_FAILED out of place", 0);
    row->start_step = failed->step;
    row->start_error = failed->error;
    hook->exited = true;
    settle(run, hook);
}

void hooks_exited(struct run *run, struct hook *hook, const struct msg_exited *m)
{
    struct report_attempt *row = attempt_row(run, hook);

    if (!row->ran || hook->exited || m->code < -1 || m->code > 255 || m->signal > 64)
        fatal("an EXITED out of place", 0);
    hook->exited = true;
    hook->left = m->left != 0;
    row->exit_code = m->code;
    row->signal = m->signal;
    row->cpu_us = m->cpu_us;
    row->max_rss_kib = m->max_rss_kib;
    row->duration_ns = clock_monotonic_ns() - hook->started_ns;
    settle(run, hook);
}

void hooks_keeper_gone(struct run *run, struct hook *hook)
{
    source_close(&hook->report);
    hook->left = false; /* without a cgroup the keeper's end is the end of its PID namespace */
    if (!hook->exited) {
        hook->exited = true;
        attempt_row(run, hook)->duration_ns = clock_monotonic_ns() - hook->started_ns;
        run_finding(run, FINDING_ERROR, FINDING_SYSTEM, OUTCOME_INTERNAL, "",
                    "the process that looks after a script of plugin '%s' ended early", plan_of(run, hook)->name);
        if (hook->state == HOOK_RUNNING)
            empty_tree(run, hook, true);
    }
    settle(run, hook);
}

/* ---- what the run asks for ------------------------------------------------------------ */

void hooks_start(struct run *run, uint32_t slot)
{
    struct hook *hook = &run->hooks[slot];
    uint32_t own = run->plugins[slot / PHASES].timeout_seconds;
    uint64_t budget;

    hook->slot = slot;
    hook->host_bound = run->host_timeout < own;
    budget = (hook->host_bound ? run->host_timeout : own) * NS_PER_S;
    hook->deadline_ns = clock_boottime_ns() + budget;
    timer_set(&run->loop, &hook->deadline, budget, false, deadline, hook);
    try_it(run, hook);
}

void hooks_cancel(struct run *run, enum hook_phase phase)
{
    for (uint32_t i = 0; i < run->plugins_count; i++) {
        struct hook *hook = &run->hooks[WIRE_SLOT(i, phase)];

        if (hook->settled || hook->state == HOOK_IDLE)
            continue;
        hook->cancelled = true;
        if (hook->state == HOOK_RUNNING)
            end_tree(run, hook);
    }
}

bool hooks_settled(const struct run *run, enum hook_phase phase)
{
    for (uint32_t i = 0; i < run->plugins_count; i++) {
        const struct hook *hook = &run->hooks[WIRE_SLOT(i, phase)];

        if (hook->state != HOOK_IDLE && !hook->settled)
            return false;
    }
    return true;
}

bool hooks_kill_survivors(struct run *run, uint32_t plugin)
{
    struct hook *hook = &run->hooks[WIRE_SLOT(plugin, PHASE_PRE)];

    if (hook->state == HOOK_SURVIVED)
        empty_tree(run, hook, true);
    return hook->state == HOOK_EMPTYING;
}

void hooks_launcher_gone(struct run *run)
{
    for (uint32_t slot = 0; slot < WIRE_HOOKS_MAX && !run->over; slot++) {
        struct hook *hook = &run->hooks[slot];

        if (hook->state == HOOK_IDLE || hook->state == HOOK_OVER)
            continue;
        hook->cancelled = true;
        if (hook->state == HOOK_STARTING)
            attempt_over(run, hook);
        else if (hook->state != HOOK_SURVIVED)
            empty_tree(run, hook, false); /* the monitor kills what the launcher started */
        settle(run, hook);
    }
}

void hooks_close(struct run *run)
{
    for (uint32_t slot = 0; slot < WIRE_HOOKS_MAX; slot++) {
        struct hook *hook = &run->hooks[slot];

        if (hook->state != HOOK_IDLE && hook->state != HOOK_OVER)
            attempt_close(run, hook);
        timer_stop(&hook->deadline);
        hook->state = HOOK_OVER;
    }
}
