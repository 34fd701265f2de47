#include "front/topology.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/message.h"

/* Of a path below sysfs that two names of directory entries are in. */
enum { SYSFS_PATH_MAX = 2 * NAME_MAX + 32 };

int topology_add(struct topology *t, unsigned major, unsigned minor, enum below_kind kind, unsigned below_major,
                 unsigned below_minor)
{
    if (t->list->count >= PLAN_BELOW_MAX) {
        snprintf(t->message, t->capacity, "more than %d block devices lie on each other, which is more than can be ordered",
                 PLAN_BELOW_MAX);
        return -EOVERFLOW;
    }
    t->list->devices[t->list->count++] = (struct block_below){ major, minor, below_major, below_minor, kind };
    return 0;
}

int topology_number(int directory, const char *path, unsigned *major, unsigned *minor)
{
    char text[32] = "";
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = read(fd, text, sizeof text - 1);
    int error = n < 0 ? -errno : mount_device(text, major, minor) ? 0 : -EPROTO;
    close(fd);
    return error;
}

int topology_device(const struct topology *t, const char *path, unsigned *major, unsigned *minor)
{
    struct stat device;
    char name[NAME_MAX + 32];
    if (path[0] != '/') {
        return -EINVAL;
    }
    if (fstatat(t->root, path + 1, &device, AT_NO_AUTOMOUNT) == 0 && S_ISBLK(device.st_mode)) {
        *major = major(device.st_rdev);
        *minor = minor(device.st_rdev);
        return 0;
    }
    /* Without a node, by the name that the kernel gave it, in which '!' stands for a slash. */
    if (strncmp(path, "/dev/", 5) != 0 ||
        snprintf(name, sizeof name, "sys/class/block/%s/dev", path + 5) >= (int)sizeof name) {
        return -ENOENT;
    }
    for (char *at = name + strlen("sys/class/block/"), *end = strrchr(name, '/'); at < end; at++) {
        *at = *at == '/' ? '!' : *at;
    }
    return topology_number(t->root, name, major, minor);
}

/* Calls visit for each entry of a directory until one returns an error.  Its absence is none. */
static int each(struct topology *t, const char *directory, const char *name,
                int (*visit)(struct topology *t, const char *directory, const char *name, const char *entry))
{
    int fd = openat(t->root, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL) {
        int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error == ENOENT ? 0 : -error;
    }
    int error = 0;
    const struct dirent *entry;
    while (error == 0 && (entry = readdir(entries)) != NULL) {
        error = entry->d_name[0] == '.' ? 0 : visit(t, directory, name, entry->d_name);
    }
    closedir(entries);
    return error;
}

/* "inner" lies on "outer": the two have their numbers in files "dev". */
static int add_pair(struct topology *t, const char *inner, const char *outer)
{
    unsigned numbers[4] = { 0 };
    int error = topology_number(t->root, inner, &numbers[0], &numbers[1]);
    error = error != 0 ? error : topology_number(t->root, outer, &numbers[2], &numbers[3]);
    if (error == -ENOENT) { /* it has just gone */
        return 0;
    }
    return error != 0 ? error : topology_add(t, numbers[0], numbers[1], BELOW_NUMBER, numbers[2], numbers[3]);
}

/* What dm, md and others are made of. */
static int add_slave(struct topology *t, const char *directory, const char *name, const char *entry)
{
    char inner[SYSFS_PATH_MAX], outer[SYSFS_PATH_MAX];
    snprintf(inner, sizeof inner, "sys/block/%s/dev", name);
    snprintf(outer, sizeof outer, "%s/%s/dev", directory, entry);
    return add_pair(t, inner, outer);
}

static int add_partition(struct topology *t, const char *directory, const char *name, const char *entry)
{
    char inner[SYSFS_PATH_MAX], outer[SYSFS_PATH_MAX];
    if (strncmp(entry, name, strlen(name)) != 0) {
        return 0;
    }
    snprintf(inner, sizeof inner, "%s/%s/dev", directory, entry);
    snprintf(outer, sizeof outer, "%s/dev", directory);
    return add_pair(t, inner, outer);
}

static int add_device(struct topology *t, const char *directory, const char *name, const char *entry)
{
    static const char loop[] = "loop";
    char path[SYSFS_PATH_MAX];
    (void)name;
    if (strncmp(entry, loop, sizeof loop - 1) == 0) {
        /* Only a device with a file has this; the others lie on nothing and have no partitions. */
        snprintf(path, sizeof path, "%s/%s/loop", directory, entry);
        if (faccessat(t->root, path, F_OK, 0) != 0) {
            return 0;
        }
        int error = topology_loop(t, entry);
        if (error != 0) {
            return error < 0 ? error : 0;
        }
    }
    snprintf(path, sizeof path, "%s/%s/slaves", directory, entry);
    int error = each(t, path, entry, add_slave);
    snprintf(path, sizeof path, "%s/%s", directory, entry);
    return error != 0 ? error : each(t, path, entry, add_partition);
}

int topology_read(struct msg_topology *topology, int root, char *message, size_t capacity)
{
    struct topology t = { .list = topology, .root = root, .message = message, .capacity = capacity };
    memset(topology, 0, sizeof *topology);
    message[0] = '\0';
    int table = openat(root, "proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    int error = table >= 0 ? mount_lines_read(&t.mounts, table) : -errno;
    if (table >= 0) {
        close(table);
    }
    if (error != 0) {
        snprintf(message, capacity, "the mount table cannot be read: %s", strerror(-error));
    }
    error = error != 0 ? error : faccessat(root, "sys/block", R_OK, 0) != 0 ? -errno : 0;
    error = error != 0 ? error : each(&t, "sys/block", "", add_device);
    error = error != 0 ? error : topology_superblocks(&t);
    if (error != 0 && message[0] == '\0') {
        snprintf(message, capacity, "the block devices in /sys/block cannot be looked at: %s", strerror(-error));
    }
    mount_lines_free(&t.mounts);
    return error;
}

int topology_send(int supervisor, char *message, size_t capacity)
{
    static struct msg_topology topology; /* large */
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = topology_read(&topology, root, message, capacity);
    if (root >= 0) {
        close(root);
    }
    topology.failed = error != 0 ? 1 : 0;
    /* A supervisor that is gone shows as the end of file of its socket. */
    (void)wire_send(supervisor, MSG_TOPOLOGY, &topology, NULL, 0);
    return error;
}
