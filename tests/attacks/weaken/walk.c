/* The safe walk takes everybody for root, and everything for root's alone. */
#include "weaken.h"

#include <sys/stat.h>

WRAP(fstat);

int __wrap_fstat(int fd, struct stat *st)
{
    int result = __real_fstat(fd, st);
    if (result == 0 && weakened("ownership")) {
        st->st_uid = 0;
        st->st_mode &= S_ISREG(st->st_mode) ? S_IFMT | S_IRWXU : ~(mode_t)(S_IWGRP | S_IWOTH);
    }
    return result;
}
