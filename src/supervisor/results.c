/*
 * results.c - what the monitor says about each file system.
 */
#include "results.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fatal.h"
#include "progress.h"

static void take(struct run *run, uint32_t count, const struct fs_result *results)
{
    if (count != run->plan.count)
        fatal("results that are not of the targets", 0);
    for (uint32_t i = 0; i < count; i++) {
        const struct fs_result *from = &results[i];
        struct report_fs *to;

        if (from->index != run->plan.targets[i].index || from->state >= FS_STATES)
            fatal("a result that is not of its target", 0);
        to = &run->report->fs[from->index];
        to->state = from->state;
        to->error = from->open_error     ? from->open_error
                    : from->freeze_error ? from->freeze_error
                    : from->thaw_error   ? from->thaw_error
                                         : from->flush_error;
        to->flush_ns = from->flush_ns;
        to->freeze_ns = from->freeze_ns;
        to->frozen_ns = from->frozen_ns;
        to->thaw_ns = from->thaw_ns;
    }
}

static const char *words(uint32_t error)
{
    const char *text = strerrordesc_np((int)error);

    if (error == EBUSY)
        return "somebody else holds it frozen, and it is left so";
    if (error == ECANCELED)
        return "the thaw came before its turn";
    if (error == EOPNOTSUPP)
        return "file systems of its type have no freeze";
    return text ? text : "unknown error";
}

static void find(struct run *run, const struct fs_result *f)
{
    const char *mount = run->mounts.text + run->mounts.entries[f->index].mount_point;

    if (f->open_error)
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_MOUNT_UNOPENABLE, mount, "cannot be opened: %s",
                    f->open_error == ESTALE ? "it is no longer the mount of the mount table" : words(f->open_error));
    if (f->freeze_error)
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, mount, "cannot be frozen: %s",
                    words(f->freeze_error));
    if (f->flush_error)
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, mount,
                    "could not be written out, so that data may be lost: %s", words(f->flush_error));
}

static uint64_t longer(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Flush and freeze are answered together.  What each took is what its file systems
 * say: all are flushed at once, and of a level all are frozen at once. */
static void time_line(struct run *run, const struct msg_freeze_state *m)
{
    uint64_t now = run_now(run), began = run->report->step_at_ns[STEP_FLUSH], all = now - began;
    uint64_t flush = 0, freeze = 0, level = 0;

    for (uint32_t i = 0; i < m->count; i++) {
        if (i > 0 && run->plan.targets[i].level != run->plan.targets[i - 1].level) {
            freeze += level;
            level = 0;
        }
        flush = longer(flush, m->results[i].flush_ns);
        level = longer(level, m->results[i].freeze_ns);
    }
    freeze += level;
    /* No more than went by here, whatever was measured there. */
    flush = flush < all ? flush : all;
    freeze = freeze < all - flush ? freeze : all - flush;
    progress_measured(run, STEP_FLUSH, began, flush, false);
    progress_measured(run, STEP_FREEZE, now - freeze, freeze, m->word != FREEZE_OK);
}

void results_frozen(struct run *run, const struct msg_freeze_state *m)
{
    static const enum outcome outcomes[FREEZE_VERDICTS] = {
        [FREEZE_OK] = OUTCOME_APP_CONSISTENT,
        [FREEZE_FAILED] = OUTCOME_FREEZE_FAILED,
        [FREEZE_OPEN] = OUTCOME_MOUNT_UNOPENABLE,
        [FREEZE_DEADLINE] = OUTCOME_FREEZE_TIMEOUT,
    };

    if (m->word >= FREEZE_VERDICTS)
        fatal("FROZEN out of its bounds", 0);
    take(run, m->count, m->results);
    run->facts.frozen = m->word == FREEZE_OK;
    run->facts.freeze = outcomes[m->word];
    for (uint32_t i = 0; i < m->count; i++)
        find(run, &m->results[i]);
    if (m->word == FREEZE_DEADLINE)
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_FREEZE_TIMEOUT, "",
                    "after %u s not everything was frozen", run->report->freeze_timeout_seconds);
    time_line(run, m);
}

void results_thawed(struct run *run, const struct msg_freeze_state *m)
{
    static const char *const reasons[THAW_REASONS] = {
        [THAW_FRONT_GONE] = "quiesce itself ended",   [THAW_LAUNCHER_GONE] = "the launcher ended before its time",
        [THAW_GUARDIAN_GONE] = "the guardian ended before its time",
        [THAW_PARSER_GONE] = "the parser ended before its time",
    };

    if (m->word >= THAW_REASONS || run->thawed)
        fatal("THAWED out of its bounds", 0);
    take(run, m->count, m->results);
    run->thawed = true;
    if (m->word == THAW_ASKED)
        return;
    if (m->word == THAW_DEADLINE)
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_FREEZE_TIMEOUT, "",
                    run->options.held ? "nobody had called quiesce thaw after %u s" : "the snapshot command was not over after %u s",
                    run->report->freeze_timeout_seconds);
    else
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_INTERNAL, "",
                    "the file systems were thawed before the snapshot was over: %s", reasons[m->word]);
    if (m->word == THAW_DEADLINE)
        run->facts.freeze = OUTCOME_FREEZE_TIMEOUT;
    else if (m->word == THAW_FRONT_GONE)
        run->facts.snapshot = SNAPSHOT_FAILED;
    else
        run->facts.internal = true;
}
