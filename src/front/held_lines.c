#include "front/held_lines.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

int held_lines_open(struct held_lines *l)
{
    *l = (struct held_lines){ .epoll = epoll_create1(EPOLL_CLOEXEC), .door = { .socket = -1 } };
    for (int i = 0; i < HELD_LINES; i++) {
        l->lines[i].fd = -1;
    }
    return l->epoll >= 0 ? 0 : -errno;
}

void held_lines_watch(const struct held_lines *l, struct held_line *line, bool room)
{
    struct epoll_event event = { .events = EPOLLIN | (room ? EPOLLOUT : 0), .data.ptr = line };
    (void)epoll_ctl(l->epoll, EPOLL_CTL_MOD, line->fd, &event); /* it is watched already: nothing is needed for it */
}

struct held_line *held_lines_add(struct held_lines *l, int fd, enum held_peer peer, const struct ucred *who)
{
    for (int i = 0; i < HELD_LINES; i++) {
        struct held_line *line = &l->lines[i];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = line };
        if (line->fd < 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) == 0) {
            *line = (struct held_line){ .fd = fd, .peer = peer, .who = *who, .since_ns = clock_boottime_ns() };
            return line;
        }
    }
    return NULL;
}

void held_lines_end(struct held_lines *l, struct held_line *line)
{
    if (line->fd >= 0) {
        close(line->fd); /* nobody else has it, so it is not watched any more either */
        line->fd = -1;
    }
    if (l->listen_again_ns != 0) {
        held_lines_listen(l, true);
    }
}

void held_lines_listen(struct held_lines *l, bool on)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    if (on != l->listening && l->door.socket >= 0) {
        (void)epoll_ctl(l->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, l->door.socket, &event);
        l->listening = on;
    }
    l->listen_again_ns = on ? 0 : clock_boottime_ns() + NS_PER_S;
}

uint64_t held_lines_patience(const struct held_line *line)
{
    if (line->fd < 0 || (line->peer != HELD_NEW && (line->peer != HELD_TOLD || line->owed != HELD_NONE))) {
        return 0;
    }
    return line->since_ns + (line->peer == HELD_NEW ? HELD_SILENCE_S : HELD_OTHERS_S) * NS_PER_S;
}

/* Ends the connection of one that has been silent for long; false: all have said what they want. */
static bool end_silent(struct held_lines *l)
{
    struct held_line *oldest = NULL;
    for (int i = 0; i < HELD_LINES; i++) {
        struct held_line *line = &l->lines[i];
        if (held_lines_patience(line) != 0 && (oldest == NULL || line->since_ns < oldest->since_ns)) {
            oldest = line;
        }
    }
    if (oldest != NULL) {
        held_lines_end(l, oldest);
    }
    return oldest != NULL;
}

static bool make_room(struct held_lines *l)
{
    for (int i = 0; i < HELD_LINES; i++) {
        if (l->lines[i].fd < 0) {
            return true;
        }
    }
    return end_silent(l);
}

static void refuse(int fd, enum held_refusal why, const char *run_id)
{
    struct held_refused refused = { .refusal = why };
    memcpy(refused.run_id, run_id, sizeof refused.run_id);
    (void)held_send(fd, HELD_REFUSED, &refused, -1); /* who does not read it has been refused all the same */
    close(fd);
}

bool held_lines_accept(struct held_lines *l, const char *run_id, struct held_line **line)
{
    struct ucred who;
    *line = NULL;
    /* cppcheck-suppress nullPointer ; accept(2): nobody wants the address */
    int fd = accept4(l->door.socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        /* No descriptor is left: one of ours is freed, or a second is waited; the caller stays in the queue. */
        if ((errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) && !end_silent(l)) {
            held_lines_listen(l, false);
        }
        return false;
    }
    if (!held_door_permits(&l->door, fd, &who)) {
        l->refused += l->refused < UINT32_MAX ? 1 : 0;
        refuse(fd, HELD_NOT_PERMITTED, run_id);
        return true;
    }
    *line = make_room(l) ? held_lines_add(l, fd, HELD_NEW, &who) : NULL;
    if (*line == NULL) {
        refuse(fd, HELD_BUSY, run_id);
    }
    return true;
}
