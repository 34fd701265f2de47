/*
 * clock.h - the two clocks in use, in nanoseconds.
 */
#ifndef QUIESCE_CLOCK_H
#define QUIESCE_CLOCK_H

#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

static inline uint64_t clock_read_ns(clockid_t clock)
{
    struct timespec t = { 0 };
    (void)clock_gettime(clock, &t); /* cannot fail for the constants below */
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* For durations. */
static inline uint64_t clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

/* For deadlines: counts the time a machine is suspended. */
static inline uint64_t clock_boottime_ns(void)
{
    return clock_read_ns(CLOCK_BOOTTIME);
}

static inline uint64_t clock_realtime_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

/* Sets a timerfd to a time of its own clock, in ns; 0 stops it.  Returns 0 or an errno. */
static inline int clock_set_timer(int timer, uint64_t at_ns)
{
    const struct itimerspec at = { .it_value = { (time_t)(at_ns / NS_PER_S), (long)(at_ns % NS_PER_S) } };
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL) != 0 ? errno : 0;
}

#endif
