/*
 * loop.h - waiting for events: descriptors by epoll(7), time by timerfd_create(2).
 */
#ifndef QUIESCE_LOOP_H
#define QUIESCE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct run;
struct source;
typedef void source_handler(struct run *run, struct source *source, uint32_t events);

/* A descriptor that is watched.  Lives as long as the run. */
struct source {
    bool open, watched; /* open: fd is ours */
    int fd, epoll;
    source_handler *ready;
    void *owner;
};

struct loop {
    int epoll;
};

void loop_start(struct loop *loop);

/* Takes over fd and watches it.  events: EPOLLIN, EPOLLPRI, or 0 (errors only). */
void source_watch(struct loop *loop, struct source *source, int fd, uint32_t events, source_handler *ready, void *owner);

/* Takes over fd without watching it. */
void source_keep(struct source *source, int fd);

/* Closes it if it is open. */
void source_close(struct source *source);

/* Waits for one event and handles it.  One at a time: a handler may close any
 * source, so what else was ready has to be asked for again. */
void loop_turn(struct run *run, struct loop *loop);

struct timer;
typedef void timer_handler(struct run *run, struct timer *timer);

/* A timer on CLOCK_BOOTTIME, which counts the time a machine is suspended. */
struct timer {
    struct source source;
    timer_handler *expired;
    void *owner;
};

/* (Re)starts it: expired is called once after ns nanoseconds (0: at once), and
 * every ns if again. */
void timer_set(struct loop *loop, struct timer *timer, uint64_t ns, bool again, timer_handler *expired, void *owner);
void timer_stop(struct timer *timer);

#endif
