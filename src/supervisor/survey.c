/*
 * survey.c - the mount table as it is right before the freeze.
 */
#include "survey.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fatal.h"
#include "base/report_names.h"
#include "documents.h"
#include "progress.h"
#include "steps.h"

static const enum outcome well = OUTCOME_APP_CONSISTENT;

enum { PATIENCE_S = 10 }; /* seconds that the front may look at devices */

/* What was known when the run began. */
static struct mount_plan before;
static uint8_t skipped[PLAN_FS_MAX];

void survey_topology(struct run *run, const struct msg_topology *m)
{
    if (m->count > PLAN_BELOW_MAX || m->failed > 1)
        fatal("a TOPOLOGY out of its bounds", 0);
    for (uint32_t i = 0; i < m->count; i++)
        if (m->devices[i].kind >= BELOW_KINDS)
            fatal("a TOPOLOGY with a kind that there is not", 0);
    memcpy(&run->topology, m, sizeof(*m));
}

/* The plan can no longer be made. */
static void fail(struct run *run)
{
    run->facts.freeze = heavier(run->facts.freeze, OUTCOME_FREEZE_FAILED);
    run->plan.one_disk = false; /* nor what a snapshot without it would be worth */
    steps_replanned(run);
}

void survey_document(struct run *run, struct wire_packet *packet)
{
    if (run->surveyed || ((const struct msg_document *)packet->body)->kind != DOC_MOUNTS)
        fatal("a DOCUMENT that nobody waits for", 0);
    run->surveyed = true;
    before = run->mounts;
    memcpy(skipped, run->plan.skip, sizeof(skipped));
    if (documents_take(run, packet))
        run->state = SUPERVISOR_SURVEYED;
    else
        fail(run);
}

/* Stopped, or stuck in the kernel.  The applications, whose pre-scripts have run, need not wait for it. */
static void front_is_silent(struct run *run, struct timer *timer)
{
    timer_stop(timer);
    if (run->state != SUPERVISOR_REPLANNING) /* it was gone, and nobody waits for it */
        return;
    source_close(&run->front);
    steps_abandon(run, "quiesce itself does not answer, and what block devices lie on now cannot be told");
}

void survey_answer(struct run *run, const struct wire_packet *packet)
{
    const struct mount_plan *now = packet->body;
    const struct msg_nothing nothing = {0};
    int error;

    documents_answer(run, packet);
    if (!now->head.usable || !run->front.open) {
        fail(run);
        return;
    }
    run->state = SUPERVISOR_REPLANNING;
    error = wire_send(run->front.fd, MSG_SURVEY, &nothing, NULL, 0);
    if (error != 0 && error != -EPIPE && error != -ECONNRESET) /* that it is gone is noticed as an event */
        fatal("cannot send a message", error);
    timer_set(&run->loop, &run->silence, PATIENCE_S * NS_PER_S, false, front_is_silent, NULL);
}

/* The entry of the same superblock in another table, or -1. */
static int same_entry(const struct mount_plan *table, const struct fs_entry *e)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (table->entries[i].major == e->major && table->entries[i].minor == e->minor)
            return (int)i;
    return -1;
}

static void tell_differences(struct run *run)
{
    const struct mount_plan *now = &run->mounts;

    for (uint32_t i = 0; i < now->count; i++) {
        int was = same_entry(&before, &now->entries[i]);

        if (run->plan.skip[i] == FS_ELIGIBLE && (was < 0 || skipped[was] != FS_ELIGIBLE))
            run_finding(run, FINDING_WARNING, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, now->text + now->entries[i].mount_point,
                        "%s since the run began; it is frozen with the others",
                        was < 0 ? "has been mounted" : "has become one that can be frozen");
    }
    for (uint32_t i = 0; i < before.count; i++) {
        const char *point = before.text + before.entries[i].mount_point;
        int is = same_entry(now, &before.entries[i]);

        if (skipped[i] != FS_ELIGIBLE || (is >= 0 && run->plan.skip[is] == FS_ELIGIBLE))
            continue;
        if (is < 0)
            run_finding(run, FINDING_WARNING, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, point,
                        "has been unmounted since the run began; it is not frozen");
        else
            run_finding(run, FINDING_WARNING, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, point,
                        "is not frozen, as it has changed since the run began: %s", fs_skip_name(run->plan.skip[is]));
    }
}

void survey_replan(struct run *run)
{
    documents_choose(run);
    tell_differences(run);
    run->facts.freeze = heavier(run->facts.freeze, run->plan.outcome);
    if (run->topology.failed) {
        run_finding(run, FINDING_ERROR, FINDING_SYSTEM, OUTCOME_FREEZE_FAILED, "",
                    "the mounts have changed since the run began, and what block devices lie on cannot be told any more");
        fail(run);
        return;
    }
    if (run->facts.freeze == well && run->plan.count == 0) {
        run_finding(run, FINDING_ERROR, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, "",
                    "of what was to be frozen nothing is mounted any more");
        fail(run);
        return;
    }
    steps_replanned(run);
}
