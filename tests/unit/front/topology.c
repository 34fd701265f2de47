/*
 * What lies on what, read from trees made for it: partitions, dm, md, btrfs, logs and
 * journals, overlays.  Loop devices are asked themselves, and this file answers for them;
 * real ones are in tests/system/14-order.bats.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/loop.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/topology.h"

enum { FILES = 20, LINES = 8 };

struct file {
    const char *path, *content; /* NULL: a directory */
};

struct row {
    const char *name;
    struct file files[FILES];
    const char *mounts;
    struct block_below lines[LINES];
};

#define ON(major, minor, below_major, below_minor) { major, minor, below_major, below_minor, BELOW_NUMBER }
#define BESIDE(major, minor, below_major, below_minor) { major, minor, below_major, below_minor, BELOW_BESIDE }
#define NOWHERE(major, minor) { major, minor, 0, 0, BELOW_UNKNOWN }
#define DISK(name, number) { "sys/block/" name "/dev", number }, { "sys/class/block/" name "/dev", number }

static const struct row rows[] = {
    { .name = "nothing", .files = { { "sys/block", NULL } } },
    { .name = "disks and loop devices without a file lie on nothing",
      .files = { DISK("sda", "8:0\n"), { "sys/block/loop0/dev", "7:0\n" }, { "sys/block/loop0/loop0p1/dev", "259:0\n" } } },
    { .name = "partitions",
      .files = { DISK("sda", "8:0\n"), { "sys/block/sda/sda1/dev", "8:1\n" }, { "sys/block/sda/queue/dev", "1:1\n" } },
      .lines = { ON(8, 1, 8, 0) } },
    { .name = "dm on a partition and a disk",
      .files = { DISK("dm-0", "253:0\n"), { "sys/block/dm-0/slaves/sda1/dev", "8:1\n" }, { "sys/block/dm-0/slaves/sdb/dev", "8:16\n" } },
      .lines = { ON(253, 0, 8, 1), ON(253, 0, 8, 16) } },
    { .name = "md on two, with a partition of its own",
      .files = { DISK("md127", "9:127\n"), { "sys/block/md127/slaves/sda/dev", "8:0\n" }, { "sys/block/md127/slaves/sdb/dev", "8:16\n" },
                 { "sys/block/md127/md127p1/dev", "259:5\n" } },
      .lines = { ON(9, 127, 8, 0), ON(9, 127, 8, 16), ON(259, 5, 9, 127) } },
    { .name = "btrfs over two, named by one; mounted twice, listed once; a missing one",
      .files = { { "sys/block", NULL }, { "sys/class/block/sdb/dev", "8:16\n" }, { "sys/fs/btrfs/features/raid56", "" },
                 { "sys/fs/btrfs/0123/devices/sdb/dev", "8:16\n" }, { "sys/fs/btrfs/0123/devices/sdc1/dev", "8:33\n" },
                 { "sys/fs/btrfs/0123/devices/gone", NULL }, { "sys/fs/btrfs/4567/devices/sdx/dev", "65:0\n" } },
      .mounts = "30 1 0:40 /@ / rw - btrfs /dev/sdb rw,subvol=/@\n31 30 0:40 /@h /home rw - btrfs /dev/sdb rw,subvol=/@h\n",
      .lines = { ON(0, 40, 8, 16), ON(0, 40, 8, 33) } },
    { .name = "btrfs of which the kernel says a device that is nowhere",
      .files = { { "sys/block", NULL }, { "sys/fs/btrfs/0123/devices/sdb/dev", "8:16\n" } },
      .mounts = "30 1 0:40 / /b rw - btrfs /dev/root rw\n",
      .lines = { NOWHERE(0, 40) } },
    { .name = "bcachefs and zfs",
      .files = { { "sys/block", NULL }, { "sys/class/block/sdb/dev", "8:16\n" }, { "sys/class/block/sdc/dev", "8:32\n" } },
      .mounts = "30 1 0:40 / /b rw - bcachefs /dev/sdb:/dev/sdc rw\n31 1 0:41 / /z rw - zfs pool/set rw\n",
      .lines = { ON(0, 40, 8, 16), ON(0, 40, 8, 32), NOWHERE(0, 41) } },
    { .name = "xfs with a log and a realtime device; one of them is nowhere",
      .files = { { "sys/block", NULL }, { "sys/class/block/cciss!c0d1/dev", "104:16\n" } },
      .mounts = "30 1 8:1 / /x rw - xfs /dev/sda1 rw,logdev=/dev/cciss/c0d1,rtdev=/dev/nowhere,noquota\n"
                "31 1 8:2 / /y rw - xfs /dev/sda2 rw,noquota\n",
      .lines = { BESIDE(8, 1, 104, 16), NOWHERE(8, 1) } },
    { .name = "without a journal on a device of its own no ext4 is opened",
      .files = { { "sys/block", NULL }, { "sys/class/block/sda1/dev", "8:1\n" }, { "sys/class/block/dm-0/dev", "253:0\n" },
                 { "sys/fs/ext4/sda1/x", "" }, { "sys/fs/ext4/dm-0/x", "" }, { "proc/fs/jbd2/dm-0-8/info", "" } },
      .mounts = "30 1 8:1 / /a rw - ext4 /dev/sda1 rw\n31 1 253:0 / /b rw - ext4 /dev/dm-0 rw\n" },
    { .name = "an ext4 with a journal of its own is not opened; one that cannot be opened",
      .files = { { "sys/block", NULL }, { "sys/class/block/sda1/dev", "8:1\n" }, { "sys/class/block/sda2/dev", "8:2\n" },
                 { "sys/class/block/dm-0/dev", "253:0\n" },
                 { "sys/fs/ext4/sda1/x", "" }, { "sys/fs/ext4/sda2/x", "" }, { "sys/fs/ext4/features/x", "" },
                 { "proc/fs/jbd2/sda1-8/info", "" }, { "proc/fs/jbd2/dm-0/info", "" } },
      .mounts = "30 1 8:1 / /a rw - ext4 /dev/sda1 rw\n31 1 8:2 / /b rw - ext4 /dev/sda2 rw\n",
      .lines = { NOWHERE(8, 2) } },
    { .name = "overlays on which nothing lies are not looked at",
      .files = { DISK("sda", "8:0\n") },
      .mounts = "30 1 0:50 / /o rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n" },
    { .name = "overlays: on an upper directory that is nowhere, without one, and that is its own",
      .files = { DISK("dm-0", "253:0\n"), { "sys/block/dm-0/slaves/a/dev", "0:50\n" }, { "sys/block/dm-0/slaves/b/dev", "0:51\n" } },
      .mounts = "30 1 0:50 / /o rw - overlay overlay rw,lowerdir=/l,upperdir=/nowhere/at/all,workdir=/w\n"
                "31 1 0:51 / /p ro - overlay overlay ro,lowerdir=/l\n",
      .lines = { ON(253, 0, 0, 50), ON(253, 0, 0, 51), NOWHERE(0, 50), { 0, 51, 0, 0, BELOW_NOTHING } } },
};

/* ---- the loop device ------------------------------------------------------------------- */

static struct loop_info64 loop_file; /* lo_device 0: whatever was opened is no loop device */

int ioctl(int fd, unsigned long request, ...)
{
    (void)fd;
    if (request != LOOP_GET_STATUS64 || loop_file.lo_device == 0) {
        errno = ENOTTY;
        return -1;
    }
    va_list arguments;
    va_start(arguments, request);
    *va_arg(arguments, struct loop_info64 *) = loop_file;
    va_end(arguments);
    return 0;
}

/* ---- trees --------------------------------------------------------------------------- */

struct tree {
    char path[64];
    int fd;
};

static void make_parents(int root, const char *path)
{
    char part[256];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        assert_true(mkdirat(root, part, 0755) == 0 || errno == EEXIST);
    }
}

static void make_file(int root, const char *path, const void *content, size_t size)
{
    make_parents(root, path);
    int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, size), (ssize_t)size);
    close(fd);
}

static void make_in(struct tree *t, const char *directory, const struct file *files, const char *mounts)
{
    snprintf(t->path, sizeof t->path, "%s/quiesce-topology-XXXXXX", directory);
    assert_non_null(mkdtemp(t->path));
    t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(t->fd >= 0);
    for (size_t i = 0; i < FILES && files[i].path != NULL; i++) {
        if (files[i].content != NULL) {
            make_file(t->fd, files[i].path, files[i].content, strlen(files[i].content));
        } else {
            make_parents(t->fd, files[i].path);
            assert_int_equal(mkdirat(t->fd, files[i].path, 0755), 0);
        }
    }
    if (mounts != NULL) {
        make_file(t->fd, "proc/self/mountinfo", mounts, strlen(mounts));
    }
}

static void make(struct tree *t, const struct file *files, const char *mounts)
{
    make_in(t, "/tmp", files, mounts);
}

static unsigned long long mount_id(int directory)
{
    struct statx facts;
    assert_int_equal(statx(directory, "", AT_EMPTY_PATH, STATX_MNT_ID, &facts), 0);
    return facts.stx_mnt_id;
}

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *where)
{
    (void)facts;
    (void)type;
    (void)where;
    return remove(path);
}

static void destroy(struct tree *t)
{
    close(t->fd);
    assert_int_equal(nftw(t->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct msg_topology topology;
static char message[256];

static bool holds(const struct block_below *line)
{
    for (uint32_t i = 0; i < topology.count; i++) {
        if (memcmp(&topology.devices[i], line, sizeof *line) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- tests ------------------------------------------------------------------------------ */

static void every_row(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
        const struct row *r = &rows[n];
        struct tree t;
        uint32_t count = 0;
        make(&t, r->files, r->mounts != NULL ? r->mounts : "");
        topology.count = 7;
        int error = topology_read(&topology, t.fd, message, sizeof message);
        destroy(&t);
        if (error != 0) {
            fail_msg("%s: %s", r->name, message);
        }
        for (; count < LINES && (r->lines[count].major != 0 || r->lines[count].minor != 0); count++) {
            if (!holds(&r->lines[count])) {
                fail_msg("%s: no line %u of %u", r->name, count, topology.count);
            }
        }
        if (topology.count != count) {
            fail_msg("%s: %u lines", r->name, topology.count);
        }
    }
}

static struct file *at(struct file *files, size_t index, const char *path, const char *content)
{
    files[index] = (struct file){ path, content };
    return files;
}

/* One has a file, says the tree, but there is no device, or what is there is none. */
static void loop_that_cannot_be_asked(void **state)
{
    (void)state;
    struct file files[FILES] = { { "sys/block/loop3/loop/backing_file", "/x\n" } };
    struct tree t;
    make(&t, files, "");
    assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), -ENOENT);
    assert_non_null(strstr(message, "/dev/loop3"));
    make_file(t.fd, "dev/loop3", "", 0);
    assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), -ENOTTY);
    destroy(&t);
}

static void cannot_be_read(void **state)
{
    (void)state;
    struct file files[FILES] = { { "x", "" } };
    struct tree t;
    assert_true(topology_read(&topology, -1, message, sizeof message) < 0);
    assert_non_null(strstr(message, "mount table"));
    make(&t, files, "");
    assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), -ENOENT);
    assert_non_null(strstr(message, "/sys/block"));
    destroy(&t);
    make(&t, at(files, 0, "sys/block/sda/x", ""), "30 1 8:1 / /a rw ext4 /dev/sda1 rw\n");
    assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), -EPROTO);
    destroy(&t);
    make(&t, at(files, 0, "sys/block/sda/sda1/dev", "what\n"), "");
    make_file(t.fd, "sys/block/sda/dev", "8:0\n", 4);
    assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), -EPROTO);
    assert_non_null(strstr(message, "cannot be looked at"));
    destroy(&t);
}

static void more_than_there_is_room_for(void **state)
{
    (void)state;
    struct file files[FILES] = { DISK("sda", "8:0\n") };
    struct tree t;
    char path[64];
    make(&t, files, "");
    for (int i = 0; i <= PLAN_BELOW_MAX; i++) {
        snprintf(path, sizeof path, "sys/block/sda/sda%d/dev", i);
        make_file(t.fd, path, "8:1\n", 4);
    }
    assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), -EOVERFLOW);
    assert_non_null(strstr(message, "more than 2048"));
    destroy(&t);
}

static void put(unsigned char *to, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (unsigned char)(value >> 8 * i);
    }
}

/* The superblock of an ext4 at its place in a device, as Documentation/filesystems/ext4 lays it out. */
static void ext4_journals(void **state)
{
    (void)state;
    static const struct {
        uint32_t magic, features, inode, device;
        bool told, unknown;
    } supers[] = {
        { 0xEF53, 0x3C, 0, 0x0710, true, false },  /* on 7:16 */
        { 0xEF53, 0x38, 0, 0x0710, false, false }, /* has no journal */
        { 0xEF53, 0x3C, 12, 0, false, false },     /* has one in an inode that is not the usual one */
        { 0xEF53, 0x3C, 12, 0x0710, false, false },
        { 0xEF52, 0x3C, 0, 0x0710, false, true },  /* is none */
    };
    struct file files[FILES] = { { "sys/block", NULL }, { "sys/class/block/sda1/dev", "8:1\n" }, { "sys/fs/ext4/sda1/x", "" },
                                   { "sys/class/block/loop1/dev", "7:16\n" }, { "proc/fs/jbd2/loop1/info", "" } };
    for (size_t i = 0; i < sizeof supers / sizeof *supers; i++) {
        const struct block_below line = BESIDE(8, 1, 7, 16), unknown = NOWHERE(8, 1);
        unsigned char disk[2048] = { 0 };
        struct tree t;
        put(disk + 1024 + 0x38, supers[i].magic, 2);
        put(disk + 1024 + 0x5C, supers[i].features, 4);
        put(disk + 1024 + 0xE0, supers[i].inode, 4);
        put(disk + 1024 + 0xE4, supers[i].device, 4);
        make(&t, files, "30 1 8:1 / /a rw - ext4 /dev/sda1 rw\n");
        make_file(t.fd, "dev/sda1", disk, sizeof disk);
        assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), 0);
        assert_int_equal(topology.count, supers[i].told || supers[i].unknown);
        assert_true(topology.count == 0 || holds(supers[i].told ? &line : &unknown));
        destroy(&t);
    }
}

/* An overlay's upper directory by the mount in which it lies: that of the tree itself. */
static void overlay_over_what_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *number, *type;
        struct block_below line;
    } uppers[] = {
        { "8:77", "ext4", ON(0, 50, 8, 77) },
        { "0:33", "tmpfs", { 0, 50, 0, 0, BELOW_NOTHING } },
        { "0:50", "ext4", NOWHERE(0, 50) }, /* on itself: another one is mounted there by now */
    };
    struct file files[FILES] = { DISK("dm-0", "253:0\n"), { "sys/block/dm-0/slaves/a/dev", "0:50\n" }, { "up per/x", "" } };
    struct tree t;
    char mounts[512];
    for (size_t i = 0; i < sizeof uppers / sizeof *uppers; i++) {
        make(&t, files, NULL);
        snprintf(mounts, sizeof mounts,
                 "30 1 0:50 / /o rw - overlay overlay rw,lowerdir=/l,upperdir=/up\\040per,workdir=/w\n"
                 "%llu 1 %s / /t rw - %s x rw\n", mount_id(t.fd), uppers[i].number, uppers[i].type);
        make_file(t.fd, "proc/self/mountinfo", mounts, strlen(mounts));
        assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), 0);
        assert_int_equal(topology.count, 2);
        assert_true(holds(&uppers[i].line));
        destroy(&t);
    }
}

/* What the loop device says of its file: a tree in memory, whose st_dev is anonymous, stands for a
 * subvolume, and the table says another number for its mount. */
static void files_of_loop_devices(void **state)
{
    (void)state;
    struct file files[FILES] = { { "sys/block/loop3/loop/backing_file", "/disk.img\n" }, { "dev/loop3", "" }, { "disk.img", "" } };
    struct stat facts;
    struct tree t;
    char mounts[256];
    make_in(&t, "/dev/shm", files, NULL);
    assert_int_equal(fstatat(t.fd, "disk.img", &facts, 0), 0);
    assert_int_equal(major(facts.st_dev), 0);
    snprintf(mounts, sizeof mounts, "%llu 1 8:77 /@ /t rw - xfs /dev/sdb rw\n30 1 8:1 / /a rw - xfs /dev/sda1 rw\n", mount_id(t.fd));
    make_file(t.fd, "proc/self/mountinfo", mounts, strlen(mounts));
    const struct {
        dev_t device;
        ino_t inode;
        struct block_below line;
    } answers[] = {
        { makedev(8, 1), 5, ON(0, 0, 8, 1) },
        { makedev(8, 99), 5, ON(0, 0, 8, 99) },             /* not mounted here, or no longer */
        { facts.st_dev, facts.st_ino, ON(0, 0, 8, 77) },    /* by the path that sysfs shows */
        { facts.st_dev, facts.st_ino + 1,                   /* which leads to another file by now */
          { 0, 0, 0, minor(facts.st_dev), BELOW_ANONYMOUS } },
        { facts.st_dev + 1, facts.st_ino,                   /* or to one elsewhere */
          { 0, 0, 0, minor(facts.st_dev + 1), BELOW_ANONYMOUS } },
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        loop_file = (struct loop_info64){ .lo_device = answers[i].device, .lo_inode = answers[i].inode };
        assert_int_equal(topology_read(&topology, t.fd, message, sizeof message), 0);
        if (topology.count != 1 || !holds(&answers[i].line)) {
            fail_msg("answer %zu: %u lines, kind %u, on %u:%u", i, topology.count, topology.devices[0].kind,
                     topology.devices[0].below_major, topology.devices[0].below_minor);
        }
    }
    loop_file.lo_device = 0;
    destroy(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row), cmocka_unit_test(loop_that_cannot_be_asked), cmocka_unit_test(cannot_be_read),
        cmocka_unit_test(more_than_there_is_room_for), cmocka_unit_test(ext4_journals), cmocka_unit_test(overlay_over_what_is_there),
        cmocka_unit_test(files_of_loop_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
