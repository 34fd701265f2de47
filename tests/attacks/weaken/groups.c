/* Supplementary groups stay, and the proof that they are gone is not made. */
#include "weaken.h"

#include <grp.h>
#include <unistd.h>

WRAP(setgroups);
WRAP(getgroups);

int __wrap_setgroups(size_t count, const gid_t *groups)
{
    return weakened("groups") ? 0 : __real_setgroups(count, groups);
}

int __wrap_getgroups(int count, gid_t groups[])
{
    return weakened("groups") ? 0 : __real_getgroups(count, groups);
}
