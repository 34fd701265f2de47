/*
 * role_wraps.h - what the linker leads to us, and how the real ones are called.
 */
#ifndef QUIESCE_FUZZ_ROLE_WRAPS_H
#define QUIESCE_FUZZ_ROLE_WRAPS_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

#include "base/message.h"

#define WRAPPED(type, name, ...)         \
    type __real_##name(__VA_ARGS__);     \
    type __wrap_##name(__VA_ARGS__)

/* role.c */
WRAPPED(int, wire_receive, int socket, struct wire_buffer *buffer, struct wire_packet *packet);
WRAPPED(int, wire_find, const struct wire_rule *rules, size_t count, unsigned state, unsigned peer, uint32_t type);
WRAPPED(int, poll, struct pollfd *fds, nfds_t n, int timeout);
WRAPPED(int, epoll_wait, int epoll, struct epoll_event *events, int count, int timeout);
WRAPPED(_Noreturn void, _exit, int status);
WRAPPED(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags);
WRAPPED(ssize_t, writev, int fd, const struct iovec *parts, int count);

/* role_clock.c */
WRAPPED(int, clock_gettime, clockid_t clock, struct timespec *now);
WRAPPED(int, timerfd_create, int clock, int flags);
WRAPPED(int, timerfd_settime, int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
WRAPPED(int, close, int fd);

/* Clocks as at the beginning of every input, and no timer. */
void role_clock_reset(void);

#endif
