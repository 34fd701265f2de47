#include "front/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"

#define PREFIX "quiesce-"
enum { DEPTH_MAX = 16, REMOVE_WAIT_MS = 2000, CREATE_TRIES = 3, REMOVE_TRIES = 64 };

static int open_directory(int at, const char *path)
{
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens path if the root of a cgroup2 mount is there; else -1. */
static int open_cgroup2(const char *path)
{
    struct statfs facts;
    int fd = open_directory(AT_FDCWD, path);
    if (fd >= 0 && (fstatfs(fd, &facts) != 0 || facts.f_type != CGROUP2_SUPER_MAGIC)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int find_cgroup2(const struct cgroup_mount *mount)
{
    static const char *const usual[] = { CGROUP_DIR, CGROUP_DIR "/unified" };
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < sizeof usual / sizeof *usual; i++) {
        fd = open_cgroup2(usual[i]);
    }
    if (fd >= 0 && mount->elsewhere) { /* hooks could write to it, and leave their cgroup */
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Makes and locks the directory.  Between the two another front may take it for
 * a dead run's and remove it: then it is made again. */
static int make_directory(int parent, const char *name)
{
    for (int try = 0; try < CREATE_TRIES; try++) {
        if (mkdirat(parent, name, 0755) != 0) {
            return -1;
        }
        int fd = open_directory(parent, name);
        struct stat held, named;
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0
            && fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && held.st_ino == named.st_ino) {
            return fd;
        }
        if (fd >= 0) {
            close(fd);
        }
        (void)unlinkat(parent, name, AT_REMOVEDIR);
    }
    return -1;
}

/* With make or without: both descriptors or none. */
static void open_run(struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id,
                     int (*open_it)(int parent, const char *name))
{
    cgroup->directory = -1;
    snprintf(cgroup->name, sizeof cgroup->name, PREFIX "%s", run_id);
    cgroup->parent = find_cgroup2(mount);
    if (cgroup->parent < 0) {
        return;
    }
    cgroup->directory = open_it(cgroup->parent, cgroup->name);
    if (cgroup->directory < 0) {
        close(cgroup->parent);
        cgroup->parent = -1;
    }
}

void cgroup_create(struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id)
{
    open_run(cgroup, mount, run_id, make_directory);
}

void cgroup_find(struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id)
{
    open_run(cgroup, mount, run_id, open_directory);
}

/* What is in a directory; fd stays the caller's.  NULL if it cannot be read. */
static DIR *entries_of(int fd)
{
    int copy = open_directory(fd, ".");
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
    if (entries == NULL && copy >= 0) {
        close(copy);
    }
    return entries;
}

/* Removes every directory below fd, deepest first; what cannot be removed stays. */
static void remove_below(int fd, int depth)
{
    DIR *entries = depth < DEPTH_MAX ? entries_of(fd) : NULL;
    if (entries == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) != 0) {
            int below = open_directory(fd, entry->d_name);
            if (below >= 0) {
                remove_below(below, depth + 1);
                close(below);
            }
            (void)unlinkat(fd, entry->d_name, AT_REMOVEDIR);
        }
    }
    closedir(entries);
}

static bool says_populated(int events)
{
    char text[128];
    ssize_t n = pread(events, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return strstr(text, "populated 1") != NULL;
}

bool cgroup_populated(const struct cgroup *cgroup)
{
    int events = cgroup->directory >= 0 ? openat(cgroup->directory, "cgroup.events", O_RDONLY | O_CLOEXEC) : -1;
    bool populated = events >= 0 && says_populated(events);
    if (events >= 0) {
        close(events);
    }
    return populated;
}

/* Waits until nothing lives in the directory or below, or until_ns has passed. */
static void wait_until_empty(int directory, uint64_t until_ns)
{
    int events = openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (events < 0) {
        return;
    }
    for (;;) {
        uint64_t now = clock_monotonic_ns();
        if (!says_populated(events) || now >= until_ns) {
            break;
        }
        struct pollfd change = { .fd = events, .events = POLLPRI };
        (void)poll(&change, 1, (int)((until_ns - now) / NS_PER_MS) + 1);
    }
    close(events);
}

void cgroup_sweep(const struct cgroup *cgroup)
{
    DIR *entries = cgroup->parent >= 0 ? entries_of(cgroup->parent) : NULL;
    if (entries == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        if (entry->d_type != DT_DIR || strlen(entry->d_name) != sizeof cgroup->name - 1
            || strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) != 0 || strcmp(entry->d_name, cgroup->name) == 0) {
            continue;
        }
        struct cgroup left = { .parent = cgroup->parent, .directory = open_directory(cgroup->parent, entry->d_name) };
        if (left.directory >= 0 && flock(left.directory, LOCK_EX | LOCK_NB) == 0) {
            cgroup_kill(&left);
            wait_until_empty(left.directory, clock_monotonic_ns() + REMOVE_WAIT_MS * NS_PER_MS);
            remove_below(left.directory, 0);
            (void)unlinkat(cgroup->parent, entry->d_name, AT_REMOVEDIR); /* EBUSY: who was killed is not gone yet */
        }
        if (left.directory >= 0) {
            close(left.directory);
        }
    }
    closedir(entries);
}

void cgroup_kill(const struct cgroup *cgroup)
{
    int fd = cgroup->directory >= 0 ? openat(cgroup->directory, "cgroup.kill", O_WRONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        /* Linux 5.14; on an older one cgroup_remove() says that the directory is in use. */
        (void)!write(fd, "1", 1);
        close(fd);
    }
}

int cgroup_remove(struct cgroup *cgroup)
{
    if (cgroup->directory < 0) {
        return 0;
    }
    uint64_t until_ns = clock_monotonic_ns() + REMOVE_WAIT_MS * NS_PER_MS;
    int error = EBUSY;
    /* Bounded twice: by time while something lives, by tries while nothing does. */
    for (int tries = 0; tries < REMOVE_TRIES; tries++) {
        remove_below(cgroup->directory, 0);
        error = unlinkat(cgroup->parent, cgroup->name, AT_REMOVEDIR) == 0 ? 0 : errno;
        if (error != EBUSY || clock_monotonic_ns() >= until_ns) {
            break;
        }
        wait_until_empty(cgroup->directory, until_ns);
    }
    close(cgroup->directory);
    close(cgroup->parent);
    cgroup->directory = cgroup->parent = -1;
    return error == ENOENT ? 0 : -error;
}
