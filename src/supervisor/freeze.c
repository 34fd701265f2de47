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
#include "layers.h"

__attribute__((format(printf, 5, 6)))
static void issue(struct freeze_plan *plan, enum finding_severity severity, enum outcome outcome, const char *mount,
                  const char *format, ...)
{
    struct finding *f;
    char name[192], text[2 * sizeof(f->message)];
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
    n = snprintf(text, sizeof(text), "'%s' ", name);
    va_start(args, format);
    vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
    va_end(args);
    utf8_sanitize(f->message, sizeof(f->message), text, strlen(text)); /* other mount points may be in it */
    for (char *c = f->message; *c; c++) /* and it stays one line */
        if (*c == '\n' || *c == '\t')
            *c = ' ';
}

/* ---- choosing --------------------------------------------------------------- */

/* Every name of --mount and --exclude has to mean something. */
static void look_for_names(const struct mount_plan *table, const struct mount_list *list, bool must_freeze,
                           struct freeze_plan *plan)
{
    const char *wish = list->text;

    for (uint32_t i = 0; i < list->count; i++, wish += strlen(wish) + 1) {
        uint32_t found = LAYERS_NOWHERE;

        for (uint32_t k = 0; k < table->count; k++)
            if (mount_named(wish, table, &table->entries[k]) &&
                (found == LAYERS_NOWHERE || table->entries[k].skip == FS_ELIGIBLE))
                found = k;
        if (found == LAYERS_NOWHERE && must_freeze)
            issue(plan, FINDING_ERROR, OUTCOME_MOUNT_UNOPENABLE, wish,
                  "is not in the mount table; 'quiesce check' lists what is");
        else if (found == LAYERS_NOWHERE)
            issue(plan, FINDING_WARNING, OUTCOME_MOUNT_UNOPENABLE, wish, "is to be excluded but is not in the mount table");
        else if (must_freeze && table->entries[found].skip != FS_ELIGIBLE && table->entries[found].skip != FS_HIDDEN)
            issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, wish, "cannot be frozen: %s",
                  fs_skip_name(table->entries[found].skip));
    }
}

/* Of those that would be frozen if they could be. */
static void tell_left_out(const struct mount_plan *table, const struct fs_entry *e, struct freeze_plan *plan)
{
    const char *mount = table->text + e->mount_point;

    if (e->skip == FS_HIDDEN)
        issue(plan, FINDING_ERROR, OUTCOME_MOUNT_UNOPENABLE, mount,
              "(%u:%u) cannot be reached: every mount of this file system is hidden under another; unmount what hides "
              "it, mount it elsewhere as well, or exclude it", e->major, e->minor);
    else if (e->skip == FS_BOOT)
        issue(plan, FINDING_WARNING, OUTCOME_FREEZE_FAILED, mount,
              "is of type %s, which cannot be frozen, and is left out: only a boot loader reads it", e->type);
}

/* What is hidden has mount points that mean what hides it: there its source names it alone. */
static bool is_named(const struct mount_list *list, const struct mount_plan *table, const struct fs_entry *e)
{
    const char *name = list->text;

    if (e->skip != FS_HIDDEN)
        return mount_listed(list, table, e);
    for (uint32_t i = 0; i < list->count; i++, name += strlen(name) + 1) {
        bool other = false;

        for (uint32_t k = 0; k < table->count; k++)
            other = other || (table->entries[k].skip == FS_ELIGIBLE && mount_named(name, table, &table->entries[k]));
        if (!other && mount_named(name, table, e))
            return true;
    }
    return false;
}

/* An entry is excluded as a whole, by whichever of its mounts. */
static bool is_excluded(const struct freeze_wishes *wishes, const struct mount_plan *table, const struct fs_entry *e,
                        struct freeze_plan *plan)
{
    const char *point = table->text + e->mount_point, *source = table->text + e->source, *name = wishes->exclude->text;
    bool excluded = mount_listed(wishes->skip, table, e);

    for (uint32_t i = 0; i < wishes->exclude->count; i++, name += strlen(name) + 1) {
        if (!mount_named(name, table, e))
            continue;
        if (!excluded && e->skip == FS_ELIGIBLE && !path_same(name, point) && !path_same(name, source))
            issue(plan, FINDING_WARNING, OUTCOME_APP_CONSISTENT, name,
                  "is to be excluded, and with it all that is on the same file system, which is mounted at '%.100s' too",
                  point);
        excluded = true;
    }
    return excluded;
}

static void choose(const struct mount_plan *table, const struct freeze_wishes *wishes, struct freeze_plan *plan)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct fs_entry *e = &table->entries[i];

        plan->skip[i] = e->skip;
        if (e->skip != FS_ELIGIBLE && e->skip != FS_HIDDEN && e->skip != FS_BOOT)
            continue;
        if (is_excluded(wishes, table, e, plan))
            plan->skip[i] = FS_EXCLUDED;
        else if (wishes->mounts->count > 0 && !is_named(wishes->mounts, table, e))
            plan->skip[i] = FS_NOT_NAMED;
        else if (e->skip == FS_HIDDEN || (e->skip == FS_BOOT && wishes->mounts->count == 0))
            tell_left_out(table, e, plan);
        plan->count += plan->skip[i] == FS_ELIGIBLE;
    }
    look_for_names(table, wishes->mounts, true, plan);
    look_for_names(table, wishes->exclude, false, plan);
}

/* ---- ordering ----------------------------------------------------------------- */

static void tell_trouble(const struct mount_plan *table, const struct layers *l, struct freeze_plan *plan)
{
    const char *mount = l->entry != LAYERS_NOWHERE ? table->text + table->entries[l->entry].mount_point : "";
    char other[128] = "";

    if (l->other != LAYERS_NOWHERE) {
        const char *name = table->text + table->entries[l->other].mount_point;

        utf8_sanitize(other, sizeof(other), name, strlen(name));
    }
    switch (l->trouble) {
    case LAYERS_CYCLE:
        issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, mount, "lies on itself, by way of %s%s%s", other[0] ? "'" : "",
              other[0] ? other : "other devices", other[0] ? "'" : "");
        break;
    case LAYERS_PERHAPS:
        issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, mount,
              "may lie on another one that is chosen, or that on it: name one at a time");
        break;
    case LAYERS_UNKNOWN:
        issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, mount,
              "lies on what cannot be told%s%s%s, so it has no place in the order: exclude it, or name it alone",
              other[0] ? ": on '" : "", other, other[0] ? "'" : "");
        break;
    case LAYERS_TOO_MANY:
        issue(plan, FINDING_ERROR, OUTCOME_FREEZE_FAILED, "/",
              "and others may lie on each other in more ways than can be looked at: name fewer");
        break;
    case LAYERS_NONE:
    case LAYERS_TROUBLES:
    default:
        break;
    }
}

/* Makes the targets, by level: upper layers first, "/" after its equals.  Levels are
 * numbered from 0 without gaps. */
static void line_up(const struct mount_plan *table, const struct layers *l, struct freeze_plan *plan)
{
    uint32_t wanted = plan->count, next = 0;

    plan->count = 0;
    for (uint32_t key = 0; plan->count < wanted; key++) {
        bool any = false;

        for (uint32_t i = 0; i < table->count; i++) {
            if (plan->skip[i] != FS_ELIGIBLE || 2 * l->depth[i] + table->entries[i].is_root != key)
                continue;
            plan->level[i] = next;
            plan->targets[plan->count++] = (struct freeze_target){.index = i, .level = next};
            any = true;
        }
        next += any;
    }
}

void freeze_choose(const struct mount_plan *table, const struct msg_topology *topology,
                   const struct freeze_wishes *wishes, struct freeze_plan *plan)
{
    static struct layers layers;
    bool chosen[PLAN_FS_MAX] = {false};

    memset(plan, 0, sizeof(*plan));
    plan->outcome = OUTCOME_APP_CONSISTENT;
    choose(table, wishes, plan);
    for (uint32_t i = 0; i < table->count; i++)
        chosen[i] = plan->skip[i] == FS_ELIGIBLE;
    layers_look(table, topology, chosen, &layers);
    plan->one_disk = layers.one_disk;
    if (layers.trouble == LAYERS_NONE) {
        line_up(table, &layers, plan);
    } else {
        tell_trouble(table, &layers, plan);
        plan->count = 0;
    }
}
