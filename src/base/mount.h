/*
 * mount.h - a mount point, believed only if the kernel says that it is the
 * mount that was meant.
 */
#ifndef QUIESCE_MOUNT_H
#define QUIESCE_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens a mount point for the freeze ioctls: a directory, or a regular file, as containers have some
 * (/etc/hosts).  Nothing else is opened, unless root puts it there at that very moment: -ENOTDIR.
 *   root      O_PATH descriptor of "/"
 *   path      absolute, as the mount table shows it
 *   mount_id  of the mount table, proc(5); compared with statx(2)'s
 * Returns a close-on-exec descriptor or a negative errno; -ESTALE: another mount
 * is there by now.
 */
int mount_open(int root, const char *path, uint32_t mount_id);

/*
 * Whether the mounts of the namespace have changed since a /proc/PID/mountinfo was opened
 * or this was last asked of it; proc_pid_mounts(5).  True also if that cannot be told.
 */
bool mounts_changed(int mountinfo);

#endif
