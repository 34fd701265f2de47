/*
 * loop.c - waiting for events.
 */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fatal.h"

void loop_start(struct loop *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        fatal("cannot make an epoll descriptor", errno);
}

void source_watch(struct loop *loop, struct source *source, int fd, uint32_t events, source_handler *ready, void *owner)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    source->open = source->watched = true;
    source->fd = fd;
    source->epoll = loop->epoll;
    source->ready = ready;
    source->owner = owner;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        fatal("cannot watch a descriptor", errno);
}

void source_keep(struct source *source, int fd)
{
    source->open = true;
    source->watched = false;
    source->fd = fd;
}

void source_close(struct source *source)
{
    if (!source->open)
        return;
    /* Closing is not enough: whoever sent the descriptor may still hold the open file. */
    if (source->watched && epoll_ctl(source->epoll, EPOLL_CTL_DEL, source->fd, NULL) != 0)
        fatal("cannot stop watching a descriptor", errno);
    source->open = source->watched = false;
    (void)close(source->fd);
    source->fd = -1;
}

void loop_turn(struct run *run, struct loop *loop)
{
    struct epoll_event event;
    struct source *source;
    int n = epoll_wait(loop->epoll, &event, 1, -1);

    if (n < 0 && errno != EINTR)
        fatal("cannot wait for events", errno);
    if (n <= 0)
        return;
    source = event.data.ptr;
    if (source->open)
        source->ready(run, source, event.events);
}

static void timer_ready(struct run *run, struct source *source, uint32_t events)
{
    struct timer *timer = source->owner;
    uint64_t times;

    (void)events;
    if (read(source->fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
        timer->expired(run, timer);
}

void timer_set(struct loop *loop, struct timer *timer, uint64_t ns, bool again, timer_handler *expired, void *owner)
{
    struct itimerspec spec = {0};

    if (ns == 0)
        ns = 1; /* 0 would stop it */
    spec.it_value.tv_sec = (time_t)(ns / NS_PER_S);
    spec.it_value.tv_nsec = (long)(ns % NS_PER_S);
    if (again)
        spec.it_interval = spec.it_value;
    timer->expired = expired;
    timer->owner = owner;
    if (!timer->source.open) {
        int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);

        if (fd < 0)
            fatal("cannot make a timer", errno);
        source_watch(loop, &timer->source, fd, EPOLLIN, timer_ready, timer);
    }
    if (timerfd_settime(timer->source.fd, 0, &spec, NULL) != 0)
        fatal("cannot set a timer", errno);
}

void timer_stop(struct timer *timer)
{
    source_close(&timer->source);
}
