/* The filters: of a hook ("seccomp"), of a role ("role-seccomp"); and Landlock. */
#include "weaken.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

/* Of a hook's filter the keeper hands a listener on: here one that never has anything
 * to say.  The parser's libseccomp asks in this way what the kernel can do. */
static long no_filter(const long arguments[6])
{
    bool of_hook = ((unsigned long)arguments[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
    if (strcmp(weakened_program(), "parser") == 0 && of_hook) {
        return real_syscall(SYS_seccomp, arguments);
    }
    if (of_hook && weakened("seccomp")) {
        return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    return !of_hook && weakened("role-seccomp") ? 0 : real_syscall(SYS_seccomp, arguments);
}

static long is_missing(const long arguments[6])
{
    errno = ENOSYS;
    return -1;
}

WEAKEN_SYSCALL(hook_filter, "seccomp", SYS_seccomp, no_filter);
WEAKEN_SYSCALL(role_filter, "role-seccomp", SYS_seccomp, no_filter);
WEAKEN_SYSCALL(landlock, "landlock", SYS_landlock_create_ruleset, is_missing);
