/*
 * mount_api.h - the mount system calls of Linux 5.2 and 5.12 as the kernel takes
 * them (fsopen(2), move_mount(2), mount_setattr(2)): not every C library that the
 * trusted programs may be linked with has functions for them.
 * Each returns as the system call does: -1 with errno on failure.
 */
#ifndef QUIESCE_MOUNT_API_H
#define QUIESCE_MOUNT_API_H

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000 /* linux/fcntl.h */
#endif

static inline int mount_fsopen(const char *type)
{
    return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int mount_fsconfig(int fs, unsigned command, const char *key, const char *value)
{
    return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

static inline int mount_fsmount(int fs, unsigned attributes)
{
    return (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
}

/* A copy of the mounts at path, not attached; recursive: with those below it. */
static inline int mount_clone(const char *path, int recursive)
{
    return (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));
}

/* Attaches tree at path below directory; symbolic links in path are followed. */
static inline int mount_attach(int tree, int directory, const char *path)
{
    return (int)syscall(SYS_move_mount, tree, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
}

/* Sets attributes of the mount that path of directory leads to, or of directory itself with "". */
static inline int mount_attributes(int directory, const char *path, int recursive, unsigned long long attributes)
{
    struct mount_attr set = { .attr_set = attributes };
    unsigned flags = (path[0] == '\0' ? AT_EMPTY_PATH : 0) | (recursive ? AT_RECURSIVE : 0);
    return (int)syscall(SYS_mount_setattr, directory, path, flags, &set, sizeof set);
}

#endif
