/*
 * Slots: one cgroup per hook, and how its processes are ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cgroup_signal.h"
#include "base/drop.h"
#include "base/fatal.h"
#include "launcher/launcher.h"

bool slots_prepare(void)
{
    const uid_t id = QUIESCE_BASE_UID + ROLE_LAUNCHER;
    struct statfs fs;
    if (fstatfs(FD_CGROUP, &fs) != 0 || fs.f_type != CGROUP2_SUPER_MAGIC ||
        faccessat(FD_CGROUP, "cgroup.kill", W_OK, 0) != 0) {
        return false;
    }
    /* cgroup.procs of the common ancestor must be writable to clone into a leaf, cgroups(7) */
    if (fchown(FD_CGROUP, id, id) != 0 || fchownat(FD_CGROUP, "cgroup.procs", id, id, 0) != 0) {
        fatal("cannot own the cgroup of the run", errno);
    }
    return true;
}

static void slot_name(char name[8], uint32_t slot)
{
    memcpy(name, "hook-00", 8);
    name[5] = (char)('0' + slot / 10 % 10);
    name[6] = (char)('0' + slot % 10);
}

int slot_cgroup(uint32_t slot)
{
    char name[8];
    slot_name(name, slot);
    if (unlinkat(FD_CGROUP, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        return -errno;
    }
    if (mkdirat(FD_CGROUP, name, 0755) != 0) {
        return -errno;
    }
    int fd = openat(FD_CGROUP, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int slot_open(uint32_t slot, const char *file, int flags)
{
    char path[8 + 32];
    slot_name(path, slot);
    path[7] = '/';
    memcpy(path + 8, file, strlen(file) + 1);
    int fd = openat(FD_CGROUP, path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Without a cgroup the keeper is init of the hook's PID namespace and stands for all in it. */
static void signal_keeper(const struct hook *h, int signal)
{
    if (h->keeper >= 0) {
        (void)syscall(SYS_pidfd_send_signal, h->keeper, signal, NULL, 0); /* ESRCH: it has ended */
    }
}

void slot_term(const struct launcher *l, uint32_t slot)
{
    if (!l->has_cgroup) {
        signal_keeper(&l->hooks[slot], SIGTERM);
        return;
    }
    int procs = slot_open(slot, "cgroup.procs", O_RDONLY);
    cgroup_signal(procs, SIGTERM);
    (void)close(procs); /* -1: nothing has been started in this slot */
}

void slot_kill(const struct launcher *l, uint32_t slot)
{
    if (!l->has_cgroup) {
        signal_keeper(&l->hooks[slot], SIGKILL);
        return;
    }
    int file = slot_open(slot, "cgroup.kill", O_WRONLY);
    if (file >= 0 && write(file, "1", 1) != 1) {
        fatal("cannot kill a hook", errno);
    }
    (void)close(file); /* -1: nothing has been started in this slot */
}
