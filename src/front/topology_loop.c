/*
 * Loop devices: on which file system does a device's file lie?
 *
 * The device itself knows st_dev.  That is the number of the file system, but where every
 * subvolume has a number of its own (btrfs), and on an overlay: there the path that sysfs
 * shows is believed if it leads to the very file, by its inode, and else the mounted
 * subvolumes are looked through.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "front/topology.h"

const struct mount_line *topology_mount_of(const struct topology *t, int fd, const char *path)
{
    struct statx facts;
    if (statx(fd, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_MNT_ID, &facts) != 0 ||
        (facts.stx_mask & STATX_MNT_ID) == 0) {
        return NULL;
    }
    return mount_lines_by_id(&t->mounts, facts.stx_mnt_id);
}

/* By the path that sysfs shows; it may lead to another file by now, or to none. */
static const struct mount_line *by_path(const struct topology *t, const char *name, dev_t device, ino_t inode)
{
    char path[PATH_MAX + 1], attribute[NAME_MAX + 64];
    struct stat facts;
    snprintf(attribute, sizeof attribute, "sys/block/%s/loop/backing_file", name);
    int fd = openat(t->root, attribute, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, path, sizeof path - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    if (n < 2 || path[0] != '/') {
        return NULL;
    }
    path[n - 1] = '\0'; /* for the newline */
    fd = openat(t->root, path + 1, O_PATH | O_CLOEXEC);
    const struct mount_line *mount = NULL;
    if (fd >= 0 && fstat(fd, &facts) == 0 && facts.st_dev == device && facts.st_ino == inode) {
        mount = topology_mount_of(t, fd, "");
    }
    if (fd >= 0) {
        close(fd);
    }
    return mount;
}

/* By a mount of the very subvolume. */
static const struct mount_line *by_subvolume(const struct topology *t, dev_t device)
{
    for (size_t i = 0; i < t->mounts.count; i++) {
        const struct mount_line *mount = &t->mounts.lines[i];
        struct stat facts;
        if ((strcmp(mount->type, "btrfs") == 0 || strcmp(mount->type, "bcachefs") == 0) &&
            fstatat(t->root, mount->point[1] != '\0' ? mount->point + 1 : ".", &facts, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW) == 0 &&
            facts.st_dev == device && topology_mount_of(t, t->root, mount->point[1] != '\0' ? mount->point + 1 : "") == mount) {
            return mount;
        }
    }
    return NULL;
}

static bool any_overlay(const struct topology *t)
{
    for (size_t i = 0; i < t->mounts.count; i++) {
        if (strcmp(t->mounts.lines[i].type, "overlay") == 0) {
            return true;
        }
    }
    return false;
}

static int add_file(struct topology *t, const char *name, dev_t loop, dev_t device, ino_t inode)
{
    unsigned of[2] = { major(loop), minor(loop) };
    const struct mount_line *mount = mount_lines_find(&t->mounts, major(device), minor(device));
    if (mount == NULL && major(device) != 0) { /* not mounted here, or no longer */
        return topology_add(t, of[0], of[1], BELOW_NUMBER, major(device), minor(device));
    }
    mount = mount != NULL ? mount : by_path(t, name, device, inode);
    mount = mount != NULL ? mount : by_subvolume(t, device);
    if (mount != NULL && mount_line_in_memory(mount)) {
        return topology_add(t, of[0], of[1], BELOW_NOTHING, 0, 0);
    }
    if (mount != NULL) {
        return topology_add(t, of[0], of[1], BELOW_NUMBER, mount->major, mount->minor);
    }
    /* An overlay may lie on anything. */
    return topology_add(t, of[0], of[1], any_overlay(t) ? BELOW_UNKNOWN : BELOW_ANONYMOUS, 0, minor(device));
}

int topology_loop(struct topology *t, const char *name)
{
    struct loop_info64 info = { 0 };
    struct stat device = { 0 };
    char path[NAME_MAX + 8];
    snprintf(path, sizeof path, "dev/%s", name);
    int fd = openat(t->root, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    int error = fd < 0 || fstat(fd, &device) != 0 || ioctl(fd, LOOP_GET_STATUS64, &info) != 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    if (error == -ENXIO) { /* its file has just been taken away */
        return 1;
    }
    if (error != 0) {
        snprintf(t->message, t->capacity, "the loop device /dev/%.64s cannot be asked for its file: %s", name, strerror(-error));
        return error;
    }
    return add_file(t, name, device.st_rdev, (dev_t)info.lo_device, (ino_t)info.lo_inode);
}
