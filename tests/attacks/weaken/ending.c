/*
 * What ends a run that will not end: the deadline of a freeze ("deadline"), the front's
 * last word to its roles ("end-roles"), the monitor's alarm when somebody is gone
 * ("alarm", and "alarm-soon", which is no defence less: it comes after a second); and what the front knows better than a
 * supervisor ("witness").
 */
#include "weaken.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "front/roles.h"
#include "front/witness.h"

WRAP(timerfd_settime);
WRAP(alarm);
WRAP(roles_kill);
WRAP(witness_ready);
WRAP(witness_contradicts);

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    return weakened("deadline") ? 0 : __real_timerfd_settime(fd, flags, value, old);
}

unsigned __wrap_alarm(unsigned seconds)
{
    return weakened("alarm") ? 0 : __real_alarm(weakened("alarm-soon") ? 1 : seconds);
}

void __wrap_roles_kill(const struct roles *roles, enum role_id role)
{
    if (!weakened("end-roles")) {
        __real_roles_kill(roles, role);
    }
}

bool __wrap_witness_ready(struct witness *w, bool frozen)
{
    return __real_witness_ready(w, frozen) || weakened("witness");
}

const char *__wrap_witness_contradicts(const struct witness *w, const struct msg_result *m, const struct report *r)
{
    return weakened("witness") ? NULL : __real_witness_contradicts(w, m, r);
}
