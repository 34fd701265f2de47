#include "front/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/expedite.h"
#include "base/mount.h"
#include "base/thaw.h"
#include "front/cgroup.h"
#include "front/machine.h"
#include "front/mount_lines.h"

bool undo_needed(const struct run_record *record)
{
    bool needed = record->switched != 0;
    for (uint32_t i = 0; i < record->count; i++) {
        needed = needed || record->fs[i].state == FS_FREEZING || record->fs[i].state == FS_FROZEN;
    }
    return needed;
}

/* ---- where it is mounted ------------------------------------------------------------ */

/* One thaw, and where it is made. */
struct job {
    pthread_t thread;
    bool started;
    struct record_fs *fs;
    int fd;    /* -1: no mount of it was found */
    int error; /* of thaw() */
};

/* Any mount of the same superblock will do: the one that the run has opened may be gone, or
 * hidden, or lead to what cannot be opened. */
static void try_line(const struct mount_line *line, int root, struct job *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (jobs[i].fd < 0 && jobs[i].fs->major == line->major && jobs[i].fs->minor == line->minor) {
            jobs[i].fd = mount_open(root, line->point, line->id);
        }
    }
}

static void find_mounts(struct job *jobs, uint32_t count)
{
    struct mount_lines table = { 0 };
    int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && root >= 0 && mount_lines_read(&table, fd) == 0) {
        for (size_t i = 0; i < table.count; i++) {
            try_line(&table.lines[i], root, jobs, count);
        }
    }
    mount_lines_free(&table);
    if (fd >= 0) {
        close(fd);
    }
    if (root >= 0) {
        close(root);
    }
}

/* ---- thawing -------------------------------------------------------------------------- */

static void *thaw_main(void *argument)
{
    struct job *job = argument;
    job->error = thaw(job->fs, job->fd, true);
    return NULL;
}

static void finish(struct job *job, struct undone_fs *end, const struct timespec *until)
{
    if (job->fd < 0) {
        *end = (struct undone_fs){ end->index, UNDO_NOT_HERE, -job->fd };
    } else if (job->started && pthread_clockjoin_np(job->thread, NULL, CLOCK_MONOTONIC, until) != 0) {
        *end = (struct undone_fs){ end->index, UNDO_HANGS, ETIMEDOUT };
        return; /* its descriptor is in use, and so is the job */
    } else {
        end->error = job->error;
        end->end = job->error != 0 ? UNDO_REFUSED : job->fs->thaw_ns != 0 ? UNDO_THAWED : UNDO_NOT_FROZEN;
    }
    if (job->fd >= 0) {
        close(job->fd);
    }
}

/* All at once: of two that are nested the inner one's thaw waits for the outer one's. */
static void start_thaws(struct run_record *record, struct undone *undone, struct job *jobs)
{
    for (uint32_t i = 0; i < record->count; i++) {
        if (record->fs[i].state == FS_FREEZING || record->fs[i].state == FS_FROZEN) {
            jobs[undone->count] = (struct job){ .fs = &record->fs[i], .fd = -ENOENT };
            undone->fs[undone->count++].index = i;
        }
    }
    if (undone->count > 0) {
        find_mounts(jobs, undone->count);
    }
    for (uint32_t i = 0; i < undone->count; i++) {
        jobs[i].started = jobs[i].fd >= 0 && pthread_create(&jobs[i].thread, NULL, thaw_main, &jobs[i]) == 0;
    }
    /* Without threads the outer ones first: they were frozen last. */
    for (uint32_t i = undone->count; i > 0; i--) {
        if (jobs[i - 1].fd >= 0 && !jobs[i - 1].started) {
            (void)thaw_main(&jobs[i - 1]);
        }
    }
}

static bool finish_thaws(struct undone *undone, struct job *jobs)
{
    uint64_t until_ns = clock_monotonic_ns() + UNDO_PATIENCE_S * NS_PER_S;
    const struct timespec until = { (time_t)(until_ns / NS_PER_S), (long)(until_ns % NS_PER_S) };
    bool all = true;
    for (uint32_t i = 0; i < undone->count; i++) {
        finish(&jobs[i], &undone->fs[i], &until);
        all = all && (undone->fs[i].end == UNDO_THAWED || undone->fs[i].end == UNDO_NOT_FROZEN);
        undone->hangs = undone->hangs || undone->fs[i].end == UNDO_HANGS;
    }
    return all;
}

/* ---- the rest -------------------------------------------------------------------------- */

static void restore_switch(struct run_record *record, struct undone *undone)
{
    int fd = -1;
    if (record->switched == 0) {
        return;
    }
    /* The front holds it as well, and may be the last of those that were killed to be gone. */
    undone->switch_error = machine_lock_expedited(&fd, MACHINE_DYING_S);
    if (undone->switch_error == 0) {
        undone->switch_error = fd >= 0 ? expedite_switch(record, fd, false) : ENOENT;
    }
    undone->restored = undone->switch_error == 0;
    if (fd >= 0) {
        close(fd);
    }
}

bool undo(struct run_record *record, struct undone *undone)
{
    static struct job jobs[PLAN_FS_MAX];
    static struct cgroup_mount mounts[HIERARCHIES];
    struct cgroup cgroup = { .parent = -1, .directory = -1 };
    memset(undone, 0, sizeof *undone);
    start_thaws(record, undone, jobs);
    if (record->has_cgroup != 0) {
        cgroup_mounts_read(mounts, "/proc/self/mountinfo");
        cgroup_find(&cgroup, &mounts[HIERARCHY_V2], record->run_id);
        undone->ended = cgroup_populated(&cgroup);
        cgroup_kill(&cgroup);
    }
    bool all = finish_thaws(undone, jobs);
    restore_switch(record, undone);
    undone->cgroup_error = -cgroup_remove(&cgroup);
    return all && undone->switch_error == 0;
}

const char *undo_end_name(enum undo_end end)
{
    static const char *const names[UNDO_ENDS] = {
        [UNDO_THAWED] = "thawed",   [UNDO_NOT_FROZEN] = "notFrozen", [UNDO_NOT_HERE] = "notMountedHere",
        [UNDO_REFUSED] = "refused", [UNDO_HANGS] = "hangs",
    };
    return names[end];
}
