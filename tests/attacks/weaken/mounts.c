/* What a hook sees of the machine: nothing is read-only ("readonly"); /tmp is everybody's ("tmp"). */
#include "weaken.h"

#include <string.h>
#include <sys/syscall.h>

#include "base/mount_api.h"

static long stay_writable(const long arguments[6])
{
    struct mount_attr attributes = *(const struct mount_attr *)arguments[3];
    attributes.attr_set &= ~(__u64)MOUNT_ATTR_RDONLY;
    const long changed[6] = { arguments[0], arguments[1], arguments[2], (long)&attributes, arguments[4], 0 };
    return real_syscall(SYS_mount_setattr, changed);
}

static long leave_tmp(const long arguments[6])
{
    return strcmp((const char *)arguments[3], "/tmp") == 0 ? 0 : real_syscall(SYS_move_mount, arguments);
}

WEAKEN_SYSCALL(readonly, "readonly", SYS_mount_setattr, stay_writable);
WEAKEN_SYSCALL(tmp, "tmp", SYS_move_mount, leave_tmp);
