#include "front/footing.h"

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <unistd.h>

#define MIB (1024ul * 1024ul)

/* Below these the programs of a run do not get as far as saying what is wrong; the roles
 * lower most of them again, each to its own. */
static const struct {
    __rlimit_resource_t resource;
    rlim_t least;
} limits[FOOTING_LIMITS] = {
    { RLIMIT_NOFILE, 4096 }, /* four times what any role takes */
    { RLIMIT_NPROC, 4096 },
    { RLIMIT_FSIZE, RLIM_INFINITY }, /* the report is a file in memory; the journal grows */
    { RLIMIT_AS, RLIM_INFINITY },
    { RLIMIT_DATA, RLIM_INFINITY },
    { RLIMIT_STACK, 8 * MIB },
    { RLIMIT_MEMLOCK, 64 * MIB },
    { RLIMIT_CPU, RLIM_INFINITY },
};

void footing_descriptors(void)
{
    int taken = -1;
    /* The lowest number that is free, open(2), until that is none of the three. */
    while (taken < STDERR_FILENO && (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0
                                     || fcntl(STDERR_FILENO, F_GETFD) < 0)) {
        taken = open("/", O_PATH | O_CLOEXEC);
        if (taken < 0) {
            return; /* no descriptor at all: whatever is opened next says so */
        }
    }
}

static void raise_limit(size_t i, struct rlimit limit)
{
    /* RLIM_INFINITY is the largest number there is. */
    if (limit.rlim_cur >= limits[i].least) {
        return;
    }
    struct rlimit wanted = { limits[i].least, limit.rlim_max < limits[i].least ? limits[i].least : limit.rlim_max };
    if (setrlimit(limits[i].resource, &wanted) != 0) { /* a hard limit, and no CAP_SYS_RESOURCE */
        wanted = (struct rlimit){ limit.rlim_max, limit.rlim_max };
        (void)setrlimit(limits[i].resource, &wanted);
    }
}

void footing_take(struct footing *caller)
{
    const struct sched_param none = { 0 };
    for (size_t i = 0; i < FOOTING_LIMITS; i++) {
        if (getrlimit(limits[i].resource, &caller->limits[i]) == 0) {
            raise_limit(i, caller->limits[i]);
        }
    }
    caller->nice = getpriority(PRIO_PROCESS, 0);
    caller->policy = sched_getscheduler(0);
    if (caller->nice > 0) {
        (void)setpriority(PRIO_PROCESS, 0, 0);
    }
    if (caller->policy == SCHED_IDLE || caller->policy == SCHED_BATCH) {
        (void)sched_setscheduler(0, SCHED_OTHER, &none);
    }
}

void footing_give_priority(const struct footing *caller)
{
    const struct sched_param none = { 0 };
    if (caller->policy == SCHED_IDLE || caller->policy == SCHED_BATCH) {
        (void)sched_setscheduler(0, caller->policy, &none);
    }
    if (caller->nice > 0) {
        (void)setpriority(PRIO_PROCESS, 0, caller->nice);
    }
}

void footing_give(const struct footing *caller)
{
    footing_give_priority(caller);
    for (size_t i = 0; i < FOOTING_LIMITS; i++) {
        (void)setrlimit(limits[i].resource, &caller->limits[i]); /* it was so before: that is always permitted */
    }
}
