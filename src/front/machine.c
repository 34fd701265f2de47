#include "front/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/tmpfs.h"
#include "front/record.h"
#include "front/recover.h"
#include "quiesce/outcome.h"
#include "quiesce/report.h"

#define EXPEDITED "/sys/kernel/rcu_expedited"

int machine_move(int fd)
{
    if (fd < 0) {
        return -1;
    }
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, MACHINE_FD_LEAST);
    int error = errno;
    close(fd);
    errno = error;
    return moved;
}

bool machine_find_programs(const char *program, char directory[PLAN_PATH_MAX])
{
    char self[PLAN_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    char *slash = n > 0 && (size_t)n < sizeof self ? memrchr(self, '/', (size_t)n) : NULL;
    if (slash != NULL) {
        *slash = '\0';
        int length = snprintf(directory, PLAN_PATH_MAX, "%s/%s", self, program);
        if (length > 0 && length < PLAN_PATH_MAX && access(directory, X_OK) == 0) {
            snprintf(directory, PLAN_PATH_MAX, "%s", slash > self ? self : "/");
            return true;
        }
    }
    snprintf(directory, PLAN_PATH_MAX, "%s", QUIESCE_LIBEXECDIR);
    return false;
}

void machine_find_places(struct machine *m)
{
    bool here = machine_find_programs("quiesce-monitor", m->programs);
    const char *directory = strcmp(m->programs, "/") == 0 ? "" : m->programs;
    if (!here || snprintf(m->policies, sizeof m->policies, "%s/policy", directory) >= (int)sizeof m->policies) {
        snprintf(m->policies, sizeof m->policies, "%s", QUIESCE_POLICYDIR);
    }
}

/* A directory in /run or /var/log, where only root can make one. */
static int open_directory(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A file of another type or with another name would have us write to what somebody else has chosen. */
bool machine_is_roots_alone(int fd, mode_t type)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return false;
    }
    errno = EPERM;
    return st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 && (st.st_mode & S_IFMT) == type
        && (type == S_IFDIR || st.st_nlink == 1);
}

/* Closes fd, and keeps errno. */
static void close_quietly(int fd)
{
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
}

static int open_safe_directory(const char *path)
{
    int fd = open_directory(path);
    if (fd >= 0 && !machine_is_roots_alone(fd, S_IFDIR)) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

int machine_open_run_directory(void)
{
    return open_safe_directory(QUIESCE_RUN_DIR);
}

static int open_in(int directory, const char *name, int flags)
{
    /* a FIFO must not hold us up */
    int fd = directory >= 0 ? openat(directory, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && !machine_is_roots_alone(fd, S_IFREG)) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

static void on_alarm(int number)
{
    (void)number; /* it interrupts flock(2) */
}

int machine_wait_for_lock(int fd, int operation, unsigned seconds)
{
    const struct sigaction interrupts = { .sa_handler = on_alarm };
    /* Again and again: the first may come before flock sleeps. */
    const struct itimerval until = { .it_interval = { .tv_usec = 100000 }, .it_value = { .tv_sec = seconds } }, never = { 0 };
    int error;
    (void)sigaction(SIGALRM, &interrupts, NULL);
    (void)setitimer(ITIMER_REAL, &until, NULL);
    do {
        error = flock(fd, operation) != 0 ? errno : 0;
    } while (error == EINTR && seconds == 0);
    (void)setitimer(ITIMER_REAL, &never, NULL);
    return error == EINTR ? EWOULDBLOCK : error;
}

int machine_lock(int directory, int *lock)
{
    *lock = machine_move(open_in(directory, QUIESCE_LOCK, O_RDWR | O_CREAT));
    return *lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

/* Also sees to what a run before has left, if it was killed. */
static int take_lock(struct machine *m, char *message, size_t capacity)
{
    m->directory = machine_move(machine_open_run_directory());
    int error = m->directory >= 0 ? machine_lock(m->directory, &m->fds[MACHINE_LOCK]) : errno;
    if (error == 0) {
        return recover_left(m->directory, message, capacity);
    }
    if (error == EWOULDBLOCK) {
        snprintf(message, capacity, "another run holds %s: try again when it is over", QUIESCE_RUN_DIR "/" QUIESCE_LOCK);
        return EXIT_TRY_AGAIN;
    }
    snprintf(message, capacity, "the lock %s cannot be taken: %s", QUIESCE_RUN_DIR "/" QUIESCE_LOCK,
             error == EPERM ? "it and its directory must be a file and a directory that root alone can write" : strerror(error));
    return EXIT_INTERNAL;
}

/* The kernel has one such switch for all, whatever /run a run sees: of two that each
 * put back what they found, the later one would find the other's.  So it is a lock too. */
int machine_lock_expedited(int *expedited, unsigned seconds)
{
    *expedited = machine_move(open(EXPEDITED, O_RDWR | O_CLOEXEC));
    int error = *expedited >= 0 && flock(*expedited, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
    return error == EWOULDBLOCK && seconds > 0 ? machine_wait_for_lock(*expedited, LOCK_EX, seconds) : error;
}

static int take_expedited(char *message, size_t capacity, int *expedited)
{
    if (machine_lock_expedited(expedited, 0) != 0) {
        snprintf(message, capacity, "another run, which sees another " QUIESCE_RUN_DIR ", holds " EXPEDITED
                 ": try again when it is over, or with --no-expedite");
        return EXIT_TRY_AGAIN;
    }
    return 0;
}

/* All three or none: a directory that cannot be killed, or that has no place for the
 * launcher, is of no use. */
static void open_cgroup(struct machine *m, const struct cgroup *cgroup)
{
    static const enum machine_fd places[] = { MACHINE_CGROUP, MACHINE_CGROUP_KILL, MACHINE_CGROUP_LAUNCHER };
    if (cgroup->directory < 0 || (mkdirat(cgroup->directory, "launcher", 0755) != 0 && errno != EEXIST)) {
        return;
    }
    m->fds[MACHINE_CGROUP] = fcntl(cgroup->directory, F_DUPFD_CLOEXEC, MACHINE_FD_LEAST);
    m->fds[MACHINE_CGROUP_KILL] = machine_move(openat(cgroup->directory, "cgroup.kill", O_WRONLY | O_CLOEXEC));
    m->fds[MACHINE_CGROUP_LAUNCHER] = machine_move(openat(cgroup->directory, "launcher", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    m->has.has_cgroup = 1;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        m->has.has_cgroup = m->fds[places[i]] >= 0 ? m->has.has_cgroup : 0;
    }
    for (size_t i = 0; m->has.has_cgroup == 0 && i < sizeof places / sizeof *places; i++) {
        if (m->fds[places[i]] >= 0) {
            close(m->fds[places[i]]);
            m->fds[places[i]] = -1;
        }
    }
}

/* What a machine may lack; its place is taken by /dev/null. */
static void open_optional(struct machine *m, const struct cgroup *cgroup, bool real)
{
    open_cgroup(m, cgroup);
    m->has.has_record = record_possible() ? 1 : 0;
    if (!real) {
        m->has.has_expedite = access(EXPEDITED, W_OK) == 0 ? 1 : 0;
        m->has.has_journal = access("/var/log", W_OK) == 0 ? 1 : 0;
        return;
    }
    m->has.has_expedite = m->fds[MACHINE_EXPEDITE] >= 0 ? 1 : 0;
    int state = open_safe_directory(QUIESCE_STATE_DIR), append = open_in(state, QUIESCE_JOURNAL, O_WRONLY | O_APPEND | O_CREAT);
    m->fds[MACHINE_JOURNAL_APPEND] = machine_move(append);
    m->fds[MACHINE_JOURNAL_READ] = append < 0 ? -1 : machine_move(open_in(state, QUIESCE_JOURNAL, O_RDONLY));
    close_quietly(state);
    m->has.has_journal = m->fds[MACHINE_JOURNAL_APPEND] >= 0 && m->fds[MACHINE_JOURNAL_READ] >= 0 ? 1 : 0;
}

/* ---- what must be there; each returns a descriptor or a negative errno ------------- */

static int open_null(const struct machine *m)
{
    (void)m;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

static int open_programs(const struct machine *m)
{
    int fd = open(m->programs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

static int open_root(const struct machine *m)
{
    (void)m;
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

static int make_empty_root(const struct machine *m)
{
    (void)m;
    return tmpfs_create("0555", "4096", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
}

static int open_mount_table(const struct machine *m)
{
    (void)m;
    int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

/* Memory that two processes share; its size cannot change any more. */
static int make_shared(size_t size)
{
    int fd = memfd_create("quiesce", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd >= 0 ? fd : -errno;
}

/* The value that is put back is read here, once, for all who may have to. */
static int make_record(const struct machine *m)
{
    static struct run_record record; /* large */
    int error = record_begin(&record, m->run_id, m->has.has_cgroup != 0);
    ssize_t length = m->has.has_expedite != 0 && m->fds[MACHINE_EXPEDITE] >= 0
        ? pread(m->fds[MACHINE_EXPEDITE], record.expedited, sizeof record.expedited, 0) : 0;
    if (error != 0 || length < 0) {
        return error != 0 ? error : -errno;
    }
    record.expedited_length = (uint8_t)length;
    return m->freezes && m->has.has_record != 0 ? record_create(m->directory, &record) : record_create_nameless(&record);
}

static int make_report(const struct machine *m)
{
    (void)m;
    return make_shared(sizeof(struct report));
}

/* What is not here may be absent: /dev/null then. */
static const struct {
    int (*open)(const struct machine *m);
    const char *name;
} openers[MACHINE_FDS] = {
    [MACHINE_PROGRAMS] = { open_programs, "the directory of the programs" },
    [MACHINE_ROOT] = { open_root, "the root directory" },
    [MACHINE_EMPTY_ROOT] = { make_empty_root, "an empty file system" },
    [MACHINE_MOUNTINFO] = { open_mount_table, "the mount table" },
    [MACHINE_RECORD] = { make_record, "the record of the run" },
    [MACHINE_REPORT] = { make_report, "shared memory" },
};

int machine_open(struct machine *m, const char *run_id, const struct cgroup *cgroup, enum machine_use use, bool expedite,
                 char *message, size_t capacity)
{
    bool runs = use == MACHINE_RUNS;
    memset(m, 0, sizeof *m);
    m->run_id = run_id;
    m->directory = -1;
    m->freezes = runs;
    for (int i = 0; i < MACHINE_FDS; i++) {
        m->fds[i] = -1;
    }
    int status = use != MACHINE_LOOKS ? take_lock(m, message, capacity) : 0;
    if (status == 0 && runs && expedite) {
        status = take_expedited(message, capacity, &m->fds[MACHINE_EXPEDITE]);
    }
    if (status != 0) {
        return status;
    }
    machine_find_places(m);
    open_optional(m, cgroup, runs);
    for (int i = 0; i < MACHINE_FDS; i++) {
        if (m->fds[i] >= 0) {
            continue;
        }
        int fd = openers[i].open != NULL ? openers[i].open(m) : open_null(m);
        m->fds[i] = machine_move(fd);
        if (m->fds[i] < 0) {
            int error = fd < 0 ? -fd : errno;
            snprintf(message, capacity, "%s cannot be opened: %s%s%.200s", openers[i].name != NULL ? openers[i].name : "/dev/null",
                     strerror(error), i == MACHINE_PROGRAMS ? ": " : "", i == MACHINE_PROGRAMS ? m->programs : "");
            return EXIT_INTERNAL;
        }
    }
    return 0;
}

void machine_give(struct machine *m, enum machine_fd place, int fd)
{
    int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, MACHINE_FD_LEAST) : -1;
    if (copy >= 0) {
        close(m->fds[place]);
        m->fds[place] = copy;
    }
}

void machine_close(struct machine *m)
{
    if (m->directory >= 0) {
        close(m->directory);
        m->directory = -1;
    }
    for (int i = 0; i < MACHINE_FDS; i++) {
        if (m->fds[i] >= 0) {
            close(m->fds[i]);
            m->fds[i] = -1;
        }
    }
}
