#include "front/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Anything else there, such as a device or a link, is somebody's on purpose. */
static int look(const char *path)
{
    struct stat facts;
    if (lstat(path, &facts) != 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    return S_ISREG(facts.st_mode) ? 0 : -EEXIST;
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno != EINTR) {
            return -errno;
        }
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        }
    }
    mode_t mask = umask(0);
    (void)umask(mask);
    return fchmod(fd, 0644 & ~mask) == 0 && fsync(fd) == 0 ? 0 : -errno;
}

static int replace(const char *path, char *temporary, const void *bytes, size_t n)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int error = write_all(fd, bytes, n);
    if (close(fd) != 0 && error == 0) {
        error = -errno;
    }
    if (error == 0 && rename(temporary, path) != 0) {
        error = -errno;
    }
    if (error != 0) {
        (void)unlink(temporary);
    }
    return error;
}

int replace_file(const char *path, const void *bytes, size_t n)
{
    char *temporary = NULL;
    sigset_t ending, before;
    int error = look(path);
    if (error != 0) {
        return error;
    }
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        return -ENOMEM;
    }
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    error = sigprocmask(SIG_BLOCK, &ending, &before) == 0 ? replace(path, temporary, bytes, n) : -errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    free(temporary);
    return error;
}
