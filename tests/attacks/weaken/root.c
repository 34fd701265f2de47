/* A role stays where it was started, with the root it was started with. */
#include "weaken.h"

#include <unistd.h>

WRAP(chroot);
WRAP(fchdir);

int __wrap_chroot(const char *path)
{
    return weakened("root") ? 0 : __real_chroot(path);
}

int __wrap_fchdir(int directory)
{
    return weakened("root") ? 0 : __real_fchdir(directory);
}
