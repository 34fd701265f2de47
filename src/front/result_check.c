/*
 * result_check.c - the part of result.h that says what a run would do.
 */
#include "front/result.h"

#include <inttypes.h>
#include <string.h>

#include "base/report_json.h"
#include "front/sanitise.h"

enum { MOUNT_WIDTH = 28, DEVICE_WIDTH = 20 };

static void print_planned_hooks(FILE *out, const struct report *r)
{
    for (uint32_t slot = 0; slot < WIRE_HOOKS_MAX; slot++) {
        const struct report_hook *h = &r->hooks[slot];
        if (h->used == 0) {
            continue;
        }
        result_print_hook_name(out, r, slot);
        putc(' ', out);
        result_print_text(out, r, h->path);
        fputs(", policy ", out);
        result_print_text(out, r, h->policy);
        if (h->has_sha256 != 0) {
            fputs(", sha256 ", out);
            for (size_t i = 0; i < sizeof h->sha256; i++) {
                fprintf(out, "%02x", h->sha256[i]);
            }
        }
        fputs(h->skipped != 0 ? " (would not be run)\n" : "\n", out);
    }
}

/* Whose name is too long has a line of its own: it is what --exclude wants. */
static void print_planned_file_system(FILE *out, const struct report *r, const struct report_fs *f)
{
    char type[sizeof f->type * 4];
    sanitise(type, sizeof type, f->type, strnlen(f->type, sizeof f->type));
    fputs("  ", out);
    if (f->mount_point.length > MOUNT_WIDTH) {
        result_print_text(out, r, f->mount_point);
        fprintf(out, "\n  %*s", MOUNT_WIDTH, "");
    } else {
        result_print_cell(out, r, f->mount_point, MOUNT_WIDTH);
    }
    fprintf(out, " %-8s ", type);
    result_print_cell(out, r, f->device, DEVICE_WIDTH);
    if (f->error != 0) {
        fprintf(out, " cannot be frozen: %s\n", strerror((int)f->error));
    } else if (f->skip == FS_ELIGIBLE && r->no_freeze != NO_FREEZE_NONE) {
        fputs(r->no_freeze == NO_FREEZE_PLAN ? " see above\n" : " no freeze is wanted\n", out);
    } else if (f->skip == FS_ELIGIBLE) {
        fprintf(out, " level %" PRIu32 "\n", f->level);
    } else {
        fprintf(out, " %s\n", fs_skip_name(f->skip));
    }
}

static bool is_planned(const struct report *r, uint32_t fs)
{
    return report_freezes(r, fs) && r->fs[fs].level <= 2 * PLAN_FS_MAX;
}

static const char *const no_freeze_words[NO_FREEZE_REASONS] = {
    [NO_FREEZE_NONE] = "",
    [NO_FREEZE_PLUGIN] = ": fsFreezeEnabled is false in a plugin's configuration",
    [NO_FREEZE_HOST] = ": fsfreeze is false in vmbackup.conf",
    [NO_FREEZE_PLAN] = ": it is not possible as asked, see above",
};

static void print_plan_head(FILE *out, const char *what, const char *last)
{
    fprintf(out, "\n%s\n  %-*s %-8s %-*s %s\n", what, MOUNT_WIDTH, "MOUNT POINT", "TYPE", DEVICE_WIDTH, "ON", last);
}

/* In the order of freezing, then those that are left alone. */
static void print_planned_file_systems(FILE *out, const struct report *r)
{
    uint32_t planned = 0, levels = 0;
    for (uint32_t i = 0; i < r->fs_count; i++) {
        planned += is_planned(r, i) ? 1 : 0;
        levels = is_planned(r, i) && r->fs[i].level >= levels ? r->fs[i].level + 1 : levels;
    }
    if (planned > 0) {
        print_plan_head(out, "frozen by a run, in this order, those of a level at the same time:", "FROZEN AT");
    } else {
        fprintf(out, "\na run would freeze nothing%s\n", no_freeze_words[r->no_freeze]);
    }
    for (uint32_t level = 0; level < levels; level++) {
        for (uint32_t i = 0; i < r->fs_count; i++) {
            if (is_planned(r, i) && r->fs[i].level == level) {
                print_planned_file_system(out, r, &r->fs[i]);
            }
        }
    }
    if (planned < r->fs_count) {
        print_plan_head(out, "not frozen:", "BECAUSE");
    }
    for (uint32_t i = 0; i < r->fs_count; i++) {
        if (!is_planned(r, i)) {
            print_planned_file_system(out, r, &r->fs[i]);
        }
    }
}

void result_print_check(FILE *out, const struct report *r)
{
    unsigned errors = result_print_findings(out, r);
    fprintf(out, "%s%u error%s, %u warning%s; nothing was run or frozen\n", r->findings_count > 0 ? "\n" : "", errors,
            errors == 1 ? "" : "s", r->findings_count - errors, r->findings_count - errors == 1 ? "" : "s");
    if (r->message.length > 0) {
        fputs("  ", out);
        result_print_text(out, r, r->message);
        putc('\n', out);
    }
    fputs("\nscripts:\n", out);
    print_planned_hooks(out, r);
    print_planned_file_systems(out, r);
}
