/*
 * What a superblock lies on beside the device whose number it has: every device of a btrfs,
 * an external journal or log, the upper directory of an overlay.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "front/topology.h"

enum { SYSFS_PATH_MAX = 2 * NAME_MAX + 64 };

static int add_unknown(struct topology *t, const struct mount_line *mount)
{
    return topology_add(t, mount->major, mount->minor, BELOW_UNKNOWN, 0, 0);
}

static int add_device(struct topology *t, const struct mount_line *mount, enum below_kind kind, const char *path)
{
    unsigned major = 0, minor = 0;
    return topology_device(t, path, &major, &minor) != 0
        ? add_unknown(t, mount)
        : topology_add(t, mount->major, mount->minor, kind, major, minor);
}

/* ---- btrfs ------------------------------------------------------------------------- */

/* Goes through the devices of a btrfs.  With mount: adds them.  Without: returns 1 if
 * major:minor is one of them, else 0.  Negative: an errno. */
static int through_devices(struct topology *t, const char *id, const struct mount_line *mount, unsigned major, unsigned minor)
{
    char path[SYSFS_PATH_MAX];
    snprintf(path, sizeof path, "sys/fs/btrfs/%s/devices", id);
    int fd = openat(t->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
    DIR *devices = fd >= 0 ? fdopendir(fd) : NULL;
    if (devices == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return mount != NULL ? add_unknown(t, mount) : 0; /* "features" is no file system and has no devices */
    }
    const struct dirent *entry;
    while (result == 0 && (entry = readdir(devices)) != NULL) {
        unsigned of[2] = { 0 };
        snprintf(path, sizeof path, "%s/dev", entry->d_name);
        if (entry->d_name[0] == '.' || topology_number(dirfd(devices), path, &of[0], &of[1]) != 0) {
            continue; /* missing: of a degraded one */
        }
        result = mount != NULL ? topology_add(t, mount->major, mount->minor, BELOW_NUMBER, of[0], of[1])
                               : of[0] == major && of[1] == minor;
    }
    closedir(devices);
    return result;
}

/* The directory in sysfs of the btrfs that has a device. */
static bool find_by_device(struct topology *t, unsigned major, unsigned minor, char id[NAME_MAX + 1])
{
    int fd = openat(t->root, "sys/fs/btrfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
    bool found = false;
    const struct dirent *entry;
    while (all != NULL && !found && (entry = readdir(all)) != NULL) {
        found = entry->d_name[0] != '.' && through_devices(t, entry->d_name, NULL, major, minor) == 1;
        memcpy(id, entry->d_name, strlen(entry->d_name) + 1);
    }
    if (all != NULL) {
        closedir(all);
    }
    return found;
}

/* The same by what the file system says of itself, if it is still what its mount point leads to. */
static bool find_by_mount(const struct topology *t, const struct mount_line *mount, char id[NAME_MAX + 1])
{
    struct btrfs_ioctl_fs_info_args info = { 0 };
    const char *point = mount->point[1] != '\0' ? mount->point + 1 : ".";
    int fd = openat(t->root, point, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool found = fd >= 0 && topology_mount_of(t, fd, "") == mount && ioctl(fd, BTRFS_IOC_FS_INFO, &info) == 0;
    if (fd >= 0) {
        close(fd);
    }
    const uint8_t *u = info.fsid;
    snprintf(id, NAME_MAX + 1, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4],
             u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
    return found;
}

static int add_btrfs(struct topology *t, const struct mount_line *mount)
{
    char id[NAME_MAX + 1];
    unsigned major = 0, minor = 0;
    bool known = topology_device(t, mount->source, &major, &minor) == 0;
    if ((known && find_by_device(t, major, minor, id)) || find_by_mount(t, mount, id)) {
        return through_devices(t, id, mount, 0, 0);
    }
    return add_unknown(t, mount);
}

/* ---- others without a number of their own ---------------------------------------------- */

/* A list with colons (bcachefs), or no device at all (zfs). */
static int add_sources(struct topology *t, const struct mount_line *mount)
{
    char paths[PATH_MAX], *rest = paths;
    if (strlen(mount->source) >= sizeof paths) {
        return add_unknown(t, mount);
    }
    memcpy(paths, mount->source, strlen(mount->source) + 1);
    int error = 0;
    for (const char *path = strsep(&rest, ":"); path != NULL && error == 0; path = strsep(&rest, ":")) {
        error = add_device(t, mount, BELOW_NUMBER, path);
    }
    return error;
}

/* Only what is written can be stopped by a freeze, and all that is written is above. */
static int add_overlay(struct topology *t, const struct mount_line *mount)
{
    char path[PATH_MAX];
    if (strstr(mount->options, "upperdir=") == NULL) {
        return topology_add(t, mount->major, mount->minor, BELOW_NOTHING, 0, 0);
    }
    const struct mount_line *below = mount_line_option(mount, "upperdir", path, sizeof path) && path[0] == '/'
        ? topology_mount_of(t, t->root, path + 1) : NULL;
    if (below == NULL || (below->major == mount->major && below->minor == mount->minor)) {
        return add_unknown(t, mount);
    }
    return mount_line_in_memory(below)
        ? topology_add(t, mount->major, mount->minor, BELOW_NOTHING, 0, 0)
        : topology_add(t, mount->major, mount->minor, BELOW_NUMBER, below->major, below->minor);
}

/* ---- logs and journals -------------------------------------------------------------------- */

/* xfs: logdev, rtdev; reiserfs: jdev. */
static int add_logs(struct topology *t, const struct mount_line *mount)
{
    static const char *const options[] = { "logdev", "rtdev", "jdev" };
    char path[PATH_MAX];
    int error = 0;
    for (size_t i = 0; i < sizeof options / sizeof *options && error == 0; i++) {
        if (mount_line_option(mount, options[i], path, sizeof path)) {
            error = add_device(t, mount, BELOW_BESIDE, path);
        }
    }
    return error;
}

/* struct ext4_super_block, Documentation/filesystems/ext4/super.rst. */
enum { EXT4_AT = 1024, EXT4_SIZE = 1024, EXT4_MAGIC_AT = 0x38, EXT4_COMPAT_AT = 0x5C, EXT4_INODE_AT = 0xE0, EXT4_DEVICE_AT = 0xE4 };
enum { EXT4_MAGIC = 0xEF53, EXT4_HAS_JOURNAL = 0x4 };

/* Whether the kernel writes any journal that has a device of its own: in /proc/fs/jbd2 it
 * calls such a one by the device, and others by file system and inode. */
static bool any_external_journal(struct topology *t)
{
    char path[SYSFS_PATH_MAX];
    int fd = openat(t->root, "proc/fs/jbd2", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
    bool any = false;
    const struct dirent *entry;
    while (all != NULL && !any && (entry = readdir(all)) != NULL) {
        snprintf(path, sizeof path, "sys/class/block/%s/dev", entry->d_name);
        any = entry->d_name[0] != '.' && faccessat(t->root, path, F_OK, 0) == 0;
    }
    if (all != NULL) {
        closedir(all);
    }
    return any;
}

/* No mount option tells of an ext4's external journal, but its superblock does: it says
 * 0 for the journal's inode, and the number of the device.  Only those are opened that
 * have no journal of their own in /proc/fs/jbd2, and only where there is an external one. */
static int add_journal(struct topology *t, const struct mount_line *mount, const char *name)
{
    unsigned char super[EXT4_SIZE];
    char path[NAME_MAX + 16];
    uint16_t magic;
    uint32_t features, inode, device;
    snprintf(path, sizeof path, "dev/%s", name);
    for (char *at = strchr(path, '!'); at != NULL; at = strchr(at, '!')) {
        *at = '/';
    }
    int fd = openat(t->root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool got = fd >= 0 && pread(fd, super, sizeof super, EXT4_AT) == sizeof super;
    if (fd >= 0) {
        close(fd);
    }
    if (!got) {
        return add_unknown(t, mount);
    }
    memcpy(&magic, super + EXT4_MAGIC_AT, sizeof magic);
    memcpy(&features, super + EXT4_COMPAT_AT, sizeof features);
    memcpy(&inode, super + EXT4_INODE_AT, sizeof inode);
    memcpy(&device, super + EXT4_DEVICE_AT, sizeof device);
    if (le16toh(magic) != EXT4_MAGIC) {
        return add_unknown(t, mount);
    }
    if ((le32toh(features) & EXT4_HAS_JOURNAL) == 0 || inode != 0 || device == 0) {
        return 0;
    }
    return topology_add(t, mount->major, mount->minor, BELOW_BESIDE, major((dev_t)le32toh(device)), minor((dev_t)le32toh(device)));
}

/* The kernel lists ext2, ext3 and ext4 that its one driver has mounted. */
static int add_journals(struct topology *t)
{
    int error = 0, fd = any_external_journal(t) ? openat(t->root, "sys/fs/ext4", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    while (all != NULL && error == 0 && (entry = readdir(all)) != NULL) {
        char path[SYSFS_PATH_MAX];
        unsigned major = 0, minor = 0;
        snprintf(path, sizeof path, "sys/class/block/%s/dev", entry->d_name);
        if (entry->d_name[0] == '.' || topology_number(t->root, path, &major, &minor) != 0) {
            continue; /* "features" is no device */
        }
        const struct mount_line *mount = mount_lines_find(&t->mounts, major, minor);
        snprintf(path, sizeof path, "proc/fs/jbd2/%s-8", entry->d_name); /* EXT4_JOURNAL_INO */
        if (mount != NULL && faccessat(t->root, path, F_OK, 0) != 0) {
            error = add_journal(t, mount, entry->d_name);
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return error;
}

/* ---- all ------------------------------------------------------------------------------------- */

static bool is_listed(const struct msg_topology *list, uint32_t from, const struct mount_line *mount)
{
    for (uint32_t i = from; i < list->count; i++) {
        if (list->devices[i].major == mount->major && list->devices[i].minor == mount->minor) {
            return true;
        }
    }
    return false;
}

/* Of the many overlays of a machine with containers only those on which something lies. */
static int add_overlays(struct topology *t)
{
    int error = 0;
    for (uint32_t i = 0; i < t->list->count && error == 0; i++) {
        const struct block_below *b = &t->list->devices[i];
        const struct mount_line *mount = b->kind == BELOW_NUMBER && b->below_major == 0
            ? mount_lines_find(&t->mounts, b->below_major, b->below_minor) : NULL;
        if (mount != NULL && strcmp(mount->type, "overlay") == 0 && !is_listed(t->list, 0, mount)) {
            error = add_overlay(t, mount); /* at the end: an overlay below it has its turn too */
        }
    }
    return error;
}

int topology_superblocks(struct topology *t)
{
    static const struct {
        const char *type;
        int (*add)(struct topology *t, const struct mount_line *mount);
    } types[] = {
        { "btrfs", add_btrfs }, { "bcachefs", add_sources }, { "zfs", add_sources },
        { "xfs", add_logs },    { "reiserfs", add_logs },
    };
    const uint32_t from = t->list->count;
    int error = 0;
    for (size_t i = 0; i < t->mounts.count && error == 0; i++) {
        const struct mount_line *mount = &t->mounts.lines[i];
        for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
            if (strcmp(mount->type, types[k].type) == 0 && !is_listed(t->list, from, mount)) {
                error = types[k].add(t, mount);
            }
        }
    }
    error = error != 0 ? error : add_journals(t);
    return error != 0 ? error : add_overlays(t);
}
