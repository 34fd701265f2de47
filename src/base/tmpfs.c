#include "base/tmpfs.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

int tmpfs_create(const char *mode, const char *size, unsigned attributes)
{
    int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (fs < 0) {
        return -errno;
    }
    int tree = -1;
    if (fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) == 0 &&
        fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) == 0 &&
        fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
        tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | attributes);
    }
    int error = tree < 0 ? -errno : 0;
    (void)close(fs);
    return error != 0 ? error : tree;
}
