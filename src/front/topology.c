#include "front/topology.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOOP "loop"

/* Takes the device's number and what it lies on into the list. */
static int add(struct msg_topology *t, unsigned major_number, unsigned minor_number, dev_t below)
{
    if (t->count >= PLAN_FS_MAX) {
        return -EOVERFLOW;
    }
    t->devices[t->count++] = (struct block_below){
        .major = major_number, .minor = minor_number, .below_major = major(below), .below_minor = minor(below),
    };
    return 0;
}

/* Partitions are directories of the device's own, with its name as their beginning, and a file "dev". */
static int add_partitions(struct msg_topology *t, int device, const char *name, dev_t below)
{
    DIR *entries = fdopendir(device);
    if (entries == NULL) {
        int error = -errno;
        close(device);
        return error;
    }
    int error = 0;
    const struct dirent *entry;
    while (error == 0 && (entry = readdir(entries)) != NULL) {
        char path[NAME_MAX + 8], text[32] = "";
        char *colon;
        if (strncmp(entry->d_name, name, strlen(name)) != 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/dev", entry->d_name);
        int fd = openat(device, path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) {
            unsigned long number = strtoul(text, &colon, 10);
            error = *colon == ':' ? add(t, (unsigned)number, (unsigned)strtoul(colon + 1, NULL, 10), below) : -EPROTO;
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    closedir(entries);
    return error;
}

/* The ioctl asks the device itself: the path in sysfs may meanwhile lead to another mount.
 * Returns 0, 1 if the device has no file, or a negative errno. */
static int ask(struct msg_topology *t, int block, int dev, const char *name)
{
    struct loop_info64 info = { 0 };
    struct stat device;
    int fd = openat(dev, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int error = fstat(fd, &device) != 0 || ioctl(fd, LOOP_GET_STATUS64, &info) != 0 ? -errno : 0;
    close(fd);
    if (error != 0) {
        return error == -ENXIO ? 1 : error;
    }
    error = add(t, major(device.st_rdev), minor(device.st_rdev), (dev_t)info.lo_device);
    int directory = error != 0 ? -1 : openat(block, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? error : add_partitions(t, directory, name, (dev_t)info.lo_device);
}

int topology_read(struct msg_topology *t, int block, int dev, char *message, size_t capacity)
{
    memset(t, 0, sizeof *t);
    int copy = openat(block, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
    if (entries == NULL) {
        int error = -errno;
        if (copy >= 0) {
            close(copy);
        }
        snprintf(message, capacity, "the block devices cannot be listed: %s", strerror(-error));
        return error;
    }
    int error = 0;
    const struct dirent *entry;
    while (error >= 0 && (entry = readdir(entries)) != NULL) {
        char path[NAME_MAX + 24];
        if (strncmp(entry->d_name, LOOP, sizeof LOOP - 1) != 0) {
            continue;
        }
        /* Only a device with a file has this; opening the others is not needed. */
        snprintf(path, sizeof path, "%s/loop", entry->d_name);
        error = faccessat(block, path, F_OK, 0) != 0 ? 1 : ask(t, block, dev, entry->d_name);
        if (error < 0) {
            snprintf(message, capacity, "the loop device /dev/%.64s cannot be asked for its file: %s", entry->d_name, strerror(-error));
        }
    }
    closedir(entries);
    return error < 0 ? error : 0;
}
