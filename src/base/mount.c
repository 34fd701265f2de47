#include "base/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Opening anything but a directory or a regular file may do something: a device, a FIFO. */
static bool is_file(int root, const char *path)
{
    struct stat there;
    return fstatat(root, path, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(there.st_mode);
}

int mount_open(int root, const char *path, uint32_t mount_id)
{
    struct statx now;
    path += strspn(path, "/");
    int fd = openat(root, path[0] != '\0' ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOTDIR && is_file(root, path)) {
        fd = openat(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    if (fd < 0) {
        return -errno;
    }
    int error = syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &now) != 0 ? errno
        : (now.stx_mask & STATX_MNT_ID) == 0 || now.stx_mnt_id != mount_id ? ESTALE : 0;
    if (error != 0) {
        (void)close(fd);
        return -error;
    }
    return fd;
}

bool mounts_changed(int mountinfo)
{
    struct pollfd table = { mountinfo, POLLPRI, 0 };
    return poll(&table, 1, 0) != 0;
}
