/*
 * tmpfs.h - a new, empty tmpfs that is mounted nowhere yet.
 */
#ifndef QUIESCE_TMPFS_H
#define QUIESCE_TMPFS_H

/*
 * Makes one, nosuid and nodev.
 *   mode        of its root, octal text, e.g. "0555"
 *   size        as of tmpfs(5), e.g. "25%"
 *   attributes  further MOUNT_ATTR_* bits
 * Needs CAP_SYS_ADMIN.  Returns a close-on-exec descriptor of the mount, for
 * move_mount(2) or fchdir(2), or a negative errno.
 */
int tmpfs_create(const char *mode, const char *size, unsigned attributes);

#endif
