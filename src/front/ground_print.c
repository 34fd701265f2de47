/*
 * ground_print.c - what file systems lie on, in words, for people and for programs.
 */
#include <string.h>

#include "front/ground.h"
#include "front/result.h"
#include "front/sanitise.h"

static const char *const kinds[GROUND_KINDS] = {
    [GROUND_DEVICE] = "device", [GROUND_DISK] = "disk", [GROUND_FILE] = "file",
    [GROUND_FILE_SYSTEM] = "fileSystem", [GROUND_UNKNOWN] = "unknown",
};

/* ---- for people ------------------------------------------------------------------------ */

/* The device that a report's row names itself says nothing new. */
static bool says_more(const struct ground *g, const struct report *r, uint32_t fs)
{
    uint32_t steps = 0, plain = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        const struct ground_step *step = &g->steps[i];
        steps += step->fs == fs ? 1 : 0;
        plain += step->fs == fs && step->kind == GROUND_DISK && step->major == r->fs[fs].major && step->minor == r->fs[fs].minor ? 1 : 0;
    }
    return steps > plain;
}

static void print_step(FILE *out, const struct ground_step *step)
{
    char device[sizeof step->device * 4], path[sizeof step->path * 4], mount[sizeof step->mount * 4], type[sizeof step->type * 4];
    sanitise(device, sizeof device, step->device, strlen(step->device));
    sanitise(path, sizeof path, step->path, strlen(step->path));
    sanitise(mount, sizeof mount, step->mount, strlen(step->mount));
    sanitise(type, sizeof type, step->type, strlen(step->type));
    switch (step->kind) {
    case GROUND_DISK:
        fprintf(out, "    disk %s\n", device);
        return;
    case GROUND_DEVICE:
        fprintf(out, "    device %s\n", device);
        return;
    case GROUND_FILE:
        fprintf(out, "    file %s, through %s\n", path, device);
        break;
    case GROUND_FILE_SYSTEM:
        break;
    case GROUND_UNKNOWN:
    case GROUND_KINDS:
    default:
        fputs("    what cannot be told\n", out);
        return;
    }
    if (mount[0] != '\0') {
        fprintf(out, "    %s, %s\n", mount, type);
    } else {
        fputs("    a file system that is not mounted here\n", out);
    }
}

static void print_way(FILE *out, const struct ground *ground, const struct report *r, uint32_t fs)
{
    fputs("  ", out);
    result_print_text(out, r, r->fs[fs].mount_point);
    putc('\n', out);
    for (uint32_t i = 0; i < ground->count; i++) {
        if (ground->steps[i].fs == fs) {
            print_step(out, &ground->steps[i]);
        }
    }
}

void ground_print(FILE *out, const struct ground *ground, const struct report *r)
{
    bool head = false;
    if (!ground->known) {
        fputs("\nwhat file systems lie on could not be found out\n", out);
        return;
    }
    for (uint32_t level = 0; level <= 2 * PLAN_FS_MAX; level++) {
        for (uint32_t fs = 0; fs < r->fs_count; fs++) {
            if (report_freezes(r, fs) && r->fs[fs].level == level && says_more(ground, r, fs)) {
                fputs(head ? "" : "\nwhat lies on what, from above to below:\n", out);
                head = true;
                print_way(out, ground, r, fs);
            }
        }
    }
    fputs(ground->more ? "  and more, which is not shown\n" : "", out);
}

/* ---- for programs ------------------------------------------------------------------------ */

/* As a string, or null if it is empty. */
static void add_words(cJSON *o, const char *name, const char *bytes)
{
    char text[GROUND_PATH_MAX * 4];
    sanitise(text, sizeof text, bytes, strlen(bytes));
    (void)(bytes[0] != '\0' ? cJSON_AddStringToObject(o, name, text) : cJSON_AddNullToObject(o, name));
}

static cJSON *step_json(const struct ground_step *step)
{
    cJSON *o = cJSON_CreateObject();
    char number[24];
    snprintf(number, sizeof number, "%u:%u", step->major, step->minor);
    (void)cJSON_AddStringToObject(o, "kind", kinds[step->kind]);
    add_words(o, "device", step->device);
    (void)(step->kind != GROUND_UNKNOWN ? cJSON_AddStringToObject(o, "deviceNumber", number) : cJSON_AddNullToObject(o, "deviceNumber"));
    add_words(o, "path", step->path);
    add_words(o, "mountPoint", step->mount);
    add_words(o, "type", step->type);
    return o;
}

static cJSON *steps_json(const struct ground *ground, uint32_t fs)
{
    cJSON *array = cJSON_CreateArray();
    for (uint32_t i = 0; i < ground->count; i++) {
        if (ground->steps[i].fs == fs) {
            (void)cJSON_AddItemToArray(array, step_json(&ground->steps[i]));
        }
    }
    return array;
}

/* From 1: by levels, and of one level, which are frozen at the same time, as in the report. */
static uint32_t order_of(const struct report *r, uint32_t fs)
{
    uint32_t order = 1;
    for (uint32_t i = 0; i < r->fs_count; i++) {
        const struct report_fs *a = &r->fs[i], *b = &r->fs[fs];
        order += a->skip == FS_ELIGIBLE && (a->level < b->level || (a->level == b->level && i < fs)) ? 1 : 0;
    }
    return order;
}

static void add_members(cJSON *o, const struct ground *ground, const struct report *r, uint32_t fs)
{
    (void)(report_freezes(r, fs) ? cJSON_AddNumberToObject(o, "order", order_of(r, fs)) : cJSON_AddNullToObject(o, "order"));
    (void)cJSON_AddBoolToObject(o, "isRoot", fs == ground->root);
    if (ground->known) {
        (void)cJSON_AddItemToObject(o, "liesOn", steps_json(ground, fs));
    } else {
        (void)cJSON_AddNullToObject(o, "liesOn");
    }
}

void ground_json(cJSON *object, const struct ground *ground, const struct report *r)
{
    cJSON *array = cJSON_GetObjectItemCaseSensitive(object, "fileSystems"), *o = array != NULL ? array->child : NULL;
    bool all = (uint32_t)cJSON_GetArraySize(array) == r->fs_count;
    for (uint32_t fs = 0; fs < r->fs_count && o != NULL; fs++) {
        if (all || r->fs[fs].skip == FS_ELIGIBLE) {
            add_members(o, ground, r, fs);
            o = o->next;
        }
    }
    (void)cJSON_AddBoolToObject(object, "liesOnComplete", ground->known && !ground->more);
}
