/*
 * Names of processes: /proc/PID/comm, kept open, as one process makes many calls.
 *
 * An open file of /proc belongs to its process for ever: of one that has ended it
 * reads nothing, whoever has the number now.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/walk.h"
#include "learn/learn.h"

enum { KEPT = 64 };

static struct {
    uint32_t pid; /* 0: none */
    int fd;
} kept[KEPT];

static bool read_name(int fd, char name[LEARNED_NAME_MAX])
{
    char text[LEARNED_NAME_MAX + 1]; /* and a newline */
    ssize_t got = pread(fd, text, sizeof text, 0);
    if (got <= 0 || got > LEARNED_NAME_MAX) {
        return false;
    }
    memcpy(name, text, (size_t)got - 1);
    return true;
}

void name_of(int proc, int listener, uint64_t id, uint32_t pid, char name[LEARNED_NAME_MAX])
{
    char path[PLAN_PATH_MAX], digits[DECIMAL_MAX];
    uint32_t place = pid % KEPT;
    memset(name, 0, LEARNED_NAME_MAX);
    if (kept[place].pid == pid && read_name(kept[place].fd, name)) {
        return;
    }
    if (kept[place].pid != 0) {
        (void)close(kept[place].fd);
        kept[place].pid = 0;
    }
    path_join(path, decimal(digits, pid), "/comm", "");
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    kept[place].pid = pid;
    kept[place].fd = fd;
    /* The number is that process's only if it still waits. */
    if (!read_name(fd, name) || ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0) {
        memset(name, 0, LEARNED_NAME_MAX);
    }
}
