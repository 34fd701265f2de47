#include "base/freeze_check.h"

#include <string.h>

bool path_same(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);
    while (m > 1 && a[m - 1] == '/') {
        m--;
    }
    while (n > 1 && b[n - 1] == '/') {
        n--;
    }
    return m == n && memcmp(a, b, m) == 0;
}

bool mount_named(const char *name, const struct mount_plan *table, const struct fs_entry *e)
{
    const char *point = table->text + e->mount_point;
    for (uint32_t i = 0; i < e->mount_points; i++, point += strlen(point) + 1) {
        if (path_same(name, point)) {
            return true;
        }
    }
    return path_same(name, table->text + e->source);
}

bool mount_listed(const struct mount_list *list, const struct mount_plan *table, const struct fs_entry *e)
{
    const char *name = list->text;
    for (uint32_t i = 0; i < list->count; i++, name += strlen(name) + 1) {
        if (mount_named(name, table, e)) {
            return true;
        }
    }
    return false;
}

uint32_t freeze_seconds(uint32_t asked, const struct vmbackup_plan *configured)
{
    uint32_t seconds = asked != 0 ? asked : configured->timeout_seconds;
    return seconds != 0 ? seconds : PLAN_FREEZE_TIMEOUT_DEFAULT;
}

static bool wanted(const struct mount_plan *table, const struct fs_entry *e, const struct msg_request *asked,
                   const struct vmbackup_plan *configured)
{
    return configured->freeze != 0 && e->skip == FS_ELIGIBLE &&
        (asked->mounts.count == 0 || mount_listed(&asked->mounts, table, e)) &&
        !mount_listed(&asked->exclude, table, e) && !mount_listed(&configured->skip, table, e);
}

uint32_t freeze_wanted(const struct mount_plan *table, const struct msg_request *asked,
                       const struct vmbackup_plan *configured)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        count += wanted(table, &table->entries[i], asked, configured);
    }
    return count;
}

bool freeze_valid(const struct msg_freeze *freeze, const struct mount_plan *table, const struct msg_request *asked,
                  const struct vmbackup_plan *configured)
{
    bool seen[PLAN_FS_MAX] = { false };
    if (freeze->count == 0 || freeze->count > table->count || freeze->timeout_ms == 0 ||
        freeze->timeout_ms > freeze_seconds(asked->freeze_timeout_seconds, configured) * 1000u) {
        return false;
    }
    for (uint32_t i = 0; i < freeze->count; i++) {
        const struct freeze_target *t = &freeze->targets[i];
        if (t->index >= table->count || seen[t->index] || !wanted(table, &table->entries[t->index], asked, configured) ||
            (i > 0 && t->level < freeze->targets[i - 1].level)) {
            return false;
        }
        seen[t->index] = true;
    }
    return true;
}
