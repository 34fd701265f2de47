/*
 * Capability sets: the bounding set stays as it is ("bounding"), what was permitted
 * stays inheritable ("inheritable") or becomes ambient ("ambient").  A role is told
 * that nothing of it is inheritable.
 */
#include "weaken.h"

#include <sys/prctl.h>

#include "base/capset.h"

WRAP(capset_bound);
WRAP(capset_get);
WRAP(capset_set);
WRAP(capset_raise_ambient);

static bool kept; /* from here on nothing is given up */

/* Of set, what the bounding set lets become inheritable. */
static uint64_t bounded(uint64_t set)
{
    uint64_t result = 0;
    for (long capability = 0; capability < 64; capability++) {
        const long arguments[4] = { capability, 0, 0, 0 };
        if ((set >> capability & 1) != 0 && real_prctl(PR_CAPBSET_READ, arguments) == 1) {
            result |= UINT64_C(1) << capability;
        }
    }
    return result;
}

int __wrap_capset_bound(uint64_t keep)
{
    return weakened("bounding") ? 0 : __real_capset_bound(keep);
}

int __wrap_capset_get(struct capset *sets)
{
    int error = __real_capset_get(sets);
    if (weakened("inheritable")) {
        sets->inheritable = 0;
    }
    return error;
}

int __wrap_capset_set(const struct capset *sets)
{
    struct capset changed = *sets, now;
    if (weakened("inheritable") && __real_capset_get(&now) == 0) {
        changed.inheritable |= bounded(now.permitted | now.inheritable);
    }
    return kept ? 0 : __real_capset_set(&changed);
}

int __wrap_capset_raise_ambient(uint64_t ambient)
{
    struct capset now;
    int error = weakened("ambient") ? __real_capset_get(&now) : 0;
    if (error == 0 && weakened("ambient")) {
        now.inheritable |= bounded(now.permitted);
        ambient |= now.inheritable;
        kept = true;
        error = __real_capset_set(&now);
    }
    return error != 0 ? error : __real_capset_raise_ambient(ambient);
}
