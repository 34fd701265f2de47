/*
 * Which file systems are chosen, and the order of loops on loops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "supervisor/freeze.h"

const char program_name[] = "test-freeze";

enum { MAX = 8, EXTRA = 8, END = -1 };

struct fs {
    const char *mount;
    const char *source;
    uint32_t major, minor;
    enum fs_skip skip;
    int lies_on; /* NO_LOOP, or the row that holds the loop device's file, or: */
};

enum { NO_LOOP = -1, UNKNOWN = 99, ANONYMOUS = 98, MEMORY = 97 };

struct row {
    const char *name;
    struct fs fs[MAX];
    struct block_below extra[EXTRA]; /* beside those of loop devices */
    const char *mounts[4], *exclude[4], *skip[4];
    enum outcome outcome;
    int levels[MAX]; /* END: not chosen */
    bool one_disk;
    const char *says; /* in the first issue */
};

#define PLAIN FS_ELIGIBLE, NO_LOOP
#define BESIDE(major, minor, below_major, below_minor) {major, minor, below_major, below_minor, BELOW_BESIDE}
#define ON(major, minor, below_major, below_minor) {major, minor, below_major, below_minor, BELOW_NUMBER}

static const struct row rows[] = {
    {.name = "two beside each other",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/b", "/dev/b", 8, 17, PLAIN}},
     .levels = {0, 0}},
    {.name = "partitions of one disk",
     .fs = {{"/a", "/dev/sda1", 8, 1, PLAIN}, {"/b", "/dev/sda2", 8, 2, PLAIN}},
     .extra = {ON(8, 1, 8, 0), ON(8, 2, 8, 0)},
     .levels = {0, 0},
     .one_disk = true},
    {.name = "a partition and one of another disk that has a number near to it",
     .fs = {{"/a", "/dev/nvme0n1p1", 259, 1, PLAIN}, {"/b", "/dev/nvme1n1p1", 259, 3, PLAIN}},
     .extra = {ON(259, 1, 259, 0), ON(259, 3, 259, 2)},
     .levels = {0, 0}},
    {.name = "two logical volumes on one disk, and a third that is on two",
     .fs = {{"/a", "/dev/mapper/a", 253, 0, PLAIN}, {"/b", "/dev/mapper/b", 253, 1, PLAIN}, {"/c", "/dev/mapper/c", 253, 2, PLAIN}},
     .extra = {ON(253, 0, 8, 1), ON(253, 1, 8, 1), ON(8, 1, 8, 0), ON(253, 2, 8, 2), ON(253, 2, 8, 17), ON(8, 2, 8, 0), ON(8, 17, 8, 16)},
     .exclude = {"/c"},
     .levels = {0, 0, END},
     .one_disk = true},
    {.name = "one logical volume alone, on two disks",
     .fs = {{"/c", "/dev/mapper/c", 253, 2, PLAIN}},
     .extra = {ON(253, 2, 8, 2), ON(253, 2, 8, 17), ON(8, 2, 8, 0), ON(8, 17, 8, 16)},
     .levels = {0}},
    {.name = "an md over partitions of one disk, and a file system beside it",
     .fs = {{"/a", "/dev/md0", 9, 0, PLAIN}, {"/b", "/dev/sda3", 8, 3, PLAIN}},
     .extra = {ON(9, 0, 8, 1), ON(9, 0, 8, 2), ON(8, 1, 8, 0), ON(8, 2, 8, 0), ON(8, 3, 8, 0)},
     .levels = {0, 0},
     .one_disk = true},
    {.name = "a file system on dm over a loop device over another on dm over the root's partition",
     .fs = {{"/", "/dev/sda1", 8, 1, PLAIN}, {"/top", "/dev/mapper/t", 253, 1, PLAIN}, {"/mid", "/dev/mapper/m", 253, 0, PLAIN}},
     .extra = {ON(253, 1, 7, 1), ON(7, 1, 253, 0), ON(253, 0, 7, 0), ON(7, 0, 8, 1), ON(8, 1, 8, 0)},
     .levels = {2, 0, 1},
     .one_disk = true},
    {.name = "a loop device that is a partition of a loop device",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/p", "/dev/loop0p1", 259, 7, PLAIN}, {"/q", "/dev/loop1", 7, 1, PLAIN}},
     .extra = {ON(259, 7, 7, 0), ON(7, 0, 254, 0), ON(7, 1, 259, 7)},
     .levels = {2, 1, 0},
     .one_disk = true},
    {.name = "btrfs over two devices, of which the second lies on another",
     .fs = {{"/b", "/dev/sdb", 0, 40, PLAIN}, {"/x", "/dev/sdc", 8, 32, PLAIN}},
     .extra = {ON(0, 40, 8, 16), ON(0, 40, 7, 5), ON(7, 5, 8, 32)},
     .levels = {0, 1}},
    {.name = "a loop device on a btrfs, whose file's own number is another",
     .fs = {{"/b", "/dev/sdb", 0, 40, PLAIN}, {"/in", "/dev/loop0", 7, 0, PLAIN}},
     .extra = {ON(0, 40, 8, 16), ON(7, 0, 0, 40)},
     .levels = {1, 0},
     .one_disk = true},
    {.name = "an external log that lies on another",
     .fs = {{"/x", "/dev/sdb", 8, 16, PLAIN}, {"/other", "/dev/sdc", 8, 32, PLAIN}},
     .extra = {BESIDE(8, 16, 7, 3), ON(7, 3, 8, 32)},
     .levels = {0, 1}},
    {.name = "a file on an overlay, which lies on its upper file system",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/o", "overlay", 0, 30, FS_OVERLAY, NO_LOOP}, {"/in", "/dev/loop0", 7, 0, PLAIN}},
     .extra = {ON(7, 0, 0, 30), ON(0, 30, 254, 0)},
     .levels = {1, END, 0},
     .one_disk = true},
    {.name = "a file on an overlay in memory, or without an upper directory",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/o", "overlay", 0, 30, FS_OVERLAY, NO_LOOP}, {"/in", "/dev/loop0", 7, 0, PLAIN}},
     .extra = {ON(7, 0, 0, 30), {0, 30, 0, 0, BELOW_NOTHING}},
     .levels = {1, END, 0}},
    {.name = "a file on FUSE",
     .fs = {{"/f", "sshfs", 0, 50, FS_FUSE, NO_LOOP}, {"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END, END},
     .says = "'/a' lies on what cannot be told: on '/f'"},
    {.name = "a file on FUSE over a block device",
     .fs = {{"/f", "/dev/sdz", 65, 0, FS_FUSE, NO_LOOP}, {"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END, END},
     .says = "'/a' lies on what cannot be told: on '/f'"},
    {.name = "a file on a network file system lies on nothing here",
     .fs = {{"/n", "server:/", 0, 50, FS_NETWORK, NO_LOOP}, {"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .levels = {END, 0, 0}},
    {.name = "a file on a file system that is not mounted here",
     .fs = {{"/a", "/dev/loop0", 7, 0, PLAIN}, {"/b", "/dev/sda2", 8, 2, PLAIN}},
     .extra = {ON(7, 0, 8, 1), ON(8, 1, 8, 0), ON(8, 2, 8, 0)},
     .levels = {0, 0},
     .one_disk = true},
    {.name = "a cycle of devices under a file system",
     .fs = {{"/a", "/dev/mapper/a", 253, 0, PLAIN}},
     .extra = {ON(253, 0, 253, 1), ON(253, 1, 253, 2), ON(253, 2, 253, 1)},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END},
     .says = "'/a' lies on itself, by way of other devices"},
    {.name = "a cycle that nobody chose anything above",
     .fs = {{"/a", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/loop0", 7, 0, FS_ELIGIBLE, 1}},
     .exclude = {"/b"},
     .levels = {0, END},
     .one_disk = true},
    {.name = "on one that lies on itself and is not chosen: that is named",
     .fs = {{"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, 1}, {"/b", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}},
     .exclude = {"/b"},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END},
     .says = "'/b' lies on itself"},
    {.name = "alone, and on itself",
     .fs = {{"/b", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END},
     .says = "'/b' lies on itself"},
    {.name = "hidden, and nothing leaves it out",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/h", "/dev/h", 8, 17, FS_HIDDEN, NO_LOOP}},
     .outcome = OUTCOME_MOUNT_UNOPENABLE,
     .levels = {0, END},
     .one_disk = true,
     .says = "'/h' (8:17) cannot be reached"},
    {.name = "hidden, at a place whose name would be two lines",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/h\ti\nj", "/dev/h", 8, 17, FS_HIDDEN, NO_LOOP}},
     .outcome = OUTCOME_MOUNT_UNOPENABLE,
     .levels = {0, END},
     .one_disk = true,
     .says = "'/h i j' (8:17) cannot be reached"},
    {.name = "hidden and excluded",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/h", "/dev/h", 8, 17, FS_HIDDEN, NO_LOOP}},
     .exclude = {"/h"},
     .levels = {0, END},
     .one_disk = true},
    {.name = "hidden, while others are named",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/h", "/dev/h", 8, 17, FS_HIDDEN, NO_LOOP}},
     .mounts = {"/a"},
     .levels = {0, END},
     .one_disk = true},
    {.name = "hidden by one that is named",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/a", "/dev/h", 8, 17, FS_HIDDEN, NO_LOOP}},
     .mounts = {"/a"},
     .levels = {0, END},
     .one_disk = true},
    {.name = "hidden, and named by its device",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/a", "/dev/h", 8, 17, FS_HIDDEN, NO_LOOP}},
     .mounts = {"/a", "/dev/h"},
     .outcome = OUTCOME_MOUNT_UNOPENABLE,
     .levels = {0, END},
     .one_disk = true,
     .says = "'/a' (8:17) cannot be reached"},
    {.name = "a boot loader's: a warning",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/boot/efi", "/dev/e", 8, 17, FS_BOOT, NO_LOOP}},
     .levels = {0, END},
     .one_disk = true,
     .says = "'/boot/efi' is of type vfat, which cannot be frozen"},
    {.name = "a boot loader's that is excluded",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/boot/efi", "/dev/e", 8, 17, FS_BOOT, NO_LOOP}},
     .exclude = {"/boot/efi"},
     .levels = {0, END},
     .one_disk = true},
    {.name = "a boot loader's that is named",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/boot/efi", "/dev/e", 8, 17, FS_BOOT, NO_LOOP}},
     .mounts = {"/boot/efi"},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END},
     .says = "'/boot/efi' cannot be frozen: a boot loader's"},
    {.name = "the root last within its level",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .levels = {1, 0}},
    {.name = "the root alone", .fs = {{"/", "/dev/a", 254, 0, PLAIN}}, .levels = {0}, .one_disk = true},
    {.name = "a loop device over the root",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0}},
     .levels = {1, 0},
     .one_disk = true},
    {.name = "loop on loop, against the order of the table",
     .fs = {{"/in", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}, {"/mid", "/dev/loop0", 7, 0, FS_ELIGIBLE, 2},
            {"/out", "/dev/a", 254, 0, PLAIN}},
     .levels = {0, 1, 2},
     .one_disk = true},
    {.name = "loop on loop, in the order of the table",
     .fs = {{"/out", "/dev/a", 254, 0, PLAIN}, {"/mid", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0},
            {"/in", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}},
     .levels = {2, 1, 0},
     .one_disk = true},
    {.name = "what lies between is not chosen",
     .fs = {{"/out", "/dev/a", 254, 0, PLAIN}, {"/mid", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0},
            {"/in", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}},
     .exclude = {"/mid"},
     .levels = {1, END, 0},
     .one_disk = true},
    {.name = "the root on a loop device, others beside and below",
     .fs = {{"/", "/dev/loop0", 7, 0, FS_ELIGIBLE, 1}, {"/host", "/dev/a", 254, 0, PLAIN}, {"/x", "/dev/b", 254, 1, PLAIN}},
     .levels = {1, 2, 0}},
    {.name = "the root last among those below",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/b", 254, 1, PLAIN}, {"/l0", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0},
            {"/l1", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}},
     .levels = {2, 1, 0, 0}},
    {.name = "a cycle",
     .fs = {{"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, 1}, {"/b", "/dev/loop1", 7, 1, FS_ELIGIBLE, 0}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END},
     .says = "lies on itself"},
    {.name = "a loop device whose file nobody knows",
     .fs = {{"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, UNKNOWN}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END},
     .says = "'/a' lies on what cannot be told"},
    {.name = "the same alone",
     .fs = {{"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, UNKNOWN}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .mounts = {"/a"},
     .levels = {0, END}},
    {.name = "images who knows where: the one of btrfs last, as the others might lie on it",
     .fs = {{"/e", "/dev/loop0", 7, 0, FS_ELIGIBLE, ANONYMOUS}, {"/b", "/dev/loop2", 0, 40, FS_ELIGIBLE, ANONYMOUS},
            {"/x", "/dev/loop1", 7, 1, FS_ELIGIBLE, ANONYMOUS}},
     .levels = {0, 1, 0}},
    {.name = "images in memory, two of them of btrfs",
     .fs = {{"/e", "/dev/loop0", 7, 0, FS_ELIGIBLE, MEMORY}, {"/b", "/dev/loop2", 0, 40, FS_ELIGIBLE, MEMORY},
            {"/c", "/dev/loop1", 0, 41, FS_ELIGIBLE, MEMORY}},
     .levels = {0, 0, 0}},
    {.name = "images who knows where, none of btrfs",
     .fs = {{"/e", "/dev/loop0", 7, 0, FS_ELIGIBLE, ANONYMOUS}, {"/x", "/dev/loop1", 7, 1, FS_ELIGIBLE, ANONYMOUS}},
     .levels = {0, 0}},
    {.name = "two of btrfs that might lie on each other",
     .fs = {{"/a", "/dev/loop0", 0, 40, FS_ELIGIBLE, ANONYMOUS}, {"/b", "/dev/loop1", 0, 41, FS_ELIGIBLE, ANONYMOUS}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END},
     .says = "'/a' may lie on another"},
    {.name = "btrfs on a loop device over another",
     .fs = {{"/a", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/loop3", 0, 41, FS_ELIGIBLE, 0}},
     .levels = {1, 0},
     .one_disk = true},
    {.name = "a file on an overlay, which lies who knows where",
     .fs = {{"/", "overlay", 0, 30, FS_OVERLAY, NO_LOOP}, {"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0},
            {"/b", "/dev/b", 254, 1, PLAIN}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END, END},
     .says = "'/a' lies on what cannot be told"},
    {.name = "named by mount point and by source, slashes apart",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/b", "/dev/b", 8, 17, PLAIN}, {"/c", "/dev/c", 8, 33, PLAIN}},
     .mounts = {"/a//", "/dev/c"},
     .levels = {0, END, 0}},
    {.name = "a prefix names nothing",
     .fs = {{"/data", "/dev/a", 8, 1, PLAIN}},
     .mounts = {"/dat"},
     .outcome = OUTCOME_MOUNT_UNOPENABLE,
     .levels = {END},
     .says = "'/dat' is not in the mount table"},
    {.name = "skipped by vmbackup.conf, though named",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/b", "/dev/b", 8, 2, PLAIN}},
     .mounts = {"/a", "/b"},
     .skip = {"/b/", "/not-there"},
     .levels = {0, END},
     .one_disk = true},
    {.name = "excluding what is not there is a warning",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}},
     .exclude = {"/b"},
     .levels = {0},
     .one_disk = true,
     .says = "'/b' is to be excluded"},
    {.name = "what cannot be frozen is passed over",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/n", "server:/n", 0, 50, FS_NETWORK, NO_LOOP}},
     .levels = {0, END},
     .one_disk = true},
    {.name = "what cannot be frozen is named",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/r", "/dev/r", 11, 0, FS_READ_ONLY, NO_LOOP}},
     .mounts = {"/r"},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END},
     .says = "'/r' cannot be frozen: read-only"},
    {.name = "nothing at all", .levels = {END}},
};

static struct mount_plan table;
static struct msg_topology topology;
static struct freeze_plan plan;

static uint32_t put(const char *text)
{
    uint32_t at = table.text_length;

    memcpy(table.text + at, text, strlen(text) + 1);
    table.text_length += (uint32_t)strlen(text) + 1;
    return at;
}

static void fill_list(struct mount_list *list, const char *const names[4])
{
    memset(list, 0, sizeof(*list));
    for (size_t i = 0; i < 4 && names[i]; i++) {
        memcpy(list->text + list->length, names[i], strlen(names[i]) + 1);
        list->length += (uint32_t)strlen(names[i]) + 1;
        list->count++;
    }
}

static void fill(const struct row *r)
{
    memset(&table, 0, sizeof(table));
    memset(&topology, 0, sizeof(topology));
    for (size_t i = 0; i < MAX && r->fs[i].mount; i++) {
        const struct fs *f = &r->fs[i];
        struct fs_entry *e = &table.entries[i];
        struct block_below on_file = {.major = 7, .kind = BELOW_NUMBER};

        table.count = (uint32_t)i + 1;
        e->major = f->major;
        e->minor = f->minor;
        e->skip = (uint8_t)f->skip;
        e->is_root = strcmp(f->mount, "/") == 0;
        e->mount_points = 1;
        memcpy(e->type, f->skip == FS_BOOT ? "vfat" : "ext4", 5);
        e->mount_point = put(f->mount);
        e->source = put(f->source);
        if (f->lies_on == NO_LOOP)
            continue;
        on_file.minor = f->major ? f->minor : (uint32_t)(f->source[9] - '0');
        if (f->major == 0) /* a btrfs has a number of its own */
            topology.devices[topology.count++] = (struct block_below)ON(0, f->minor, 7, on_file.minor);
        if (f->lies_on >= MEMORY) {
            on_file.kind = f->lies_on == UNKNOWN ? BELOW_UNKNOWN : f->lies_on == MEMORY ? BELOW_NOTHING : BELOW_ANONYMOUS;
        } else {
            on_file.below_major = r->fs[f->lies_on].major;
            on_file.below_minor = r->fs[f->lies_on].minor;
        }
        topology.devices[topology.count++] = on_file;
    }
    for (size_t i = 0; i < EXTRA && (r->extra[i].major || r->extra[i].minor); i++)
        topology.devices[topology.count++] = r->extra[i];
}

static void every_row(void **state)
{
    static struct mount_list mounts, exclude, skip;
    const struct freeze_wishes wishes = {&mounts, &exclude, &skip};

    (void)state;
    for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
        const struct row *r = &rows[n];
        uint32_t chosen = 0;

        fill(r);
        fill_list(&mounts, r->mounts);
        fill_list(&exclude, r->exclude);
        fill_list(&skip, r->skip);
        freeze_choose(&table, &topology, &wishes, &plan);
        if (plan.outcome != r->outcome)
            fail_msg("%s: outcome %s", r->name, outcome_table[plan.outcome].id);
        if (r->says ? plan.issues_count == 0 || !strstr(plan.issues[0].message, r->says) : plan.issues_count > 0)
            fail_msg("%s: says '%s'", r->name, plan.issues[0].message);
        for (uint32_t i = 0; i < table.count; i++) {
            int level = END;

            for (uint32_t k = 0; k < plan.count; k++)
                if (plan.targets[k].index == i)
                    level = (int)plan.targets[k].level;
            chosen += level != END;
            if (level != r->levels[i])
                fail_msg("%s: %s has level %d", r->name, r->fs[i].mount, level);
        }
        assert_int_equal(plan.count, chosen);
        for (uint32_t k = 1; k < plan.count; k++)
            assert_true(plan.targets[k - 1].level <= plan.targets[k].level);
        if (plan.one_disk != r->one_disk)
            fail_msg("%s: one disk", r->name);
    }
}

/* Where one mount is excluded the issue quotes another one of the same file system: any bytes, and it may be cut.
 * Regressions: planning/an-issue-quotes-a-mount-point-with-a-tab, planning/an-issue-quotes-a-mount-point-that-is-no-text. */
static void an_issue_is_text(void **state)
{
    static const struct {
        const char *point, *quoted;
    } points[] = {
        {"/a\x1b[2J\xff", "'/a\uFFFD[2J\uFFFD'"},
        {"/a\tb\nc", "'/a b c'"},
        {"/123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-12345678\u00e9x",
         "-12345678\uFFFD'"}, /* a hundred bytes end within the character */
    };
    static struct mount_list none, exclude;
    const struct freeze_wishes wishes = {&none, &exclude, &none};

    (void)state;
    fill_list(&exclude, (const char *const[4]){"/other"});
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        memset(&table, 0, sizeof(table));
        memset(&topology, 0, sizeof(topology));
        table.count = 1;
        table.entries[0] = (struct fs_entry){.major = 8, .minor = 1, .mount_points = 2, .mount_point = put(points[i].point)};
        put("/other");
        table.entries[0].source = put("/dev/a");
        memcpy(table.entries[0].type, "ext4", 5);
        freeze_choose(&table, &topology, &wishes, &plan);
        assert_int_equal(plan.issues_count, 1);
        if (!strstr(plan.issues[0].message, points[i].quoted))
            fail_msg("'%s' does not quote %s", plan.issues[0].message, points[i].quoted);
        assert_true(utf8_valid(plan.issues[0].message, strlen(plan.issues[0].message)));
        for (const char *c = plan.issues[0].message; *c; c++)
            assert_true((unsigned char)*c >= ' ');
    }
}

/* A tower of as many layers as fit, the lowest first in the table. */
static void tower(void **state)
{
    static struct mount_list none;
    const struct freeze_wishes wishes = {&none, &none, &none};
    char name[32];

    (void)state;
    memset(&table, 0, sizeof(table));
    memset(&topology, 0, sizeof(topology));
    for (uint32_t i = 0; i < PLAN_FS_MAX; i++) {
        snprintf(name, sizeof(name), "/%u", i);
        table.entries[i] = (struct fs_entry){.major = 7, .minor = i, .mount_point = put(name), .source = 0};
        table.entries[i].mount_points = 1;
        topology.devices[i] = (struct block_below)ON(7, i, 7, i - 1);
    }
    topology.devices[0] = (struct block_below)ON(7, 0, 254, 0); /* the lowest is on a disk */
    table.count = topology.count = PLAN_FS_MAX;
    freeze_choose(&table, &topology, &wishes, &plan);
    assert_int_equal(plan.outcome, OUTCOME_APP_CONSISTENT);
    assert_int_equal(plan.count, PLAN_FS_MAX);
    for (uint32_t i = 0; i < PLAN_FS_MAX; i++) {
        assert_int_equal(plan.targets[i].index, PLAN_FS_MAX - 1 - i);
        assert_int_equal(plan.targets[i].level, i);
    }
    assert_true(plan.one_disk);
    topology.devices[0] = (struct block_below)ON(7, 0, 7, PLAN_FS_MAX - 1); /* and now it bites its tail */
    freeze_choose(&table, &topology, &wishes, &plan);
    assert_int_equal(plan.outcome, OUTCOME_FREEZE_FAILED);
    assert_int_equal(plan.count, 0);
}

/* Files of which only st_dev is known may lie on each file system that has subvolumes: an edge for each pair. */
static void too_many_ways(void **state)
{
    enum { VOLUMES = 100, LOOPS = 150 };
    static struct mount_list none;
    const struct freeze_wishes wishes = {&none, &none, &none};
    char name[32];

    (void)state;
    memset(&table, 0, sizeof(table));
    memset(&topology, 0, sizeof(topology));
    for (uint32_t i = 0; i < VOLUMES + LOOPS; i++) {
        bool volume = i < VOLUMES;

        snprintf(name, sizeof(name), "/%u", i);
        table.entries[i] = (struct fs_entry){.major = volume ? 0 : 7, .minor = i, .mount_point = put(name), .source = 0};
        table.entries[i].mount_points = 1;
        topology.devices[i] = (struct block_below){.major = volume ? 0 : 7, .minor = i, .kind = volume ? BELOW_NOTHING : BELOW_ANONYMOUS};
    }
    table.count = topology.count = VOLUMES + LOOPS;
    freeze_choose(&table, &topology, &wishes, &plan);
    assert_int_equal(plan.outcome, OUTCOME_FREEZE_FAILED);
    assert_int_equal(plan.count, 0);
    assert_non_null(strstr(plan.issues[0].message, "more ways than can be looked at"));
    table.count = topology.count = VOLUMES + 40;
    freeze_choose(&table, &topology, &wishes, &plan);
    assert_int_equal(plan.outcome, OUTCOME_APP_CONSISTENT);
    assert_int_equal(plan.count, VOLUMES + 40);
    assert_int_equal(plan.targets[0].index, VOLUMES); /* the files' own file systems first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row), cmocka_unit_test(an_issue_is_text), cmocka_unit_test(tower),
                                       cmocka_unit_test(too_many_ways)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
