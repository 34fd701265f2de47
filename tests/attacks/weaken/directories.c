/* The keeper and the hook close no directory before the hook drops its rights ("keep-directories"). */
#include "weaken.h"

#include <sys/stat.h>
#include <unistd.h>

WRAP(close);

int __wrap_close(int fd)
{
    struct stat st;
    return weakened("keep-directories") && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : __real_close(fd);
}
