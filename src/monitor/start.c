/*
 * Before the drop: what needs the caller's rights.
 *
 * The front has left, besides 0, 1 and 2 of every role:
 *   3 socket to the front      4 the supervisor's end of its socket to the front
 *   5 directory of programs    6 cgroup v2 directory of this run, or /dev/null
 *
 * Whatever is opened here gets a number above SPARE_FD and is moved to its
 * place by dup2, in the child for a role, at the end for the monitor itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/fatal.h"
#include "base/paths.h"
#include "monitor/monitor.h"
#include "quiesce/outcome.h"
#include "quiesce/report.h"

enum { FD_FRONT_TO_SUPERVISOR = 4, FD_PROGRAMS = 5, FD_CGROUP = 6, SPARE_FD = 20 };

/* Takes a new descriptor out of the way of the fixed numbers. */
static int spare(int fd, const char *what)
{
    if (fd < 0) {
        fatal(what, errno);
    }
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, SPARE_FD);
    if (moved < 0) {
        fatal(what, errno);
    }
    (void)close(fd);
    return moved;
}

static void pair(int ends[2])
{
    int made[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made) != 0) {
        fatal("cannot make a socketpair", errno);
    }
    for (unsigned i = 0; i < 2; i++) {
        ends[i] = spare(made[i], "cannot move a socket");
    }
}

static int open_or_null(const char *path, int flags, bool *opened)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
    *opened = fd >= 0;
    return spare(fd >= 0 ? fd : open("/dev/null", O_RDWR | O_CLOEXEC), "cannot open /dev/null");
}

/* The root of every role: a tmpfs that is mounted nowhere, empty, read-only. */
static int make_empty_root(void)
{
    int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "mode", "0555", 0) != 0 ||
        syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "4096", 0) != 0 ||
        syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        fatal("cannot make an empty file system", errno);
    }
    int root = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
                            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    (void)close(fs);
    return spare(root, "cannot mount an empty file system");
}

/* The directory is root's, in /run or /var/log, where only root can make one. */
static int open_directory(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    return open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int take_lock(void)
{
    int directory = spare(open_directory(QUIESCE_RUN_DIR), "cannot open " QUIESCE_RUN_DIR);
    int lock = spare(openat(directory, QUIESCE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600),
                     "cannot open " QUIESCE_RUN_DIR "/" QUIESCE_LOCK);
    (void)close(directory);
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        static const char busy[] = "quiesce-monitor: another run holds " QUIESCE_RUN_DIR "/" QUIESCE_LOCK "\n";
        _exit(errno == EWOULDBLOCK && write(2, busy, sizeof busy - 1) > 0 ? EXIT_TRY_AGAIN : EXIT_INTERNAL);
    }
    return lock;
}

/* The journal for appending and for reading; without it the supervisor says so. */
static bool open_journal(int fds[2])
{
    int directory = open_directory(QUIESCE_STATE_DIR);
    int append = directory < 0 ? -1 :
        openat(directory, QUIESCE_JOURNAL, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int read_only = append < 0 ? -1 : openat(directory, QUIESCE_JOURNAL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool opened = read_only >= 0;
    fds[0] = spare(opened ? append : open("/dev/null", O_RDWR | O_CLOEXEC), "cannot open /dev/null");
    fds[1] = spare(opened ? read_only : open("/dev/null", O_RDWR | O_CLOEXEC), "cannot open /dev/null");
    if (directory >= 0) {
        (void)close(directory);
    }
    return opened;
}

static int open_cgroup_kill(bool *has)
{
    struct statfs fs;
    *has = fstatfs(FD_CGROUP, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
    int fd = *has ? openat(FD_CGROUP, "cgroup.kill", O_WRONLY | O_CLOEXEC) : -1;
    *has = fd >= 0;
    return spare(fd >= 0 ? fd : open("/dev/null", O_RDWR | O_CLOEXEC), "cannot open /dev/null");
}

static int make_memfd(size_t size)
{
    int fd = spare(memfd_create("quiesce", MFD_CLOEXEC | MFD_ALLOW_SEALING), "cannot make shared memory");
    if (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        fatal("cannot size shared memory", errno);
    }
    return fd;
}

/* Starts a role with fds as its descriptors from 3 on and the empty root as 15. */
static void start_role(const char *program, int empty_root, const int *fds, unsigned count)
{
    char name[24];
    memcpy(name, program, strlen(program) + 1);
    char *const argv[] = { name, NULL };
    char *const envp[] = { NULL };
    pid_t pid = fork();
    if (pid < 0) {
        fatal("cannot fork", errno);
    }
    if (pid > 0) {
        return;
    }
    int programs = spare(FD_PROGRAMS, "cannot move the program directory");
    for (unsigned i = 0; i < count; i++) {
        if (dup2(fds[i], ROLE_FD_CONTROL + (int)i) < 0) {
            fatal("cannot lay out descriptors", errno);
        }
    }
    if (dup2(empty_root, ROLE_FD_EMPTY_ROOT) < 0 ||
        syscall(SYS_close_range, ROLE_FD_CONTROL + count, ROLE_FD_EMPTY_ROOT - 1, 0) != 0) {
        fatal("cannot lay out descriptors", errno);
    }
    (void)syscall(SYS_execveat, programs, program, argv, envp, 0);
    fatal("cannot execute a role beside this program", errno);
}

void start_everything(struct monitor *m, bool with_lock)
{
    int supervisor[2], launcher[2], guardian[2], parser[2], between[2], journal[2];
    bool opened;
    int root = spare(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "cannot open /");
    int mountinfo = spare(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), "cannot open the mount table");
    int empty = make_empty_root();
    int lock = with_lock ? take_lock() : open_or_null("/dev/null", O_RDWR, &opened);
    int kill = open_cgroup_kill(&m->has_cgroup);
    int expedite = open_or_null(with_lock ? "/sys/kernel/rcu_expedited" : "/dev/null", O_RDWR, &opened);
    m->has_expedite = opened && access("/sys/kernel/rcu_expedited", W_OK) == 0;
    m->has_journal = with_lock && open_journal(journal);
    if (!with_lock) {
        journal[0] = open_or_null("/dev/null", O_RDWR, &opened);
        journal[1] = open_or_null("/dev/null", O_RDWR, &opened);
    }
    int map = make_memfd(sizeof(struct frozen_map)), report = make_memfd(sizeof(struct report));
    m->map = mmap(NULL, sizeof *m->map, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    if (m->map == MAP_FAILED) {
        fatal("cannot map shared memory", errno);
    }
    pair(supervisor);
    pair(launcher);
    pair(guardian);
    pair(parser);
    pair(between);

    start_role("quiesce-guardian", empty, (int[]){ guardian[1], map, expedite, kill, lock }, 5);
    start_role("quiesce-parser", empty, (int[]){ parser[1] }, 1);
    start_role("quiesce-supervisor", empty,
               (int[]){ supervisor[1], FD_FRONT_TO_SUPERVISOR, between[0], report, journal[0], journal[1] }, 6);
    start_role("quiesce-launcher", empty, (int[]){ launcher[1], between[1], FD_CGROUP }, 3);

    const int mine[] = { supervisor[0], launcher[0], guardian[0], parser[0], root, expedite, kill, lock, mountinfo };
    for (unsigned i = 0; i < sizeof mine / sizeof mine[0]; i++) {
        if (dup3(mine[i], FD_SUPERVISOR + (int)i, O_CLOEXEC) < 0) {
            fatal("cannot lay out descriptors", errno);
        }
    }
    if (dup3(empty, ROLE_FD_EMPTY_ROOT, O_CLOEXEC) < 0) {
        fatal("cannot lay out descriptors", errno);
    }
}
