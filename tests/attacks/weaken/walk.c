/*
 * Whoever looks at what it has opened takes everybody for root, and everything for
 * root's alone and under no other name ("ownership"); and follows symbolic links
 * where it should not ("links").
 */
#include "weaken.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

WRAP(fstat);
WRAP(openat);

int __wrap_fstat(int fd, struct stat *st)
{
    int result = __real_fstat(fd, st);
    if (result == 0 && weakened("ownership")) {
        st->st_uid = 0;
        st->st_nlink = 1;
        st->st_mode &= S_ISREG(st->st_mode) ? S_IFMT | S_IRWXU : ~(mode_t)(S_IWGRP | S_IWOTH);
    }
    return result;
}

int __wrap_openat(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t); /* not used where it is not given */
    va_end(rest);
    return __real_openat(directory, path, weakened("links") ? flags & ~O_NOFOLLOW : flags, mode);
}
