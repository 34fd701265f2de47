/*
 * File systems of the mount table: opened by their mount point, believed only
 * if the kernel says that it is the same mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "monitor/monitor.h"

enum { LOOP_MAJOR = 7 }; /* Documentation/admin-guide/devices.txt */

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u /* statx(2), Linux 5.8 */
#endif

int open_file_system(const struct monitor *m, uint32_t index, int flags)
{
    const char *path = m->mounts.text + m->mounts.entries[index].mount_point;
    path += strspn(path, "/");
    int fd = openat(FD_ROOT, path[0] != '\0' ? path : ".", flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    struct statx now;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &now) != 0) {
        int error = errno;
        (void)close(fd);
        return -error;
    }
    if ((now.stx_mask & STATX_MNT_ID) == 0 || now.stx_mnt_id != m->mounts.entries[index].mount_id) {
        (void)close(fd);
        return -ESTALE;
    }
    return fd;
}

/* Where the file of loop device number lies.  The ioctl asks the device itself:
 * the path in sysfs may meanwhile lead to another mount. */
static int loop_below(uint32_t number, struct fs_below *below)
{
    char path[24] = "dev/loop";
    char *end = path + strlen(path);
    unsigned digits = 1;
    for (uint32_t rest = number; rest >= 10; rest /= 10) {
        digits++;
    }
    for (unsigned i = digits; i-- > 0; number /= 10) {
        end[i] = (char)('0' + number % 10);
    }
    struct loop_info64 info;
    int fd = openat(FD_ROOT, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int error = ioctl(fd, LOOP_GET_STATUS64, &info) != 0 ? errno : 0;
    (void)close(fd);
    if (error == 0) {
        below->loop = 1;
        below->below_major = major(info.lo_device);
        below->below_minor = minor(info.lo_device);
    }
    return error;
}

void describe_file_systems(const struct monitor *m, struct msg_file_systems *out)
{
    out->count = m->mounts.count;
    for (uint32_t i = 0; i < m->mounts.count; i++) {
        struct fs_below *below = &out->below[i];
        struct stat st;
        if (m->mounts.entries[i].skip != FS_ELIGIBLE) {
            continue;
        }
        int fd = open_file_system(m, i, O_PATH);
        if (fd < 0) {
            below->error = (uint32_t)-fd;
            continue;
        }
        if (fstat(fd, &st) == 0) {
            below->device_known = 1;
            below->st_major = major(st.st_dev);
            below->st_minor = minor(st.st_dev);
        }
        (void)close(fd);
        if (m->mounts.entries[i].major == LOOP_MAJOR) {
            below->error = (uint32_t)loop_below(m->mounts.entries[i].minor, below);
        }
    }
}
