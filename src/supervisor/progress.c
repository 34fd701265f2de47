/*
 * progress.c - telling the front how far the run is.
 *
 * Progress is dropped where the front does not keep up: a run never waits for
 * whoever looks at it.
 */
#include "progress.h"

#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

static void tell_at(const struct run *run, struct msg_progress *p, uint64_t at_ns, const char *text)
{
    p->at_ns = at_ns;
    utf8_sanitize(p->text, sizeof(p->text), text, strlen(text));
    if (run->front.open && !run->over)
        (void)wire_send_now(run->front.fd, MSG_PROGRESS, p, NULL, 0); /* its end is noticed elsewhere */
}

static void tell(const struct run *run, struct msg_progress *p, const char *text)
{
    tell_at(run, p, run_now(run), text);
}

void progress_begin(struct run *run, enum run_step step, uint64_t budget_ns)
{
    struct msg_progress p = {.step = (uint8_t)step, .kind = PROGRESS_BEGIN, .budget_ns = budget_ns};
    uint64_t now = run_now(run);

    run->report->step_at_ns[step] = now ? now : 1;
    tell_at(run, &p, now, "");
}

void progress_end(struct run *run, enum run_step step, bool failed, const char *text)
{
    struct msg_progress p = {.step = (uint8_t)step, .kind = PROGRESS_END, .failed = failed};

    if (run->report->step_took_ns[step] == 0)
        run->report->step_took_ns[step] = run_now(run) - run->report->step_at_ns[step];
    tell(run, &p, text);
}

void progress_measured(struct run *run, enum run_step step, uint64_t at_ns, uint64_t took_ns, bool failed)
{
    struct msg_progress begin = {.step = (uint8_t)step, .kind = PROGRESS_BEGIN};
    struct msg_progress end = {.step = (uint8_t)step, .kind = PROGRESS_END, .failed = failed};

    if (run->report->step_at_ns[step] == 0)
        tell_at(run, &begin, at_ns, "");
    run->report->step_at_ns[step] = at_ns ? at_ns : 1;
    run->report->step_took_ns[step] = took_ns;
    tell_at(run, &end, at_ns + took_ns, "");
}

void progress_hook(struct run *run, const struct hook *hook, enum progress_kind kind, const char *text)
{
    struct msg_progress p = {.step = hook->slot % PHASES == PHASE_PRE ? STEP_PRE : STEP_POST,
                             .kind = (uint8_t)kind,
                             .failed = kind == PROGRESS_END && hook->result != OUTCOME_APP_CONSISTENT,
                             .attempt = hook->attempt};
    const struct plugin_plan *plugin = &run->plugins[hook->slot / PHASES];
    uint64_t now = clock_boottime_ns();

    p.budget_ns = kind != PROGRESS_END && hook->deadline_ns > now ? hook->deadline_ns - now : 0;
    memcpy(p.plugin, plugin->name, sizeof(p.plugin));
    tell(run, &p, text);
}

void progress_warning(struct run *run, enum run_step step, const char *text)
{
    struct msg_progress p = {.step = (uint8_t)step, .kind = PROGRESS_WARNING};

    tell(run, &p, text);
}

static void still(struct run *run, struct timer *timer)
{
    (void)timer;
    for (uint32_t i = 0; i < WIRE_HOOKS_MAX; i++) {
        enum hook_state s = run->hooks[i].state;

        if (s == HOOK_STARTING || s == HOOK_RUNNING || s == HOOK_ENDING || s == HOOK_EMPTYING)
            progress_hook(run, &run->hooks[i], PROGRESS_STILL, "");
    }
}

void progress_pace(struct run *run)
{
    uint64_t seconds = PLAN_POLL_MAX;

    for (uint32_t i = 0; i < run->plugins_count; i++)
        if (run->plugin_usable[i] && run->plugins[i].poll_seconds < seconds)
            seconds = run->plugins[i].poll_seconds;
    timer_set(&run->loop, &run->still, seconds * NS_PER_S, true, still, NULL);
}

void progress_pace_stop(struct run *run)
{
    timer_stop(&run->still);
}
