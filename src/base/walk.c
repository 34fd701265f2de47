/*
 * The safe walk.
 *
 * Why no check can be raced: every directory on the way is held open when it is
 * checked and is the one the next component is looked up in; only root can
 * change what such a directory holds; and the file's own checks are made on the
 * descriptor that is then read.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/walk.h"

/* What the mode of a file of a kind may contain, and how large it may be (contract.md). */
static const struct {
    unsigned allowed;
    size_t limit;
} kinds[DOC_KINDS + 1] = {
    [DOC_HOST] = { 0644, DOC_CONFIG_BYTES_MAX },   [DOC_VMBACKUP] = { 0644, DOC_CONFIG_BYTES_MAX },
    [DOC_PLUGIN] = { 0600, DOC_CONFIG_BYTES_MAX }, [DOC_POLICY] = { 0644, DOC_POLICY_BYTES_MAX },
    [DOC_PASSWD] = { 0644, DOC_SYSTEM_BYTES_MAX }, [DOC_GROUP] = { 0644, DOC_SYSTEM_BYTES_MAX },
    [DOC_MOUNTS] = { 0444, DOC_SYSTEM_BYTES_MAX }, [DOC_KINDS] = { 0700, DOC_SCRIPT_BYTES_MAX },
};

enum { LINKS_MAX = 40 }; /* as the kernel's own limit, path_resolution(7) */

struct walk {
    int root, dir;
    unsigned links;
    char rest[PLAN_PATH_MAX]; /* what is still to be walked */
    char link[PLAN_PATH_MAX];
    char name[PLAN_PATH_MAX];
    struct walk_result *result;
};

static int refuse(struct walk *w, enum walk_verdict verdict, const struct stat *st, int error)
{
    w->result->verdict = verdict;
    w->result->error = (uint32_t)error;
    if (st != NULL) {
        w->result->uid = st->st_uid;
        w->result->mode = st->st_mode;
        w->result->is_directory = S_ISDIR(st->st_mode);
    }
    return -1;
}

static int replace_dir(struct walk *w, int fd)
{
    if (w->dir >= 0) {
        (void)close(w->dir);
    }
    w->dir = fd;
    return fd < 0 ? refuse(w, WALK_ERROR, NULL, errno) : 0;
}

/* Back to "/", which is checked like every other directory. */
static int enter_root(struct walk *w)
{
    struct stat st;
    w->result->component[0] = '/';
    w->result->component[1] = '\0';
    if (replace_dir(w, fcntl(w->root, F_DUPFD_CLOEXEC, 0)) != 0) {
        return -1;
    }
    if (fstat(w->dir, &st) != 0) {
        return refuse(w, WALK_ERROR, NULL, errno);
    }
    if (st.st_uid != 0) {
        return refuse(w, WALK_OWNER, &st, 0);
    }
    return (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? refuse(w, WALK_MODE, &st, 0) : 0;
}

/* Moves the next component from rest to name; false if there is none. */
static bool next_component(struct walk *w)
{
    const char *begin = w->rest + strspn(w->rest, "/");
    size_t length = strcspn(begin, "/");
    memcpy(w->name, begin, length);
    w->name[length] = '\0';
    memmove(w->rest, begin + length, strlen(begin + length) + 1);
    return length > 0;
}

static int note_component(struct walk *w)
{
    char *text = w->result->component;
    size_t used = strlen(text), length = strlen(w->name);
    if (used + length + 2 > sizeof w->result->component) {
        return refuse(w, WALK_PATH, NULL, ENAMETOOLONG);
    }
    if (used > 1) {
        text[used++] = '/';
    }
    memcpy(text + used, w->name, length + 1);
    return 0;
}

/* Puts the link's target in front of the rest. */
static int follow(struct walk *w, int fd, const struct stat *st)
{
    if (st->st_uid != 0) {
        return refuse(w, WALK_LINK_OWNER, st, 0);
    }
    if (++w->links > LINKS_MAX) {
        return refuse(w, WALK_LINK_LOOP, NULL, ELOOP);
    }
    ssize_t length = readlinkat(fd, "", w->link, sizeof w->link);
    size_t rest = strlen(w->rest);
    if (length <= 0 || (size_t)length + rest + 1 > sizeof w->rest) {
        return refuse(w, length < 0 ? WALK_ERROR : WALK_PATH, NULL, length < 0 ? errno : ENAMETOOLONG);
    }
    memmove(w->rest + length, w->rest, rest + 1);
    memcpy(w->rest, w->link, (size_t)length);
    if (w->link[0] == '/') {
        return enter_root(w);
    }
    char *last = strrchr(w->result->component, '/');
    last[last == w->result->component ? 1 : 0] = '\0';
    return 0;
}

static int check_file(struct walk *w, const struct stat *st, unsigned allowed)
{
    if (!S_ISREG(st->st_mode)) {
        return refuse(w, WALK_TYPE, st, 0);
    }
    if (st->st_uid != 0) {
        return refuse(w, WALK_OWNER, st, 0);
    }
    if ((st->st_mode & (S_ISUID | S_ISGID)) != 0) {
        return refuse(w, WALK_SET_ID, st, 0);
    }
    bool program = (allowed & S_IXUSR) != 0;
    if ((st->st_mode & 07777 & ~allowed) != 0 || (st->st_mode & S_IRUSR) == 0 ||
        (program && (st->st_mode & S_IXUSR) == 0)) {
        return refuse(w, WALK_MODE, st, 0);
    }
    return 0;
}

/* The last component: its type is looked at before it is opened (a device or a
 * FIFO must not be), everything again on what was opened. */
static int open_file(struct walk *w, const struct stat *seen, unsigned allowed)
{
    struct stat st;
    if (check_file(w, seen, allowed) != 0) {
        return -1;
    }
    int fd = openat(w->dir, w->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(w, WALK_ERROR, NULL, errno);
    }
    int bad = fstat(fd, &st) != 0 ? refuse(w, WALK_ERROR, NULL, errno) : check_file(w, &st, allowed);
    if (bad != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* One component.  0: go on; 1: *file holds the opened file; -1: refused. */
static int step(struct walk *w, unsigned allowed, int *file)
{
    struct stat st;
    if (strcmp(w->name, ".") == 0) {
        return 0;
    }
    if (note_component(w) != 0) {
        return -1;
    }
    int fd = openat(w->dir, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return refuse(w, errno == ENOENT ? WALK_MISSING : WALK_ERROR, NULL, errno);
    }
    int result = -1;
    if (fstat(fd, &st) != 0) {
        (void)refuse(w, WALK_ERROR, NULL, errno);
    } else if (S_ISLNK(st.st_mode)) {
        result = follow(w, fd, &st);
    } else if (S_ISDIR(st.st_mode)) {
        if (st.st_uid != 0) {
            (void)refuse(w, WALK_OWNER, &st, 0);
        } else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
            (void)refuse(w, WALK_MODE, &st, 0);
        } else {
            return replace_dir(w, fd);
        }
    } else if (w->rest[0] != '\0') { /* also a slash behind the name of a file */
        (void)refuse(w, WALK_TYPE, &st, ENOTDIR);
    } else {
        *file = open_file(w, &st, allowed);
        result = *file < 0 ? -1 : 1;
    }
    (void)close(fd);
    return result;
}

int walk_open(int root, const char *path, unsigned allowed, struct walk_result *result)
{
    static struct walk w; /* large, and the monitor walks one path at a time */
    int file = -1, done = 0;
    memset(result, 0, sizeof *result);
    w = (struct walk){ .root = root, .dir = -1, .result = result };
    size_t length = strnlen(path, PLAN_PATH_MAX);
    if (path[0] != '/' || length >= PLAN_PATH_MAX) {
        return refuse(&w, WALK_PATH, NULL, 0);
    }
    memcpy(w.rest, path, length + 1);
    if (enter_root(&w) == 0) {
        while (done == 0 && next_component(&w)) {
            done = step(&w, allowed, &file);
        }
        if (done == 0) { /* the path names a directory */
            (void)refuse(&w, WALK_TYPE, NULL, EISDIR);
            result->is_directory = 1;
        }
    }
    if (w.dir >= 0) {
        (void)close(w.dir);
    }
    return file;
}

int sealed_copy(int fd, size_t limit, struct walk_result *result)
{
    static char chunk[16384];
    size_t total = 0;
    ssize_t got = 0;
    int copy = memfd_create("quiesce", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy >= 0) {
        while (total <= limit && (got = pread(fd, chunk, sizeof chunk, (off_t)total)) > 0) {
            if (write(copy, chunk, (size_t)got) != got) {
                got = -1;
                break;
            }
            total += (size_t)got;
        }
    }
    int error = copy < 0 || got < 0 ? errno : 0;
    if (error == 0 && total > limit) {
        result->verdict = WALK_TOO_LARGE;
        error = EFBIG;
    } else if (error != 0) {
        result->verdict = WALK_ERROR;
    } else if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        error = errno;
        result->verdict = WALK_ERROR;
    }
    if (error != 0) {
        result->error = (uint32_t)error;
        if (copy >= 0) {
            (void)close(copy);
        }
        return -1;
    }
    return copy;
}

size_t walk_limit(uint32_t kind)
{
    return kinds[kind].limit;
}

int walk_copy(int root, uint32_t kind, const char *path, struct walk_result *result)
{
    int fd = walk_open(root, path, kinds[kind].allowed, result);
    if (fd < 0) {
        return -1;
    }
    int copy = sealed_copy(fd, kinds[kind].limit, result);
    (void)close(fd);
    return copy;
}

void path_join(char to[PLAN_PATH_MAX], const char *a, const char *b, const char *c)
{
    const size_t lengths[3] = { strlen(a), strlen(b), strlen(c) };
    memset(to, 0, PLAN_PATH_MAX);
    if (lengths[0] + lengths[1] + lengths[2] < PLAN_PATH_MAX) {
        memcpy(to, a, lengths[0]);
        memcpy(to + lengths[0], b, lengths[1]);
        memcpy(to + lengths[0] + lengths[1], c, lengths[2]);
    }
}
