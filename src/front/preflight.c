#include "front/preflight.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "quiesce/outcome.h"

/* mount_setattr(2), without which a hook's view of the file systems cannot be
 * made read-only as a whole. */
enum { KERNEL_MAJOR = 5, KERNEL_MINOR = 12 };

static const struct {
    unsigned number;
    const char *name, *why;
} needed[] = {
    { CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to freeze file systems and to give hooks mounts of their own" },
    { CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "to read configuration and scripts that are root's alone" },
    { CAP_SETUID, "CAP_SETUID", "to put each of its processes under a user id of its own" },
    { CAP_SETGID, "CAP_SETGID", "to put each of its processes under a group id of its own" },
    { CAP_SYS_CHROOT, "CAP_SYS_CHROOT", "to give each of its processes an empty root directory" },
    { CAP_KILL, "CAP_KILL", "to end what scripts leave running under other users" },
    { CAP_SETPCAP, "CAP_SETPCAP", "to take capabilities from its processes and from hooks" },
};

int preflight(char *message, size_t capacity)
{
    struct utsname kernel;
    unsigned long major = 0, minor = 0;
    char *end;
    if (uname(&kernel) == 0) {
        major = strtoul(kernel.release, &end, 10);
        minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    }
    if (major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR)) {
        snprintf(message, capacity, "Linux %d.%d or newer is needed for the scripts' sandbox (mount_setattr); this is %lu.%lu",
                 KERNEL_MAJOR, KERNEL_MINOR, major, minor);
        return EXIT_INTERNAL;
    }
    if (geteuid() != 0) {
        snprintf(message, capacity,
                 "this must be run by root: reading root's scripts, freezing file systems and changing to other users "
                 "need CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_SYS_CHROOT and CAP_KILL; try 'sudo quiesce ...'");
        return EXIT_NOT_PERMITTED;
    }
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
    if (syscall(SYS_capget, &header, sets) != 0) {
        snprintf(message, capacity, "the capabilities of this process cannot be read: %s", strerror(errno));
        return EXIT_INTERNAL;
    }
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if ((sets[needed[i].number / 32].effective >> needed[i].number % 32 & 1) == 0) {
            snprintf(message, capacity, "%s is missing, %s; a container has to be given it", needed[i].name, needed[i].why);
            return EXIT_NOT_PERMITTED;
        }
    }
    return 0;
}
