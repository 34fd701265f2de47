#include "base/tmpfs.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/mount_api.h"

int tmpfs_create(const char *mode, const char *size, unsigned attributes)
{
    int fs = mount_fsopen("tmpfs");
    if (fs < 0) {
        return -errno;
    }
    int tree = -1;
    if (mount_fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode) == 0 &&
        mount_fsconfig(fs, FSCONFIG_SET_STRING, "size", size) == 0 &&
        mount_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0) {
        tree = mount_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | attributes);
    }
    int error = tree < 0 ? -errno : 0;
    (void)close(fs);
    return error != 0 ? error : tree;
}
