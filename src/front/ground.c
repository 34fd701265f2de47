#include "front/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/mount_lines.h"

enum { DEPTH_MAX = 32, SYSFS_PATH_MAX = 96 };

struct walk {
    struct ground *found;
    const struct report *r;
    const struct msg_topology *topology;
    struct mount_lines mounts;
    int root;
    uint32_t fs;
};

static struct ground_step *add(struct walk *w, enum ground_kind kind, uint32_t major, uint32_t minor)
{
    if (w->found->count == GROUND_STEPS_MAX) {
        w->found->more = true;
        return NULL;
    }
    struct ground_step *step = &w->found->steps[w->found->count++];
    *step = (struct ground_step){ .fs = w->fs, .kind = kind, .major = major, .minor = minor, .below = GROUND_NOWHERE };
    return step;
}

/* ---- names --------------------------------------------------------------------------- */

/* By the name that the kernel gave it, in which '!' stands for a slash. */
static void name_device(const struct walk *w, struct ground_step *step)
{
    char path[SYSFS_PATH_MAX], link[PATH_MAX];
    snprintf(path, sizeof path, "sys/dev/block/%u:%u", step->major, step->minor);
    ssize_t n = readlinkat(w->root, path, link, sizeof link - 1);
    link[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(link, '/');
    if (slash == NULL || slash[1] == '\0') {
        snprintf(step->device, sizeof step->device, "%u:%u", step->major, step->minor);
        return;
    }
    snprintf(step->device, sizeof step->device, "/dev/%.*s", GROUND_NAME_MAX - 6, slash + 1);
    for (char *at = step->device; *at != '\0'; at++) {
        *at = *at == '!' ? '/' : *at;
    }
}

static uint32_t reported(const struct report *r, uint32_t major, uint32_t minor)
{
    for (uint32_t i = 0; i < r->fs_count; i++) {
        if (r->fs[i].major == major && r->fs[i].minor == minor) {
            return i;
        }
    }
    return GROUND_NOWHERE;
}

/* The file system that a step has led to. */
static void name_holder(const struct walk *w, struct ground_step *step, const struct mount_line *mount)
{
    if (mount != NULL) {
        step->below = reported(w->r, mount->major, mount->minor);
        snprintf(step->mount, sizeof step->mount, "%.*s", GROUND_PATH_MAX - 1, mount->point);
        snprintf(step->type, sizeof step->type, "%.15s", mount->type);
    }
}

/* ---- loop devices ---------------------------------------------------------------------- */

/* A loop device's file as the kernel shows it; false: the device is none, or has none. */
static bool read_file_name(const struct walk *w, uint32_t major, uint32_t minor, char path[PATH_MAX])
{
    char name[SYSFS_PATH_MAX];
    snprintf(name, sizeof name, "sys/dev/block/%u:%u/loop/backing_file", major, minor);
    int fd = openat(w->root, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, path, PATH_MAX - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    path[n > 0 ? n - 1 : 0] = '\0'; /* for the newline */
    return n > 0;
}

/* The mount that a path leads to now, which may be another one than it was. */
static const struct mount_line *mount_of(const struct walk *w, const char *path)
{
    struct statx facts;
    if (path[0] != '/' || path[1] == '\0'
        || statx(w->root, path + 1, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_MNT_ID, &facts) != 0
        || (facts.stx_mask & STATX_MNT_ID) == 0) {
        return NULL;
    }
    return mount_lines_by_id(&w->mounts, facts.stx_mnt_id);
}

/* What the topology says of the device counts; the path says which mount of it. */
static const struct mount_line *holder(const struct walk *w, const struct block_below *b, const char *path)
{
    const struct mount_line *mount = mount_of(w, path);
    if (b->kind == BELOW_NUMBER) {
        return mount != NULL && mount->major == b->below_major && mount->minor == b->below_minor
            ? mount : mount_lines_find(&w->mounts, b->below_major, b->below_minor);
    }
    return b->kind == BELOW_NOTHING && mount != NULL && mount_line_in_memory(mount) ? mount : NULL;
}

static const struct block_below *below(const struct walk *w, uint32_t major, uint32_t minor, uint32_t from)
{
    for (uint32_t i = from; i < w->topology->count; i++) {
        if (w->topology->devices[i].major == major && w->topology->devices[i].minor == minor) {
            return &w->topology->devices[i];
        }
    }
    return NULL;
}

static bool add_file(struct walk *w, uint32_t major, uint32_t minor)
{
    char path[PATH_MAX];
    const struct block_below *b = below(w, major, minor, 0);
    if (b == NULL || !read_file_name(w, major, minor, path)) {
        return false;
    }
    struct ground_step *step = add(w, GROUND_FILE, major, minor);
    if (step != NULL) {
        name_device(w, step);
        snprintf(step->path, sizeof step->path, "%.*s", GROUND_PATH_MAX - 1, path);
        name_holder(w, step, holder(w, b, path));
    }
    return true;
}

/* ---- the way down ------------------------------------------------------------------------- */

static bool is_listed(const struct walk *w, uint32_t major, uint32_t minor)
{
    for (uint32_t i = w->found->count; i-- > 0 && w->found->steps[i].fs == w->fs;) {
        const struct ground_step *step = &w->found->steps[i];
        if (step->major == major && step->minor == minor && step->kind != GROUND_UNKNOWN) {
            return true;
        }
    }
    return false;
}

static bool is_based(const struct walk *w, uint32_t major, uint32_t minor)
{
    const struct block_below *b = below(w, major, minor, 0);
    while (b != NULL && b->kind != BELOW_NUMBER) {
        b = below(w, major, minor, (uint32_t)(b - w->topology->devices) + 1);
    }
    return b != NULL;
}

static void add_file_system(struct walk *w, uint32_t major, uint32_t minor)
{
    struct ground_step *step = add(w, GROUND_FILE_SYSTEM, major, minor);
    if (step != NULL) {
        name_holder(w, step, mount_lines_find(&w->mounts, major, minor));
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as devices lie on each other, DEPTH_MAX at the most */
static void follow(struct walk *w, uint32_t major, uint32_t minor, unsigned depth)
{
    if (is_listed(w, major, minor) || (major != 0 && add_file(w, major, minor))) {
        return;
    }
    if (major != 0) {
        struct ground_step *step = add(w, is_based(w, major, minor) ? GROUND_DEVICE : GROUND_DISK, major, minor);
        if (step != NULL) {
            name_device(w, step);
        }
    }
    if (depth == DEPTH_MAX) {
        (void)add(w, GROUND_UNKNOWN, major, minor);
        return;
    }
    for (const struct block_below *b = below(w, major, minor, 0); b != NULL;
         b = below(w, major, minor, (uint32_t)(b - w->topology->devices) + 1)) {
        const bool leads = b->kind == BELOW_NUMBER || b->kind == BELOW_BESIDE;
        if (leads && (b->below_major == 0 || reported(w->r, b->below_major, b->below_minor) != GROUND_NOWHERE)) {
            add_file_system(w, b->below_major, b->below_minor);
        } else if (leads) {
            follow(w, b->below_major, b->below_minor, depth + 1);
        } else if (b->kind != BELOW_NOTHING) {
            (void)add(w, GROUND_UNKNOWN, major, minor);
        }
    }
}

/* Of several mounts there the last one is seen. */
static void find_root(struct walk *w)
{
    for (size_t i = 0; i < w->mounts.count; i++) {
        const struct mount_line *mount = &w->mounts.lines[i];
        if (strcmp(mount->point, "/") == 0) {
            w->found->root = reported(w->r, mount->major, mount->minor);
        }
    }
}

void ground_read(struct ground *ground, const struct report *r, const struct msg_topology *topology, int root)
{
    struct walk w = { .found = ground, .r = r, .topology = topology, .root = root };
    ground->known = false;
    ground->more = false;
    ground->count = 0;
    ground->root = GROUND_NOWHERE;
    int table = topology != NULL ? openat(root, "proc/self/mountinfo", O_RDONLY | O_CLOEXEC) : -1;
    if (table >= 0 && mount_lines_read(&w.mounts, table) == 0) {
        ground->known = true;
        find_root(&w);
        for (w.fs = 0; w.fs < r->fs_count; w.fs++) {
            follow(&w, r->fs[w.fs].major, r->fs[w.fs].minor, 0);
        }
    }
    if (table >= 0) {
        close(table);
    }
    mount_lines_free(&w.mounts);
}

/* The first one below fs that is frozen; else *next is one to look below. */
static uint32_t target_below(const struct ground *g, const struct report *r, uint32_t fs, uint32_t *next)
{
    *next = GROUND_NOWHERE;
    for (uint32_t i = 0; i < g->count; i++) {
        const struct ground_step *step = &g->steps[i];
        if (step->fs != fs || step->below >= r->fs_count) {
            continue;
        }
        if (report_freezes(r, step->below)) {
            return step->below;
        }
        *next = step->below;
    }
    return GROUND_NOWHERE;
}

bool ground_on_target(const struct ground *ground, const struct report *r, uint32_t fs, uint32_t *target)
{
    *target = GROUND_NOWHERE;
    for (unsigned depth = 0; depth < DEPTH_MAX && fs != GROUND_NOWHERE && *target == GROUND_NOWHERE; depth++) {
        uint32_t next;
        *target = target_below(ground, r, fs, &next);
        fs = next;
    }
    return *target != GROUND_NOWHERE;
}
