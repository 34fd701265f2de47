#include "front/witness.h"

#include <string.h>

#include "quiesce/outcome.h"

/* Exit statuses of "quiesce run" for what was achieved; those of failures are others. */
static const uint32_t exits[GRADE_NONE] = { [GRADE_APPLICATION] = 0, [GRADE_FILE_SYSTEM] = 10, [GRADE_CRASH] = 11 };

/* 0 as long as the monitor has not loaded everything: then nobody knows. */
static bool all_frozen(const struct run_record *record)
{
    uint32_t wanted = record->wanted;
    bool all = wanted > 1 && record->count == wanted - 1;
    for (uint32_t i = 0; all && i < wanted - 1; i++) {
        all = record->fs[i].state == FS_FROZEN;
    }
    return all;
}

bool witness_ready(struct witness *w, bool frozen)
{
    w->asked = true;
    w->frozen = all_frozen(w->record);
    /* The deadline may have thawed between FROZEN and now, but something was frozen. */
    return !frozen || w->record->count > 0;
}

void witness_snapshot(struct witness *w, const struct msg_release *release)
{
    w->taken = release->exit_code == 0 && release->signal == 0;
    w->frozen = w->frozen && all_frozen(w->record); /* thawed once, nothing is frozen again */
}

/* File systems that were frozen at some time. */
static uint32_t ever_frozen(const struct run_record *record)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PLAN_FS_MAX; i++) {
        count += record->fs[i].state == FS_FROZEN || record->fs[i].state == FS_THAWED || record->fs[i].state == FS_FREEZING;
    }
    return count;
}

static uint32_t said_frozen(const struct report *r)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->fs_count; i++) {
        count += r->fs[i].state == FS_FROZEN || r->fs[i].state == FS_THAWED;
    }
    return count;
}

static bool fits_grade(const struct report *r)
{
    if (r->mode != MODE_RUN) {
        return r->grade == GRADE_NONE;
    }
    for (unsigned grade = 0; grade < GRADE_NONE; grade++) {
        if ((r->exit_status == exits[grade]) != (r->grade == grade)) {
            return false;
        }
    }
    return true;
}

const char *witness_contradicts(const struct witness *w, const struct msg_result *m, const struct report *r)
{
    const bool consistent = r->grade == GRADE_APPLICATION || r->grade == GRADE_FILE_SYSTEM;
    if (m->outcome != r->outcome || m->exit_status != r->exit_status || r->finished == 0) {
        return "it is not the report of its result";
    }
    if (memcmp(r->run_id, w->run_id, WIRE_RUN_ID_MAX) != 0) {
        return "it is of another run";
    }
    if (!fits_grade(r)) {
        return "its exit status is not that of what it says was achieved";
    }
    if (r->grade != GRADE_NONE && !(w->asked && w->taken)) {
        return "it speaks of a snapshot that was not taken";
    }
    if (consistent && w->record->wanted != 1 && !w->frozen) {
        return "it says that file systems were frozen which were not";
    }
    if (said_frozen(r) > ever_frozen(w->record)) {
        return "it counts more frozen file systems than there were";
    }
    return NULL;
}
