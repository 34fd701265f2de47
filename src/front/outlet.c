#include "front/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { NULL_MAJOR = 1, NULL_MINOR = 3 }; /* Documentation/admin-guide/devices.txt */

/* The other end of a pseudoterminal, which, opened again, would be another one. */
static bool is_master(int fd)
{
    int number;
    return ioctl(fd, TIOCGPTN, &number) == 0;
}

static int open_again(int fd)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static enum outlet_way look(struct outlet *o)
{
    struct stat facts;
    if (fstat(o->fd, &facts) != 0) {
        return OUTLET_NOBODY;
    }
    if (S_ISSOCK(facts.st_mode)) {
        return OUTLET_SOCKET;
    }
    if (S_ISCHR(facts.st_mode) && facts.st_rdev == makedev(NULL_MAJOR, NULL_MINOR)) {
        return OUTLET_PLAIN;
    }
    bool terminal = S_ISCHR(facts.st_mode) && isatty(o->fd) && !is_master(o->fd);
    if (terminal || S_ISFIFO(facts.st_mode)) {
        o->own = open_again(o->fd);
        o->terminal = terminal && o->own >= 0;
    }
    return o->own >= 0 ? OUTLET_OPENED : OUTLET_LATER;
}

void outlet_open(struct outlet *o, int fd, bool freezes)
{
    o->fd = fd;
    o->own = -1;
    o->terminal = o->closed = false;
    o->length = o->lost = 0;
    o->way = look(o);
    if (!freezes && o->way == OUTLET_LATER) {
        o->way = OUTLET_PLAIN;
    }
}

/* As much as goes without waiting; if wait, all of it.  Returns how much is done with. */
static size_t write_some(struct outlet *o, const char *text, size_t length, bool wait)
{
    size_t done = 0;
    while (done < length && o->way != OUTLET_NOBODY && (wait || o->way != OUTLET_LATER)) {
        ssize_t n = wait                ? write(o->fd, text + done, length - done)
            : o->way == OUTLET_SOCKET   ? send(o->fd, text + done, length - done, MSG_DONTWAIT | MSG_NOSIGNAL)
            : o->way == OUTLET_OPENED   ? write(o->own, text + done, length - done)
                                        : write(o->fd, text + done, length - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd room = { .fd = o->fd, .events = POLLOUT };
            if (!wait || poll(&room, 1, -1) < 0) { /* the caller's own may be one that does not block */
                break;
            }
        } else if (n == 0 || errno != EINTR) {
            o->way = OUTLET_NOBODY; /* nobody takes what we say; the run goes on */
        }
    }
    return o->way == OUTLET_NOBODY ? length : done;
}

void outlet_push(struct outlet *o)
{
    size_t done = write_some(o, o->held, o->length, false);
    o->length -= done;
    memmove(o->held, o->held + done, o->length);
    if (o->length == 0 && o->lost > 0 && o->way != OUTLET_LATER) {
        size_t lost = o->lost;
        o->lost = 0;
        /* Room for this one there is. */
        o->length = (size_t)snprintf(o->held, sizeof o->held, "quiesce: %zu more lines were not kept\n", lost);
        outlet_push(o);
    }
}

void outlet_put(struct outlet *o, const char *text, size_t length)
{
    if (o->closed) {
        (void)write_some(o, text, length, true);
        return;
    }
    outlet_push(o);
    size_t done = o->length == 0 ? write_some(o, text, length, false) : 0;
    if (length - done > sizeof o->held - o->length || o->lost > 0) {
        o->lost++;
        return;
    }
    memcpy(o->held + o->length, text + done, length - done);
    o->length += length - done;
}

void outlet_try(struct outlet *o, const char *text, size_t length)
{
    outlet_push(o);
    if (o->length == 0) {
        (void)write_some(o, text, length, false);
    }
}

int outlet_waits(const struct outlet *o)
{
    if (o->length == 0 || o->way == OUTLET_LATER) {
        return -1;
    }
    return o->own >= 0 ? o->own : o->fd;
}

void outlet_thawed(struct outlet *o)
{
    if (o->way == OUTLET_LATER) {
        o->way = OUTLET_PLAIN;
        outlet_push(o);
    }
}

void outlet_close(struct outlet *o)
{
    outlet_thawed(o);
    while (o->length > 0) {
        size_t done = write_some(o, o->held, o->length, true);
        if (done == 0) {
            break;
        }
        o->length -= done;
        memmove(o->held, o->held + done, o->length);
        outlet_push(o);
    }
    if (o->own >= 0) {
        close(o->own);
        o->own = -1;
        o->way = o->way == OUTLET_OPENED ? OUTLET_PLAIN : o->way;
    }
    o->terminal = false;
    o->closed = true;
}
