#include "held.h"

#include <string.h>

#include "base/clock.h"

void held_targets(const struct run *run, struct msg_targets *targets)
{
    targets->count = run->facts.frozen ? run->plan.count : 0;
    targets->listed = targets->length = 0;
    for (uint32_t i = 0; i < targets->count; i++) {
        const char *mount = run->mounts.text + run->mounts.entries[run->plan.targets[i].index].mount_point;
        size_t size = strlen(mount) + 1;

        if (targets->length + size > sizeof(targets->text))
            return;
        memcpy(targets->text + targets->length, mount, size);
        targets->length += (uint32_t)size;
        targets->listed++;
    }
}

uint64_t held_deadline(const struct run *run, uint64_t monitors)
{
    if (run->facts.frozen)
        return monitors;
    return clock_boottime_ns() + run->report->freeze_timeout_seconds * NS_PER_S;
}

bool held_fits(const struct run *run, const struct msg_release *m)
{
    return m->cause < RELEASE_CAUSES && (m->cause == RELEASE_COMMAND) == (run->options.held == 0);
}

void held_released(struct run *run, const struct msg_release *m)
{
    struct report *r = run->report;

    /* Of a snapshot that somebody else takes only that one can say how it went. */
    r->snapshot.ran = m->cause == RELEASE_COMMAND || m->cause == RELEASE_THAW;
    if (!run->options.held)
        return;
    r->held.released = 1;
    r->held.cause = (uint8_t)m->cause;
    r->held.uid = m->uid;
    r->held.pid = m->pid;
    r->held.refused = m->refused;
}
