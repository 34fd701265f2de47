/*
 * A clock that goes on by a microsecond whenever it is read, and when the input says so;
 * timers are eventfds that become readable when it has passed them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "role.h"
#include "role_wraps.h"

enum { TIMERS_MAX = 64 };
static const uint64_t second = 1000000000, start_s = 1000, tick = 1000;

static struct role_clock {
    uint64_t now;
    unsigned count;
    struct {
        int fd;
        uint64_t at, every; /* at 0: stopped */
    } timers[TIMERS_MAX];
} role_clock;

void role_clock_reset(void)
{
    role_clock.count = 0;
    role_clock.now = start_s * second;
}

static void fire(void)
{
    const uint64_t one = 1;

    for (unsigned i = 0; i < role_clock.count; i++) {
        if (role_clock.timers[i].at == 0 || role_clock.timers[i].at > role_clock.now) {
            continue;
        }
        role_clock.timers[i].at = role_clock.timers[i].every > 0 ? role_clock.now + role_clock.timers[i].every : 0;
        if (write(role_clock.timers[i].fd, &one, sizeof(one)) < 0 && errno != EAGAIN) {
            abort();
        }
    }
}

void role_time_passes(uint64_t ns)
{
    role_clock.now += ns;
    fire();
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!role_running() || clock == CLOCK_THREAD_CPUTIME_ID) {
        return __real_clock_gettime(clock, now);
    }
    role_clock.now += tick;
    *now = (struct timespec){(time_t)(role_clock.now / second), (long)(role_clock.now % second)};
    return 0;
}

int __wrap_timerfd_create(int clock, int flags)
{
    int fd;

    if (!role_running()) {
        return __real_timerfd_create(clock, flags);
    }
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd >= 0 && role_clock.count < TIMERS_MAX) {
        role_clock.timers[role_clock.count].fd = fd;
        role_clock.timers[role_clock.count].at = role_clock.timers[role_clock.count].every = 0;
        role_clock.count++;
    }
    return fd;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    uint64_t value = (uint64_t)new->it_value.tv_sec * second + (uint64_t)new->it_value.tv_nsec, taken;

    if (!role_running()) {
        return __real_timerfd_settime(fd, flags, new, old);
    }
    /* As the kernel does. */
    if (new->it_value.tv_sec < 0 || new->it_value.tv_nsec < 0 || (uint64_t)new->it_value.tv_nsec >= second) {
        errno = EINVAL;
        return -1;
    }
    for (unsigned i = 0; i < role_clock.count; i++) {
        if (role_clock.timers[i].fd != fd) {
            continue;
        }
        if (read(fd, &taken, sizeof(taken)) < 0 && errno != EAGAIN) {
            abort();
        }
        role_clock.timers[i].at = value == 0 ? 0 : flags & TFD_TIMER_ABSTIME ? value : role_clock.now + value;
        role_clock.timers[i].every = (uint64_t)new->it_interval.tv_sec * second + (uint64_t)new->it_interval.tv_nsec;
        fire();
        return 0;
    }
    errno = EINVAL;
    return -1;
}

int __wrap_close(int fd)
{
    if (role_running()) {
        if (fd >= 0 && fd <= STDERR_FILENO) {
            return 0; /* the harness's own */
        }
        role_closed(fd);
        for (unsigned i = 0; i < role_clock.count; i++) {
            if (role_clock.timers[i].fd == fd) {
                role_clock.timers[i] = role_clock.timers[--role_clock.count];
            }
        }
    }
    return __real_close(fd);
}
