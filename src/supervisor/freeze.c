/*
 * freeze.c - which file systems are frozen, and in which order.
 */
#include "freeze.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/freeze_check.h"
#include "base/report_names.h"
#include "base/utf8.h"
#include "decide.h"

enum { NOWHERE = UINT32_MAX };

__attribute__((format(printf, 5, 6)))
static void issue(struct freeze_plan *plan, enum finding_severity severity, enum outcome outcome, const char *mount,
                  const char *format, ...)
{
    struct finding *f;
    char name[192];
    va_list args;
    int n;

    if (severity == FINDING_ERROR)
        plan->outcome = heavier(plan->outcome, outcome);
    if (plan->issues_count == FREEZE_ISSUES_MAX)
        return;
    f = &plan->issues[plan->issues_count++];
    f->code = outcome_table[outcome].code;
    f->severity = (uint8_t)severity;
    f->kind = FINDING_MOUNT;
    utf8_sanitize(name, sizeof(name), mount, strlen(mount));
    n = snprintf(f->message, sizeof(f->message), "'%s' ", name);
    va_start(args, format);
    vsnprintf(f->message + n, sizeof(f->message) - (size_t)n, format, args);
    va_end(args);
}

/* ---- choosing --------------------------------------------------------------- */

/* Every name of --mount and --exclude has to mean something. */
static void look_for_names(const struct mount_plan *table, const struct mount_list *list, bool must_freeze,
                           struct freeze_plan *plan)
{
    const char *wish = list->text;

    for (uint32_t i = 0; i < list->count; i++, wish += strlen(wish) + 1) {
        uint32_t found = NOWHERE;

        for (uint32_t k = 0; k < table->count; k++)
            if (mount_named(wish, table, &table->entries[k]) && (found == NOWHERE || table->entries[k].skip == FS_ELIGIBLE))
                found = k;
        if (found == NOWHERE && must_freeze)
            issue(plan, FINDING_ERROR, OUTCOME_MOUNT_UNOPENABLE, wish,
                  "is not in the mount table; 'quiesce check' lists what is");
        else if (found == NOWHERE)
            issue(plan, FINDING_WARNING, OUTCOME_MOUNT_UNOPENABLE, wish, "is to be excluded but is not in the mount table");
        else if (must_freeze && table->entries[found].skip != FS_ELIGIBLE)
            issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, wish, "cannot be frozen: %s",
                  fs_skip_name(table->entries[found].skip));
    }
}

static void choose(const struct mount_plan *table, const struct freeze_wishes *wishes, struct freeze_plan *plan)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct fs_entry *e = &table->entries[i];

        plan->skip[i] = e->skip;
        if (e->skip != FS_ELIGIBLE)
            continue;
        if (wishes->mounts->count > 0 && !mount_listed(wishes->mounts, table, e))
            plan->skip[i] = FS_NOT_NAMED;
        if (mount_listed(wishes->exclude, table, e) || mount_listed(wishes->skip, table, e))
            plan->skip[i] = FS_EXCLUDED;
        plan->count += plan->skip[i] == FS_ELIGIBLE;
    }
    look_for_names(table, wishes->mounts, true, plan);
    look_for_names(table, wishes->exclude, false, plan);
}

/* ---- ordering ----------------------------------------------------------------- */

/* Where a file system lies: on nothing else, on an entry of the table, on a device
 * without a number of its own that is in no table, or who knows where. */
enum ground { GROUND_BOTTOM, GROUND_ENTRY, GROUND_ANONYMOUS, GROUND_UNKNOWN };

struct layers {
    const struct mount_plan *table;
    const struct msg_topology *topology;
};

/* The loop device that holds an entry, or NULL.  btrfs has an anonymous number in
 * the mount table; there the source names the device. */
static const struct block_below *loop_of(const struct layers *l, const struct fs_entry *e)
{
    enum { LOOP_MAJOR = 7 }; /* Documentation/admin-guide/devices.txt */
    static const char prefix[] = "/dev/loop";
    const char *source = l->table->text + e->source;
    uint32_t major = e->major, minor = e->minor;

    if (major == 0 && strncmp(source, prefix, sizeof(prefix) - 1) == 0 && strlen(source) < sizeof(prefix) + 7) {
        major = LOOP_MAJOR;
        minor = 0;
        for (const char *digit = source + sizeof(prefix) - 1; *digit >= '0' && *digit <= '9'; digit++)
            minor = minor * 10 + (uint32_t)(*digit - '0');
    }
    for (uint32_t i = 0; i < l->topology->count; i++)
        if (l->topology->devices[i].major == major && l->topology->devices[i].minor == minor)
            return &l->topology->devices[i];
    return NULL;
}

static enum ground ground_of(const struct layers *l, uint32_t at, uint32_t *below)
{
    const struct block_below *b = loop_of(l, &l->table->entries[at]);

    if (!b)
        return l->table->entries[at].skip == FS_OVERLAY || l->table->entries[at].skip == FS_FUSE ? GROUND_UNKNOWN
                                                                                               : GROUND_BOTTOM;
    for (*below = 0; *below < l->table->count; (*below)++)
        if (l->table->entries[*below].major == b->below_major && l->table->entries[*below].minor == b->below_minor)
            return GROUND_ENTRY;
    return b->below_major == 0 ? GROUND_ANONYMOUS : GROUND_UNKNOWN;
}

/* Puts a chosen file system below another.  True if that moved it.  Even levels:
 * the odd ones are left for "/", last among its equals. */
static bool put_below(const struct layers *l, uint32_t at, uint32_t upper, struct freeze_plan *plan)
{
    uint32_t least = (plan->level[upper] + 2 - (plan->level[upper] & 1u)) | (l->table->entries[at].is_root ? 1u : 0u);

    if (plan->level[at] >= least)
        return false;
    plan->level[at] = least;
    return true;
}

/* A file on an anonymous device is in memory, or in a subvolume of a chosen file
 * system of that kind: freezing it before all of those is right either way. */
static bool put_below_anonymous(const struct layers *l, uint32_t upper, struct freeze_plan *plan)
{
    bool moved = false;

    for (uint32_t i = 0; i < l->table->count; i++)
        if (i != upper && plan->skip[i] == FS_ELIGIBLE && l->table->entries[i].major == 0)
            moved = put_below(l, i, upper, plan) || moved;
    return moved;
}

/* Walks down from a chosen file system and puts each chosen one on the way below
 * the last.  False: an error was found.  *moved becomes true if a level changed. */
static bool push_down(const struct layers *l, uint32_t from, struct freeze_plan *plan, bool *moved)
{
    uint32_t upper = from, at = from, below = 0;

    for (uint32_t steps = 0; steps <= l->table->count; steps++) {
        enum ground ground = ground_of(l, at, &below);

        if (ground == GROUND_UNKNOWN && plan->count > 1) {
            issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, l->table->text + l->table->entries[from].mount_point,
                  "is on a loop device, and on which file system its file lies cannot be told");
            return false;
        }
        if (ground == GROUND_ANONYMOUS)
            *moved = put_below_anonymous(l, upper, plan) || *moved;
        if (ground != GROUND_ENTRY)
            return true;
        at = below;
        if (plan->skip[at] != FS_ELIGIBLE)
            continue;
        *moved = put_below(l, at, upper, plan) || *moved;
        upper = at;
    }
    issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, l->table->text + l->table->entries[from].mount_point,
          "is on a loop device whose file lies on itself, by way of others");
    return false;
}

static bool order(const struct layers *l, struct freeze_plan *plan)
{
    bool moved = true;

    for (uint32_t i = 0; i < l->table->count; i++)
        plan->level[i] = plan->skip[i] == FS_ELIGIBLE && l->table->entries[i].is_root ? 1 : 0;
    /* Without a cycle each round settles one more layer. */
    for (uint32_t round = 0; moved && round <= l->table->count; round++) {
        moved = false;
        for (uint32_t i = 0; i < l->table->count; i++)
            if (plan->skip[i] == FS_ELIGIBLE && !push_down(l, i, plan, &moved))
                return false;
    }
    for (uint32_t i = 0; moved && i < l->table->count; i++)
        if (plan->skip[i] == FS_ELIGIBLE && l->table->entries[i].major == 0) {
            issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, l->table->text + l->table->entries[i].mount_point,
                  "may lie on another one that is chosen, or that on it: name one at a time");
            return false;
        }
    return true;
}

/* Makes the targets, by level, with levels numbered from 0 without gaps. */
static void line_up(const struct mount_plan *table, struct freeze_plan *plan)
{
    uint32_t wanted = plan->count, next = 0;

    plan->count = 0;
    for (uint32_t level = 0; plan->count < wanted; level++) {
        bool any = false;

        for (uint32_t i = 0; i < table->count; i++) {
            if (plan->skip[i] != FS_ELIGIBLE || plan->level[i] != level)
                continue;
            plan->targets[plan->count++] = (struct freeze_target){.index = i, .level = next};
            any = true;
        }
        next += any;
    }
    for (uint32_t i = 0; i < plan->count; i++)
        plan->level[plan->targets[i].index] = plan->targets[i].level;
}

/* Partitions of one disk, where the numbers say so: the sd driver gives a disk
 * 16 minors (Documentation/admin-guide/devices.txt).  Elsewhere only the same
 * device is the same disk. */
static bool same_disk(const struct fs_entry *a, const struct fs_entry *b)
{
    enum { SD_MAJOR = 8, SD_MINORS = 16 };

    if (a->major != b->major)
        return false;
    return a->major == SD_MAJOR ? a->minor / SD_MINORS == b->minor / SD_MINORS : a->minor == b->minor;
}

void freeze_choose(const struct mount_plan *table, const struct msg_topology *topology,
                   const struct freeze_wishes *wishes, struct freeze_plan *plan)
{
    const struct layers layers = {table, topology};

    memset(plan, 0, sizeof(*plan));
    plan->outcome = OUTCOME_APP_CONSISTENT;
    choose(table, wishes, plan);
    if (order(&layers, plan))
        line_up(table, plan);
    else
        plan->count = 0;
    plan->one_disk = plan->count > 0;
    for (uint32_t i = 1; i < plan->count; i++)
        if (!same_disk(&table->entries[plan->targets[0].index], &table->entries[plan->targets[i].index]))
            plan->one_disk = false;
}
