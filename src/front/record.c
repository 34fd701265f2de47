#include "front/record.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/paths.h"
#include "front/machine.h"

static int read_boot_id(char boot_id[RECORD_BOOT_ID_MAX])
{
    char text[RECORD_BOOT_ID_MAX];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    int error = n < 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    if (error != 0) {
        return error;
    }
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    memset(boot_id, 0, RECORD_BOOT_ID_MAX);
    memcpy(boot_id, text, strlen(text));
    return 0;
}

int record_begin(struct run_record *record, const char *run_id, bool cgroup)
{
    memset(record, 0, sizeof *record);
    memcpy(record->magic, RUN_RECORD_MAGIC, sizeof RUN_RECORD_MAGIC);
    record->version = RECORD_VERSION;
    record->size = sizeof *record;
    memcpy(record->run_id, run_id, sizeof record->run_id);
    record->has_cgroup = cgroup;
    return read_boot_id(record->boot_id);
}

bool record_possible(void)
{
    struct statfs facts;
    return (statfs(QUIESCE_RUN_DIR, &facts) == 0 || statfs("/run", &facts) == 0) && (facts.f_type == TMPFS_MAGIC || facts.f_type == RAMFS_MAGIC);
}

/* By write(2): it takes the memory, or says that there is none, now and not at a page fault. */
static int fill(int fd, const struct run_record *record)
{
    const char *bytes = (const char *)record;
    size_t done = 0;
    while (done < sizeof *record) {
        ssize_t n = write(fd, bytes + done, sizeof *record - done);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int give_up(int fd, int error)
{
    close(fd);
    return -error;
}

int record_create(int directory, const struct run_record *record)
{
    static const char unfinished[] = QUIESCE_RECORD ".new";
    (void)unlinkat(directory, unfinished, 0); /* of a front that was killed here */
    int fd = openat(directory, unfinished, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    int error = fill(fd, record);
    if (error == 0 && (flock(fd, LOCK_EX | LOCK_NB) != 0 || renameat(directory, unfinished, directory, QUIESCE_RECORD) != 0)) {
        error = errno;
    }
    if (error != 0) {
        (void)unlinkat(directory, unfinished, 0);
    }
    return error == 0 ? fd : give_up(fd, error);
}

int record_create_nameless(const struct run_record *record)
{
    int fd = memfd_create("quiesce", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return -errno;
    }
    int error = fill(fd, record);
    if (error == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        error = errno;
    }
    return error == 0 ? fd : give_up(fd, error);
}

int record_open(int directory)
{
    int fd = openat(directory, QUIESCE_RECORD, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ELOOP ? -EPERM : -errno;
    }
    return machine_is_roots_alone(fd, S_IFREG) ? fd : give_up(fd, EPERM);
}

bool record_is_named(int directory, int fd)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && fstatat(directory, QUIESCE_RECORD, &named, AT_SYMLINK_NOFOLLOW) == 0
        && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

void record_remove(int directory, int fd)
{
    if (record_is_named(directory, fd)) {
        (void)unlinkat(directory, QUIESCE_RECORD, 0);
    }
}

/* ---- looking at one that somebody left ------------------------------------------------ */

/* A text of n bytes at most, with its NUL, of these characters alone. */
static bool is_of(const char *text, size_t capacity, size_t length, const char *characters)
{
    return memchr(text, '\0', capacity) != NULL && strlen(text) == length && strspn(text, characters) == length;
}

static bool expedited_makes_sense(const struct run_record *r)
{
    if (r->expedited_length > RECORD_EXPEDITED_MAX || r->switched > 1 || (r->switched == 1 && r->expedited_length == 0)) {
        return false;
    }
    for (unsigned i = 0; i < r->expedited_length; i++) {
        if (r->expedited[i] == '\0' || strchr("-0123456789\n", r->expedited[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool file_systems_make_sense(const struct run_record *r)
{
    for (uint32_t i = 0; i < PLAN_FS_MAX; i++) {
        const struct record_fs *fs = &r->fs[i];
        if (fs->state >= FS_STATES || memchr(fs->mount_point, '\0', sizeof fs->mount_point) == NULL
            || (i >= r->count && fs->state != FS_IDLE) || (i < r->count && fs->mount_point[0] != '/')) {
            return false;
        }
    }
    return true;
}

const char *record_wrong(const struct run_record *r, size_t size)
{
    enum { BOOT_ID = 36, RUN_ID = WIRE_RUN_ID_MAX - 1 };
    if (size < offsetof(struct run_record, boot_id)) {
        return "is too short to be one";
    }
    if (memcmp(r->magic, RUN_RECORD_MAGIC, sizeof RUN_RECORD_MAGIC) != 0) {
        return "is not one of quiesce's";
    }
    if (r->version != RECORD_VERSION || r->size != sizeof *r) {
        return "was written by another version of quiesce";
    }
    if (size != sizeof *r) {
        return "has a wrong size";
    }
    if (!is_of(r->boot_id, sizeof r->boot_id, BOOT_ID, "0123456789abcdef-")
        || !is_of(r->run_id, sizeof r->run_id, RUN_ID, "0123456789abcdef")) {
        return "names no run";
    }
    if (r->has_cgroup > 1 || r->over > 1 || r->wanted > 1 + PLAN_FS_MAX || r->count > PLAN_FS_MAX || r->reserved != 0
        || !expedited_makes_sense(r) || !file_systems_make_sense(r)) {
        return "contradicts itself";
    }
    return NULL;
}

bool record_is_stale(const struct run_record *record)
{
    char now[RECORD_BOOT_ID_MAX];
    return read_boot_id(now) == 0 && strcmp(now, record->boot_id) != 0;
}
