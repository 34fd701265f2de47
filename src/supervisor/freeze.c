/*
 * freeze.c - which file systems are frozen, and in which order.
 */
#include "freeze.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/report_json.h"
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

static bool same_path(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);

    while (m > 1 && a[m - 1] == '/')
        m--;
    while (n > 1 && b[n - 1] == '/')
        n--;
    return m == n && memcmp(a, b, m) == 0;
}

static bool names(const char *wish, const struct mount_plan *table, const struct fs_entry *e)
{
    return same_path(wish, table->text + e->mount_point) || same_path(wish, table->text + e->source);
}

static bool listed(const struct mount_list *list, const struct mount_plan *table, const struct fs_entry *e)
{
    const char *wish = list->text;

    for (uint32_t i = 0; i < list->count; i++, wish += strlen(wish) + 1)
        if (names(wish, table, e))
            return true;
    return false;
}

/* Every name of --mount and --exclude has to mean something. */
static void look_for_names(const struct mount_plan *table, const struct mount_list *list, bool must_freeze,
                           struct freeze_plan *plan)
{
    const char *wish = list->text;

    for (uint32_t i = 0; i < list->count; i++, wish += strlen(wish) + 1) {
        uint32_t found = NOWHERE;

        for (uint32_t k = 0; k < table->count; k++)
            if (names(wish, table, &table->entries[k]) && (found == NOWHERE || table->entries[k].skip == FS_ELIGIBLE))
                found = k;
        if (found == NOWHERE && must_freeze)
            issue(plan, FINDING_ERROR, OUTCOME_MOUNT_UNOPENABLE, wish,
                  "is not in the mount table ('quiesce check' shows what is)");
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
        if (wishes->mounts->count > 0 && !listed(wishes->mounts, table, e))
            plan->skip[i] = FS_NOT_NAMED;
        if (listed(wishes->exclude, table, e) || listed(wishes->skip, table, e))
            plan->skip[i] = FS_EXCLUDED;
        plan->count += plan->skip[i] == FS_ELIGIBLE;
    }
    look_for_names(table, wishes->mounts, true, plan);
    look_for_names(table, wishes->exclude, false, plan);
}

/* ---- ordering ----------------------------------------------------------------- */

/* The entry that a loop device's file lies on; NOWHERE if it cannot be told. */
static uint32_t lies_on(const struct mount_plan *table, const struct msg_file_systems *below, uint32_t i)
{
    const struct fs_below *b = &below->below[i];

    if (b->error)
        return NOWHERE;
    /* A file's st_dev is that of the mount point it is seen through; btrfs gives
     * each subvolume its own, which is not the one in the mount table. */
    for (uint32_t k = 0; k < table->count; k++)
        if (below->below[k].device_known && below->below[k].st_major == b->below_major &&
            below->below[k].st_minor == b->below_minor)
            return k;
    for (uint32_t k = 0; k < table->count; k++)
        if (table->entries[k].major == b->below_major && table->entries[k].minor == b->below_minor)
            return k;
    return NOWHERE;
}

/*
 * Walks down from a chosen file system and pushes each chosen one on the way
 * below the last.  Returns 1 if something was pushed, 0 if not, -1 on an error.
 */
static int push_down(const struct mount_plan *table, const struct msg_file_systems *below, uint32_t from,
                     struct freeze_plan *plan)
{
    uint32_t upper = from, at = from, steps = 0;
    int pushed = 0;

    while (below->below[at].loop) {
        uint32_t next = lies_on(table, below, at), least;

        if (next == NOWHERE) {
            if (plan->count == 1)
                break; /* alone: there is no order to get wrong */
            issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, table->text + table->entries[at].mount_point,
                  "is on a loop device whose file's file system cannot be found");
            return -1;
        }
        if (++steps > table->count) {
            issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, table->text + table->entries[next].mount_point,
                  "is on a loop device whose file lies on itself, by way of others");
            return -1;
        }
        at = next;
        if (plan->skip[at] != FS_ELIGIBLE)
            continue;
        /* Even levels: the odd ones are left for "/", last among its equals. */
        least = (plan->level[upper] + 2 - (plan->level[upper] & 1u)) | (table->entries[at].is_root ? 1u : 0u);
        if (plan->level[at] < least) {
            plan->level[at] = least;
            pushed = 1;
        }
        upper = at;
    }
    return pushed;
}

static bool order(const struct mount_plan *table, const struct msg_file_systems *below, struct freeze_plan *plan)
{
    int pushed = 1;

    for (uint32_t i = 0; i < table->count; i++)
        plan->level[i] = plan->skip[i] == FS_ELIGIBLE && table->entries[i].is_root ? 1 : 0;
    /* Without a cycle each round settles one more layer. */
    for (uint32_t round = 0; pushed > 0 && round <= table->count; round++) {
        pushed = 0;
        for (uint32_t i = 0; i < table->count; i++) {
            int n = plan->skip[i] == FS_ELIGIBLE ? push_down(table, below, i, plan) : 0;

            if (n < 0)
                return false;
            pushed |= n;
        }
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

void freeze_choose(const struct mount_plan *table, const struct msg_file_systems *below,
                   const struct freeze_wishes *wishes, struct freeze_plan *plan)
{
    memset(plan, 0, sizeof(*plan));
    plan->outcome = OUTCOME_APP_CONSISTENT;
    choose(table, wishes, plan);
    if (order(table, below, plan))
        line_up(table, plan);
    else
        plan->count = 0;
    plan->one_disk = plan->count > 0;
    for (uint32_t i = 1; i < plan->count; i++)
        if (!same_disk(&table->entries[plan->targets[0].index], &table->entries[plan->targets[i].index]))
            plan->one_disk = false;
}
