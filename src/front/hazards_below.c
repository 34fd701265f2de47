/*
 * hazards_below.c - what waits because of what a file system lies on.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/hazards.h"
#include "front/mount_lines.h"

/* ---- files that others provide -------------------------------------------------------- */

/* However far below a target; what lies between need not be one. */
static void look_at_files(struct hazards *hazards, const struct report *r, const struct ground *ground)
{
    for (uint32_t i = 0; i < ground->count; i++) {
        const struct ground_step *step = &ground->steps[i];
        uint8_t skip = step->below < r->fs_count ? r->fs[step->below].skip : FS_ELIGIBLE;
        if (step->kind == GROUND_FILE && report_freezes(r, step->fs) && (skip == FS_NETWORK || skip == FS_FUSE)) {
            hazards_add(hazards, &(struct hazard){ .kind = HAZARD_REMOTE, .fs = step->fs }, step->type, step->path);
        }
    }
}

/* ---- swap ------------------------------------------------------------------------------- */

/* The file system in which a file is now.  Returns of report->fs, or GROUND_NOWHERE. */
static uint32_t holder(const struct report *r, const struct mount_lines *mounts, int root, const char *path)
{
    struct statx facts;
    if (path[0] != '/' || path[1] == '\0'
        || statx(root, path + 1, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_MNT_ID, &facts) != 0
        || (facts.stx_mask & STATX_MNT_ID) == 0) {
        return GROUND_NOWHERE;
    }
    const struct mount_line *mount = mount_lines_by_id(mounts, facts.stx_mnt_id);
    for (uint32_t i = 0; mount != NULL && i < r->fs_count; i++) {
        if (r->fs[i].major == mount->major && r->fs[i].minor == mount->minor) {
            return i;
        }
    }
    return GROUND_NOWHERE;
}

/* "/swap file 8388604 0 -2", proc_swaps(5).  Its pages bypass the file system that it is on,
 * and not what that lies on. */
static void look_at_swap(struct hazards *hazards, const struct report *r, const struct ground *ground,
                         const struct mount_lines *mounts, int root, char *line)
{
    uint32_t target;
    char *rest = line, *path = strsep(&rest, " \t");
    if (rest == NULL || strncmp(rest + strspn(rest, " \t"), "file", strlen("file")) != 0) {
        return;
    }
    uint32_t fs = holder(r, mounts, root, mount_line_text(path));
    if (fs != GROUND_NOWHERE && ground_on_target(ground, r, fs, &target)) {
        hazards_add(hazards, &(struct hazard){ .kind = HAZARD_SWAP, .fs = target }, "the kernel", path);
    }
}

static void look_at_swaps(struct hazards *hazards, const struct report *r, const struct ground *ground, int proc, int root)
{
    struct mount_lines mounts = { 0 };
    int table = openat(root, "proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    int fd = openat(proc, "swaps", O_RDONLY | O_CLOEXEC);
    FILE *swaps = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (swaps == NULL && fd >= 0) {
        close(fd);
    }
    if (table >= 0 && swaps != NULL && mount_lines_read(&mounts, table) == 0) {
        char *line = NULL;
        size_t capacity = 0;
        while (getline(&line, &capacity, swaps) > 0) {
            look_at_swap(hazards, r, ground, &mounts, root, line);
        }
        free(line);
    }
    mount_lines_free(&mounts);
    if (swaps != NULL) {
        fclose(swaps);
    }
    if (table >= 0) {
        close(table);
    }
}

void hazards_below(struct hazards *hazards, const struct report *r, const struct ground *ground, int proc, int root)
{
    look_at_files(hazards, r, ground);
    look_at_swaps(hazards, r, ground, proc, root);
}
