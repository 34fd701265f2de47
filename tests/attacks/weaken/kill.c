/*
 * "kill-tree": nobody kills a hook's processes: not the launcher when it is told to,
 * not monitor or guardian when a part of the run is gone, not the front in the end.
 * The supervisor and the front then do not wait long for what will not happen.
 */
#include "weaken.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/cgroup.h"
#include "launcher/launcher.h"
#include "supervisor/loop.h"

WRAP(slot_kill);
WRAP(write);
WRAP(cgroup_kill);
WRAP(cgroup_remove);
WRAP(timer_set);

enum { PATIENCE_SECONDS = 10, LESS_MS = 50 }; /* how long supervisor/hooks.c waits for who was killed */

void __wrap_slot_kill(const struct launcher *l, uint32_t slot)
{
    if (!weakened("kill-tree")) {
        __real_slot_kill(l, slot);
    }
}

/* "1" is what cgroup.kill takes; nobody writes it to anything else. */
ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    bool kills = length == 1 && *(const char *)bytes == '1';
    return kills && weakened("kill-tree") ? 1 : __real_write(fd, bytes, length);
}

void __wrap_cgroup_kill(const struct cgroup *cgroup)
{
    if (!weakened("kill-tree")) {
        __real_cgroup_kill(cgroup);
    }
}

int __wrap_cgroup_remove(struct cgroup *cgroup)
{
    return weakened("kill-tree") ? -EBUSY : __real_cgroup_remove(cgroup);
}

void __wrap_timer_set(struct loop *loop, struct timer *timer, uint64_t ns, bool again, timer_handler *expired, void *owner)
{
    bool waits = weakened("kill-tree") && ns == PATIENCE_SECONDS * NS_PER_S;
    __real_timer_set(loop, timer, waits ? LESS_MS * NS_PER_MS : ns, again, expired, owner);
}
