#include "held_callers.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channels.h"
#include "role.h"
#include "role_wraps.h"

enum { ROOM = 24576 }; /* the kernel doubles it: two of the largest messages and some of the others */

WRAPPED(int, held_receive, int socket, struct held_record *record, int *fd, enum held_direction direction);
WRAPPED(int, accept4, int socket, struct sockaddr *address, socklen_t *length, int flags);
WRAPPED(int, getsockopt, int socket, int level, int option, void *value, socklen_t *length);

static struct callers {
    int socket; /* the program's door */
    struct sockaddr_un door;
    socklen_t door_length;
    int accept_error;
} callers;

void callers_begin(int door)
{
    const struct sockaddr_un none = {.sun_family = AF_UNIX}; /* the kernel finds a name */

    callers = (struct callers){.socket = door, .door_length = sizeof(callers.door)};
    channel_place(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), door);
    if (bind(door, (const struct sockaddr *)&none, sizeof(none.sun_family)) != 0 || listen(door, CALLERS_MAX) != 0 ||
        getsockname(door, (struct sockaddr *)&callers.door, &callers.door_length) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no door");
    }
}

void callers_limit(int socket)
{
    const int room = ROOM;

    (void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

struct caller *callers_connect(const struct ucred *who, const gid_t *groups, unsigned groups_count)
{
    struct caller *c;
    int end = channel_out_of_the_way(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

    if (end < 0 || model_callers() == CALLERS_MAX || connect(end, (const struct sockaddr *)&callers.door, callers.door_length) != 0) {
        close(end); /* the door is closed, or its queue full */
        return NULL;
    }
    c = model_connect(end, who, groups, groups_count);
    c->who.pid = (pid_t)(1000 + model_callers());
    return c;
}

void callers_accept_fails(int error)
{
    callers.accept_error = error;
}

int __wrap_accept4(int socket, struct sockaddr *address, socklen_t *length, int flags)
{
    int fd;

    if (role_running() && callers.accept_error != 0) {
        errno = callers.accept_error;
        callers.accept_error = 0;
        if (errno != ECONNABORTED) {
            model_exhausted();
        }
        return -1;
    }
    fd = __real_accept4(socket, address, length, flags);
    if (fd >= 0 && role_running()) {
        FUZZ_CHECK(socket == callers.socket && flags == (SOCK_CLOEXEC | SOCK_NONBLOCK), "accepted as %x", flags);
        callers_limit(fd);
        model_accepted(fd);
        errno = 0;
    }
    return fd;
}

/* Who is at the other end, as unix(7) and socket(7) have it. */
int __wrap_getsockopt(int socket, int level, int option, void *value, socklen_t *length)
{
    const struct caller *c = role_running() ? model_by_fd(socket) : NULL;

    if (c && level == SOL_SOCKET && option == SO_PEERCRED) {
        FUZZ_CHECK(*length == sizeof(c->who), "credentials of %u bytes", *length);
        memcpy(value, &c->who, sizeof(c->who));
        return 0;
    }
    if (c && level == SOL_SOCKET && option == 59 /* SO_PEERGROUPS */) {
        socklen_t room = *length;
        *length = (socklen_t)(c->groups_count * sizeof(gid_t));
        if (room < *length) {
            errno = ERANGE;
            return -1;
        }
        memcpy(value, c->groups, *length);
        return 0;
    }
    return __real_getsockopt(socket, level, option, value, length);
}

void callers_listen(struct caller *c)
{
    static struct held_record r; /* large */
    int fd, got;

    while (c->end >= 0 && (got = __real_held_receive(c->end, &r, &fd, HELD_TO_CALLER)) != -EAGAIN) {
        FUZZ_CHECK(got >= 0, "the session says what is no message");
        model_heard(c, got, &r, fd >= 0);
        if (fd >= 0) {
            close(fd);
        }
        if (got == 0) {
            close(c->end);
            c->end = -1;
        }
    }
}
