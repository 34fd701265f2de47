/*
 * The mounts of a hook's namespace.
 *
 * Runs in the keeper with the launcher's uid and capabilities.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mount_api.h"
#include "base/paths.h"
#include "base/tmpfs.h"
#include "base/walk.h"
#include "keeper/keeper.h"

enum { SIBLINGS_MAX = 1024 }; /* beside a script; more is refused, not left out */

/* struct linux_dirent64 of getdents64(2) */
struct entry {
    uint64_t inode, offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

static int attach(int tree, const char *path)
{
    int error = mount_attach(tree, AT_FDCWD, path) != 0 ? errno : 0;
    (void)close(tree);
    return error;
}

/* A copy of what is at path, not yet attached, with attributes set.  A descriptor or -1. */
static int copy_tree(const char *path, uint64_t attributes, bool recursive)
{
    int tree = mount_clone(path, recursive);
    if (tree >= 0 && mount_attributes(tree, "", recursive, attributes) != 0) {
        int error = errno;
        (void)close(tree);
        errno = error;
        return -1;
    }
    return tree;
}

static int make_readonly(const char *path)
{
    struct stat st;
    struct statvfs where;
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && statvfs(path, &where) == 0 && (where.f_flag & ST_RDONLY) != 0) {
        return 0; /* /bin of a merged /usr, for one: what it leads to has been made so */
    }
    int tree = copy_tree(path, MOUNT_ATTR_RDONLY, true);
    if (tree < 0) {
        return errno == ENOENT ? 0 : errno; /* what is not there cannot be written to */
    }
    return attach(tree, path);
}

static int make_tmpfs(const char *path, bool readonly)
{
    int tree = tmpfs_create(readonly ? "0555" : "1777", "25%", readonly ? MOUNT_ATTR_RDONLY : 0);
    int error = tree < 0 ? -tree : attach(tree, path);
    return error == ENOENT ? 0 : error;
}

static int make_masked(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno == ENOENT ? 0 : errno;
    }
    if (S_ISDIR(st.st_mode)) {
        return make_tmpfs(path, true);
    }
    int null = copy_tree("/dev/null", 0, false);
    return null < 0 ? errno : attach(null, path);
}

int procfs_open(void)
{
    struct statfs fs;
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fstatfs(proc, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC) {
        return proc;
    }
    (void)close(proc); /* the policy has put something else there */
    return procfs_create();
}

int procfs_create(void)
{
    int fs = mount_fsopen("proc");
    int tree = fs >= 0 && mount_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0
        ? mount_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC) : -1;
    (void)close(fs);
    return tree;
}

/* What an OCI runtime puts into a /dev of its own (runtime-spec, config-linux.md,
 * "Default Devices"), and the system log's socket; no disk, no terminal of others. */
static const char *const devices[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/log",
};
static const char *const links[][2] = {
    { "/proc/self/fd", "fd" }, { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
    { "/proc/self/fd/2", "stderr" },
};
enum { DEVICES = sizeof devices / sizeof devices[0], LINKS = sizeof links / sizeof links[0] };

/* A place for a device in the new /dev.  Returns 0 or an errno. */
static int make_place(int dev, const char *path)
{
    int fd = openat(dev, path + strlen("/dev/"), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (fd < 0) {
        return errno;
    }
    (void)close(fd);
    return 0;
}

static int make_dev(void)
{
    int trees[DEVICES];
    int dev = tmpfs_create("0755", "10%", 0);
    int error = dev < 0 ? -dev : mkdirat(dev, "shm", 0755) != 0 ? errno : 0; /* a place for a tmpfs of the policy's */
    for (unsigned i = 0; i < DEVICES; i++) { /* while the machine's /dev can still be seen */
        trees[i] = copy_tree(devices[i], 0, false);
        if (trees[i] >= 0 && error == 0) {
            error = make_place(dev, devices[i]);
        }
    }
    for (unsigned i = 0; error == 0 && i < LINKS; i++) {
        error = symlinkat(links[i][0], dev, links[i][1]) != 0 ? errno : 0;
    }
    error = error != 0 ? error : attach(dev, "/dev");
    for (unsigned i = 0; error == 0 && i < DEVICES; i++) {
        if (trees[i] >= 0) {
            error = attach(trees[i], devices[i]);
        }
    }
    /* Its directory; devices are written to all the same. */
    if (error == 0 && mount_attributes(AT_FDCWD, "/dev", false, MOUNT_ATTR_RDONLY) != 0) {
        error = errno;
    }
    return error; /* descriptors are left to the exec, or to the end after an error */
}

static int apply_path(uint32_t kind, const char *path)
{
    if (kind == PATH_TMPFS) {
        return strcmp(path, "/dev") == 0 ? make_dev() : make_tmpfs(path, false);
    }
    return kind == PATH_READONLY ? make_readonly(path) : make_masked(path);
}

static int apply_paths(const struct policy_plan *policy)
{
    for (uint32_t i = 0; i < policy->paths_count; i++) {
        const char *path = policy->paths_text + policy->paths[i].offset;
        int error = apply_path(policy->paths[i].kind, path);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

void stage_path(char path[STAGE_PATH_MAX], char kind, uint32_t number)
{
    memcpy(path, QUIESCE_RUN_DIR "/x00", STAGE_PATH_MAX);
    path[sizeof QUIESCE_RUN_DIR] = kind;
    path[sizeof QUIESCE_RUN_DIR + 1] = (char)('0' + number / 10 % 10);
    path[sizeof QUIESCE_RUN_DIR + 2] = (char)('0' + number % 10);
}

/* What the policy makes read-only, and always what is ours. */
static int protect(const struct start *s)
{
    int error = 0;
    if ((s->policy->flags & POLICY_READONLY_ROOT) != 0) {
        error = mount_attributes(AT_FDCWD, "/", true, MOUNT_ATTR_RDONLY) != 0 ? errno : 0;
    } else {
        /* QUIESCE_RUN_DIR holds the script; who can write to the cgroups can leave his own. */
        const char *const ours[] = { QUIESCE_STATE_DIR, CGROUP_DIR, s->program_dir };
        for (unsigned i = 0; error == 0 && i < sizeof ours / sizeof ours[0]; i++) {
            error = make_readonly(ours[i]);
        }
    }
    return error != 0 ? error : apply_paths(s->policy);
}

const char *script_name(const struct msg_hook *hook)
{
    return strrchr(hook->path, '/') + 1; /* every path of a hook is absolute */
}

/*
 * Links beside the script, in its directory of the stage, to all that lies beside
 * it in its own, so that "$(dirname "$0")" holds what the script expects.
 *
 * The verified copy is not mounted over the script's own path and executed there:
 * a mount stays with the directory entry it was made on, and an entry that is
 * renamed, or whose directory is, takes it along; the path then leads to a file
 * that nobody has verified.  No entry of the stage can be renamed from outside.
 */
static int link_siblings(const struct start *s, const char *stage, uid_t own)
{
    static char entries[32768], parent[PLAN_PATH_MAX], target[PLAN_PATH_MAX];
    const char *name = script_name(s->hook);
    memcpy(parent, s->hook->path, (size_t)(name - s->hook->path));
    (void)setfsuid(0); /* the directory may be root's alone */
    int from = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = from < 0 ? errno : 0;
    (void)setfsuid(own);
    int to = open(stage, O_PATH | O_DIRECTORY | O_CLOEXEC);
    unsigned count = 0;
    for (long got; error == 0 && (got = syscall(SYS_getdents64, from, entries, sizeof entries)) != 0;) {
        error = got < 0 ? errno : 0;
        for (long at = 0; error == 0 && at < got; at += ((const struct entry *)(entries + at))->length) {
            const char *sibling = ((const struct entry *)(entries + at))->name;
            path_join(target, parent, sibling, "");
            /* EEXIST: ".", "..", the script, and what an earlier attempt has linked */
            error = symlinkat(target, to, sibling) != 0 && errno != EEXIST ? errno : ++count > SIBLINGS_MAX ? E2BIG : 0;
        }
    }
    (void)close(from);
    (void)close(to);
    return error;
}

/* Takes what the hook needs out of the stage, and the stage out of the hook's sight. */
static int leave_stage(const struct start *s, int *script, int *tmp, uint32_t *step)
{
    char path[STAGE_PATH_MAX];
    *step = START_SCRIPT;
    stage_path(path, 's', s->hook->slot);
    int error = link_siblings(s, path, geteuid());
    if (error != 0) {
        return error;
    }
    *script = copy_tree(path, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, false);
    if (*script < 0) {
        return errno;
    }
    *step = START_TMP;
    stage_path(path, 't', s->hook->slot / PHASES);
    *tmp = copy_tree(path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, false);
    return *tmp < 0 || umount2(QUIESCE_RUN_DIR, MNT_DETACH) != 0 ? errno : 0;
}

/* Everything below is looked up as root does, since what a policy names may lie in
 * directories that only root may search; every path is the policy's or a constant. */
static int arrange(const struct start *s, int script, int tmp, uint32_t *step)
{
    *step = START_READONLY;
    int error = protect(s);
    if (error == 0) {
        *step = START_TMP;
        error = attach(tmp, "/tmp");
    }
    if (error == 0) {
        *step = START_SCRIPT;
        error = attach(script, QUIESCE_RUN_DIR);
    }
    return error;
}

int sandbox_mounts(const struct start *s, uint32_t *step)
{
    const uid_t own = geteuid();
    uint32_t flags = s->policy->flags;
    int script = -1, tmp = -1;
    int namespaces = CLONE_NEWNS | ((flags & POLICY_NEW_NET) != 0 ? CLONE_NEWNET : 0) |
        ((flags & POLICY_NEW_IPC) != 0 ? CLONE_NEWIPC : 0) | ((flags & POLICY_NEW_UTS) != 0 ? CLONE_NEWUTS : 0);
    *step = START_NAMESPACE;
    if (fchdir(s->root) != 0 || chroot(".") != 0 || unshare(namespaces) != 0) {
        return errno;
    }
    int error = leave_stage(s, &script, &tmp, step);
    if (error == 0) {
        (void)setfsuid(0); /* tells nothing; where it fails the next step does */
        error = arrange(s, script, tmp, step);
        (void)setfsuid(own);
    }
    return error;
}
