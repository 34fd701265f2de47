/*
 * The record of a run that was killed, as "recover" and the next run read it.
 *
 * An input is a program: the first two bytes say how long what is looked at is, and what then
 * follows are changes of a record that holds, {offset, 2 bytes; length, 1 byte; bytes}, since a
 * whole one has 74 KB.  What is believed must be within what quiesce/record.h says of it, by
 * a check of its own here; of what lies behind the length that was read nothing may depend.
 *
 * What is believed is taken back, by undo() itself: what mounts there are, and what the kernel
 * and threads do, say the last bytes of the input.  Nothing is thawed that the record does not
 * say is frozen, and each of that once; what has come of it is said as it is; nothing stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/expedite.h"
#include "base/mount.h"
#include "front/cgroup.h"
#include "front/machine.h"
#include "front/mount_lines.h"
#include "front/record.h"
#include "front/undo.h"
#include "fuzz.h"
#include "role_wraps.h"

const char program_name[] = "fuzz-record";

enum { WHOLE = 0xFFFF, LINES_MAX = 8 };
enum { FD_MOUNTS = 300, FD_SWITCH = 700, FD_NULL = 800 }; /* two of AFL++'s lie below */

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
WRAPPED(int, mount_lines_read, struct mount_lines *mounts, int fd);
WRAPPED(void, mount_lines_free, struct mount_lines *mounts);
WRAPPED(int, mount_open, int root, const char *path, uint32_t mount_id);
WRAPPED(int, machine_lock_expedited, int *expedited, unsigned seconds);
WRAPPED(int, expedite_switch, struct run_record *record, int fd, bool on);
WRAPPED(void, cgroup_mounts_read, struct cgroup_mount *mounts, const char *path);
WRAPPED(void, cgroup_find, struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id);
WRAPPED(bool, cgroup_populated, const struct cgroup *cgroup);
WRAPPED(void, cgroup_kill, const struct cgroup *cgroup);
WRAPPED(int, cgroup_remove, struct cgroup *cgroup);
WRAPPED(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument);
WRAPPED(int, pthread_clockjoin_np, pthread_t thread, void **result, clockid_t clock, const struct timespec *until);

static struct world {
    bool running;
    const char *at, *end; /* choices, from the end */
    struct run_record *record;
    bool thawed[FD_SWITCH - FD_MOUNTS]; /* by descriptor: FITHAW was asked for */
    unsigned hangs;
    bool killed, switched_back;
    struct mount_line lines[LINES_MAX];
} world;

/* Two file systems, one of them frozen and the other about to be; the switch is at 1. */
static void begin(struct run_record *r)
{
    static const char run_id[] = "0123456789abcdef0123456789abcdef";
    static const char boot_id[] = "01234567-89ab-cdef-0123-456789abcdef";

    memset(r, 0, sizeof(*r));
    memcpy(r->magic, RUN_RECORD_MAGIC, sizeof(RUN_RECORD_MAGIC));
    r->version = RECORD_VERSION;
    r->size = sizeof(*r);
    memcpy(r->boot_id, boot_id, sizeof(boot_id));
    memcpy(r->run_id, run_id, sizeof(run_id));
    r->has_cgroup = 1;
    r->expedited_length = 2;
    memcpy(r->expedited, "0\n", 2);
    r->wanted = 3;
    r->count = 2;
    r->switched = 1;
    r->deadline_boottime_ns = 1;
    for (unsigned i = 0; i < 2; i++) {
        r->fs[i].state = i == 0 ? FS_FROZEN : FS_FREEZING;
        memcpy(r->fs[i].mount_point, i == 0 ? "/a" : "/b", 3);
    }
}

/* The changes; offsets near the end of the fixed part are as likely as those in the table. */
static void change(struct run_record *r, const char *bytes, size_t n)
{
    while (n >= 3) {
        size_t at = ((size_t)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1]) * 2 % sizeof(*r);
        size_t length = (uint8_t)bytes[2];
        at = bytes[2] & 1 ? at / 2 % offsetof(struct run_record, fs[3]) : at;
        length = length < n - 3 ? length : n - 3;
        length = length < sizeof(*r) - at ? length : sizeof(*r) - at;
        memcpy((char *)r + at, bytes + 3, length);
        bytes += 3 + length;
        n -= 3 + length;
    }
}

static bool is_of(const char *text, size_t length, const char *characters)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' || !strchr(characters, text[i])) {
            return false;
        }
    }
    return text[length] == '\0';
}

static void check_believed(const struct run_record *r, size_t size)
{
    FUZZ_CHECK(size == sizeof(*r) && r->size == sizeof(*r) && r->version == RECORD_VERSION && r->reserved == 0 &&
                   memcmp(r->magic, RUN_RECORD_MAGIC, sizeof(r->magic)) == 0, "no record of this version");
    FUZZ_CHECK(is_of(r->boot_id, 36, "0123456789abcdef-"), "a boot id of other characters");
    FUZZ_CHECK(is_of(r->run_id, 32, "0123456789abcdef"), "a run id of other characters, of which a path is made");
    FUZZ_CHECK(r->has_cgroup <= 1 && r->over <= 1 && r->switched <= 1, "a flag that is none");
    FUZZ_CHECK(r->count <= PLAN_FS_MAX && r->wanted <= PLAN_FS_MAX + 1, "%u of %u file systems", r->count, r->wanted);
    FUZZ_CHECK(r->expedited_length <= RECORD_EXPEDITED_MAX && (!r->switched || r->expedited_length > 0),
               "no value for the switch");
    for (unsigned i = 0; i < r->expedited_length; i++) {
        FUZZ_CHECK(r->expedited[i] == '\n' || r->expedited[i] == '-' || (r->expedited[i] >= '0' && r->expedited[i] <= '9'),
                   "a value for the switch that is no number");
    }
    for (unsigned i = 0; i < PLAN_FS_MAX; i++) {
        const struct record_fs *fs = &r->fs[i];
        FUZZ_CHECK(fs->state < FS_STATES && memchr(fs->mount_point, '\0', sizeof(fs->mount_point)), "file system %u", i);
        FUZZ_CHECK(i < r->count ? fs->mount_point[0] == '/' : fs->state == FS_IDLE, "file system %u of %u", i, r->count);
    }
}

/* Whoever believes that nothing is to be taken back leaves nothing. */
static void check_needed(const struct run_record *r)
{
    bool needed = r->switched == 1;

    for (unsigned i = 0; i < PLAN_FS_MAX; i++) {
        needed = needed || r->fs[i].state == FS_FREEZING || r->fs[i].state == FS_FROZEN;
    }
    FUZZ_CHECK(undo_needed(r) == needed, "what is left is %s taken back", needed ? "not" : "needlessly");
}

/* ---- the machine ------------------------------------------------------------------------- */

static uint8_t choice(void)
{
    return world.end > world.at ? (uint8_t)*--world.end : 0;
}

/* A mount of each of the first file systems of the record, mostly. */
int __wrap_mount_lines_read(struct mount_lines *mounts, int fd)
{
    FUZZ_CHECK(world.running && fd >= 0, "a mount table is read");
    *mounts = (struct mount_lines){.lines = world.lines};
    if (choice() % 16 == 1) {
        return -EPROTO;
    }
    for (; mounts->count < LINES_MAX; mounts->count++) {
        const struct record_fs *fs = &world.record->fs[mounts->count];
        world.lines[mounts->count] = (struct mount_line){
            .id = fs->mount_id, .major = fs->major, .minor = fs->minor + (choice() % 8 == 1), .point = fs->mount_point};
    }
    return 0;
}

void __wrap_mount_lines_free(struct mount_lines *mounts)
{
    (void)mounts;
}

int __wrap_mount_open(int root, const char *path, uint32_t mount_id)
{
    static const int errors[] = {-ENOENT, -ESTALE, -ENOTDIR, -EACCES};
    uint8_t what = choice();

    (void)mount_id;
    FUZZ_CHECK(root >= 0 && memchr(path, '\0', RECORD_POINT_MAX), "a mount point without an end");
    if (what % 4 == 1) {
        return errors[what / 4 % 4];
    }
    for (int i = 0; i < LINES_MAX; i++) {
        if (path == world.record->fs[i].mount_point) {
            return fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_MOUNTS);
        }
    }
    fuzz_fail(__FILE__, __LINE__, "a mount point that is in no table");
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    static const int errors[] = {0, 0, 0, 0, EINVAL, EBUSY, EIO, EPERM};
    int error;

    if (!world.running) {
        va_list list;
        va_start(list, request);
        void *argument = va_arg(list, void *);
        va_end(list);
        return __real_ioctl(fd, request, argument);
    }
    FUZZ_CHECK(request == FITHAW && fd >= FD_MOUNTS && fd < FD_SWITCH, "%lx of %d", request, fd);
    FUZZ_CHECK(!world.thawed[fd - FD_MOUNTS], "it is thawed twice");
    world.thawed[fd - FD_MOUNTS] = true;
    error = errors[choice() % 8];
    errno = error;
    return error == 0 ? 0 : -1;
}

int __wrap_machine_lock_expedited(int *expedited, unsigned seconds)
{
    uint8_t what = choice() % 8;

    FUZZ_CHECK(world.record->switched && seconds > 0, "the switch is locked for nothing");
    *expedited = what == 1 || what == 2 ? -1 : fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_SWITCH);
    return what == 1 ? EWOULDBLOCK : 0;
}

int __wrap_expedite_switch(struct run_record *record, int fd, bool on)
{
    FUZZ_CHECK(record == world.record && fd >= FD_SWITCH && !on && record->switched, "the switch is written");
    if (choice() % 8 == 1) {
        return EIO;
    }
    record->switched = 0;
    world.switched_back = true;
    return 0;
}

void __wrap_cgroup_mounts_read(struct cgroup_mount *mounts, const char *path)
{
    (void)mounts;
    (void)path;
}

void __wrap_cgroup_find(struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id)
{
    (void)cgroup;
    (void)mount;
    FUZZ_CHECK(is_of(run_id, 32, "0123456789abcdef"), "a cgroup of another name");
}

bool __wrap_cgroup_populated(const struct cgroup *cgroup)
{
    (void)cgroup;
    return choice() % 2 == 1;
}

void __wrap_cgroup_kill(const struct cgroup *cgroup)
{
    (void)cgroup;
    world.killed = true;
}

int __wrap_cgroup_remove(struct cgroup *cgroup)
{
    (void)cgroup;
    return choice() % 4 == 1 ? -EBUSY : 0;
}

/* Threads work at once, or there is none. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    if (!world.running) {
        return __real_pthread_create(thread, attributes, function, argument);
    }
    if (choice() % 8 == 1) {
        return EAGAIN;
    }
    (void)function(argument);
    return 0;
}

int __wrap_pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock, const struct timespec *until)
{
    (void)thread;
    FUZZ_CHECK(!result && clock == CLOCK_MONOTONIC && until, "a thread is waited for without an end");
    if (choice() % 8 == 1) {
        world.hangs++;
        return ETIMEDOUT;
    }
    return 0;
}

/* ---- taking back ------------------------------------------------------------------------------- */

static void check_undone(const struct run_record *before, const struct run_record *after, const struct undone *u, bool all)
{
    uint32_t at = 0, left = 0, hangs = 0;

    for (uint32_t i = 0; i < PLAN_FS_MAX; i++) {
        uint32_t was = before->fs[i].state, is = after->fs[i].state;
        bool frozen = was == FS_FREEZING || was == FS_FROZEN;
        FUZZ_CHECK(is == was || (frozen && is == FS_THAWED), "file system %u: %u follows %u", i, is, was);
        if (!frozen) {
            continue;
        }
        FUZZ_CHECK(at < u->count && u->fs[at].index == i && u->fs[at].end < UNDO_ENDS && undo_end_name(u->fs[at].end),
                   "nothing is said of file system %u", i);
        enum undo_end end = u->fs[at++].end;
        FUZZ_CHECK(end == UNDO_HANGS || (end == UNDO_THAWED || end == UNDO_NOT_FROZEN) == (is == FS_THAWED),
                   "file system %u: %u is said of %u", i, end, is);
        hangs += end == UNDO_HANGS;
        left += end != UNDO_THAWED && end != UNDO_NOT_FROZEN;
    }
    FUZZ_CHECK(at == u->count && hangs == world.hangs && u->hangs == (hangs > 0), "%u of %u", at, u->count);
    FUZZ_CHECK(u->restored == world.switched_back || !before->switched, "the switch");
    FUZZ_CHECK(all == (left == 0 && after->switched == 0), "all is taken back, or not");
    FUZZ_CHECK(world.killed == (before->has_cgroup != 0), "processes of another run");
}

static void take_back(struct run_record *r, const char *bytes, size_t n)
{
    static struct run_record before; /* large */
    static struct undone undone;
    bool all;

    if (fcntl(FD_NULL, F_GETFD) < 0) {
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        FUZZ_CHECK(fd >= 0 && dup3(fd, FD_NULL, O_CLOEXEC) == FD_NULL && close(fd) == 0, "no /dev/null");
    }
    memcpy(&before, r, sizeof(before));
    memset(&world, 0, sizeof(world));
    world.at = bytes;
    world.end = bytes + n;
    world.record = r;
    world.running = true;
    fuzz_meter_start();
    all = undo(r, &undone);
    fuzz_meter_stop();
    world.running = false;
    check_undone(&before, r, &undone, all);
    /* What hangs is in use. */
    FUZZ_CHECK(world.hangs > 0 || fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_MOUNTS) == FD_MOUNTS, "the descriptor of a mount stays open");
    FUZZ_CHECK(fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_SWITCH) == FD_SWITCH, "the descriptor of the switch stays open");
    (void)close_range(FD_MOUNTS, FD_NULL - 1, 0);
}

static void run(const char *bytes, size_t n)
{
    static struct run_record whole; /* large */
    size_t size = n >= 2 ? (size_t)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1] : WHOLE;
    struct run_record *read;
    const char *why;

    begin(&whole);
    if (n > 2) {
        change(&whole, bytes + 2, n - 2);
    }
    size = size == WHOLE ? sizeof(whole) : size % (sizeof(whole) + 2);
    /* recover never has less than one of these: what was not read is zeros. */
    read = calloc(1, sizeof(*read));
    if (!read) {
        abort();
    }
    memcpy(read, &whole, size < sizeof(whole) ? size : sizeof(whole));
    fuzz_meter_start();
    why = record_wrong(read, size);
    fuzz_meter_stop();
    if (why) {
        FUZZ_CHECK(why[0] != '\0', "refused without a reason");
    } else {
        check_believed(read, size);
        FUZZ_CHECK(record_is_stale(read), "a record of a boot that never was is believed to be of this one");
        check_needed(read);
        take_back(read, bytes, n);
    }
    free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
