#include "front/held_door.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "front/held_wire.h"

enum { BACKLOG = 64, LEAVE_MS = 2000 };

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59 /* Linux 4.13, asm-generic/socket.h */
#endif

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = HELD_PATH };

int held_door_connect(unsigned wait_ms)
{
    const struct timeval most = { .tv_sec = wait_ms / 1000, .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000 };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    /* SO_SNDTIMEO bounds the wait for a place in the queue as well, socket(7). */
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) != 0
                    || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0
                    || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd >= 0 ? fd : -errno;
}

/* A session that only keeps a result ends at once; the end of file says that it has. */
static void ask_to_leave(void)
{
    const struct held_nothing nothing = { 0 };
    int fd = held_door_connect(LEAVE_MS);
    if (fd < 0) {
        return;
    }
    struct pollfd end = { .fd = fd, .events = POLLIN };
    if (held_send(fd, HELD_LEAVE, &nothing, -1) == 0) {
        (void)poll(&end, 1, LEAVE_MS); /* one that is stopped is left behind: it has lost its place */
    }
    close(fd);
}

/* The group of the build setting.  Its members must get as far as the socket. */
static int let_group_in(struct held_door *door)
{
    if (QUIESCE_SESSION_GROUP[0] == '\0') {
        return 0;
    }
    errno = 0;
    /* cppcheck-suppress getgrnamCalled ; there is one thread */
    const struct group *group = getgrnam(QUIESCE_SESSION_GROUP);
    if (group == NULL) {
        return errno == 0 ? -ENOENT : -errno;
    }
    door->group = group->gr_gid;
    door->has_group = true;
    return chown(QUIESCE_RUN_DIR, (uid_t)-1, door->group) == 0 && chmod(QUIESCE_RUN_DIR, 0710) == 0
            && chown(HELD_PATH, (uid_t)-1, door->group) == 0 && chmod(HELD_PATH, 0660) == 0 ? 0 : -errno;
}

int held_door_open(struct held_door *door, char *message, size_t capacity)
{
    struct stat st;
    *door = (struct held_door){ .socket = -1 };
    ask_to_leave();
    if (unlink(HELD_PATH) != 0 && errno != ENOENT) {
        snprintf(message, capacity, "what is at %s cannot be removed: %s", HELD_PATH, strerror(errno));
        return -1;
    }
    door->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177); /* root alone, from its first moment */
    bool made = door->socket >= 0 && bind(door->socket, (const struct sockaddr *)&address, sizeof address) == 0
        && lstat(HELD_PATH, &st) == 0;
    int error = errno;
    umask(before);
    if (!made) {
        snprintf(message, capacity, "the session's socket %s cannot be made: %s", HELD_PATH, strerror(error));
        held_door_close(door, false);
        return -1;
    }
    door->device = st.st_dev;
    door->inode = st.st_ino;
    error = let_group_in(door);
    if (error != 0) {
        snprintf(message, capacity, "the group %s cannot be let to %s: %s", QUIESCE_SESSION_GROUP, HELD_PATH,
                 error == -ENOENT ? "there is no such group" : strerror(-error));
    } else if (listen(door->socket, BACKLOG) != 0) {
        error = -errno;
        snprintf(message, capacity, "nobody can connect to %s: %s", HELD_PATH, strerror(errno));
    }
    if (error != 0) {
        held_door_close(door, true);
        return -1;
    }
    return 0;
}

void held_door_close(struct held_door *door, bool remove)
{
    struct stat st;
    if (remove && lstat(HELD_PATH, &st) == 0 && st.st_dev == door->device && st.st_ino == door->inode) {
        (void)unlink(HELD_PATH); /* else a later session has its own there */
    }
    if (door->socket >= 0) {
        close(door->socket);
        door->socket = -1;
    }
}

/* SO_PEERGROUPS: the supplementary groups that it had when it connected. */
static bool has_group(int connection, gid_t wanted)
{
    gid_t none;
    socklen_t length = 0; /* too short on purpose: ERANGE says how many bytes there are */
    bool found = false;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, &none, &length) == 0 || errno != ERANGE) {
        return false; /* it has none, or the kernel cannot say */
    }
    gid_t *groups = malloc(length);
    if (groups != NULL && getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups, &length) == 0) {
        for (size_t i = 0; i < length / sizeof *groups; i++) {
            found = found || groups[i] == wanted;
        }
    }
    free(groups);
    return found;
}

bool held_door_permits(const struct held_door *door, int connection, struct ucred *who)
{
    socklen_t length = sizeof *who;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, who, &length) != 0) {
        return false;
    }
    return who->uid == 0 || (door->has_group && (who->gid == door->group || has_group(connection, door->group)));
}
