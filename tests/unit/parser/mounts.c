#include "parser/mounts.h"

#include <stdio.h>

#include "base/plan_check.h"
#include "parser/expect.h"

enum { CODE = 121, ENTRIES_MAX = 4 };

static struct mount_plan plan;

static void parse(const char *text, size_t n)
{
    char *copy = exact_copy(text, n);

    mounts_parse(copy, n, &plan);
    assert_true(plan_valid(DOC_MOUNTS, &plan));
    free(copy);
}

struct entry {
    uint32_t major, minor, id;
    enum fs_skip skip;
    bool is_root;
    const char *type, *points, *source; /* points: the mount points, with '|' between them */
};

#define ROOT "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define ROOT_ENTRY {8, 1, 20, FS_ELIGIBLE, true, "ext4", "/", "/dev/sda1"}

static const struct {
    const char *name, *text;
    struct entry entries[ENTRIES_MAX];
} tables[] = {
    {"empty", "", {{0}}},
    {"root", ROOT, {ROOT_ENTRY}},
    {"no newline at the end", "20 1 8:1 / / rw - ext4 /dev/sda1 rw", {ROOT_ENTRY}},
    {"optional fields: none, many",
     "20 1 8:1 / / rw shared:1 master:2 propagate_from:3 unbindable - ext4 /dev/sda1 rw\n"
     "21 20 8:2 / /b rw - xfs /dev/sdb rw,attr2\n",
     {ROOT_ENTRY, {8, 2, 21, FS_ELIGIBLE, false, "xfs", "/b", "/dev/sdb"}}},
    {"escapes and bytes", "21 1 8:2 / /a\\040b\\011c\\012d\\134e\\043f\xC3\xA4\xFF rw - ext4 /dev/x\\040y rw\n",
     {{8, 2, 21, FS_ELIGIBLE, false, "ext4", "/a b\tc\nd\\e#f\xC3\xA4\xFF", "/dev/x y"}}},
    {"what is no escape", "21 1 8:2 / /a\\04\\x41\\000\\777\\ rw - ext4 s rw\n",
     {{8, 2, 21, FS_ELIGIBLE, false, "ext4", "/a\\04\\x41\\000\\777\\", "s"}}},
    {"empty source", "21 1 8:2 / /a rw - ext4  rw\n", {{8, 2, 21, FS_ELIGIBLE, false, "ext4", "/a", ""}}},
    {"pseudo and memory-backed ones are left out",
     ROOT "22 20 0:5 / /proc rw - proc proc rw\n23 20 0:6 / /sys rw - sysfs sysfs rw\n24 20 0:7 / /dev rw - devtmpfs udev rw\n"
     "25 20 0:8 / /tmp rw - tmpfs tmpfs rw\n26 20 0:9 / /cg rw - cgroup2 none rw\n27 20 0:10 / /r rw - ramfs none rw\n",
     {ROOT_ENTRY}},
    {"kinds that are not frozen, behind those that are",
     "30 1 0:30 / /n rw - nfs4 host:/x rw\n31 1 0:31 / /f rw - fuse.sshfs h:/ rw\n32 1 0:32 / /o rw - overlay overlay rw\n" ROOT,
     {ROOT_ENTRY, {0, 30, 30, FS_NETWORK, false, "nfs4", "/n", "host:/x"},
      {0, 31, 31, FS_FUSE, false, "fuse.sshfs", "/f", "h:/"}, {0, 32, 32, FS_OVERLAY, false, "overlay", "/o", "overlay"}}},
    {"network",
     "1 0 0:1 / /a rw - nfs h:/ rw\n2 0 0:2 / /b rw - cifs //h/s rw\n3 0 0:3 / /c rw - ceph m:/ rw\n4 0 0:4 / /d rw - 9p t rw\n",
     {{0, 1, 1, FS_NETWORK, false, "nfs", "/a", "h:/"}, {0, 2, 2, FS_NETWORK, false, "cifs", "/b", "//h/s"},
      {0, 3, 3, FS_NETWORK, false, "ceph", "/c", "m:/"}, {0, 4, 4, FS_NETWORK, false, "9p", "/d", "t"}}},
    {"unknown types",
     "1 0 0:40 / /a rw - newfs x rw\n2 0 259:3 / /b rw - otherfs /dev/y rw\n3 0 8:9 / /c rw - fuseblk /dev/z rw\n"
     "4 0 0:41 / /d rw - avery-long-type-name s rw\n",
     {{259, 3, 2, FS_ELIGIBLE, false, "otherfs", "/b", "/dev/y"}, {0, 40, 1, FS_UNKNOWN, false, "newfs", "/a", "x"},
      {8, 9, 3, FS_FUSE, false, "fuseblk", "/c", "/dev/z"}, {0, 41, 4, FS_UNKNOWN, false, "avery-long-type", "/d", "s"}}},
    {"read-only: superblock, every mount (others may write to it), not every mount",
     "1 0 8:1 / /a rw - ext4 a ro,x\n2 0 8:2 / /b ro,nosuid - ext4 b rw\n3 0 8:3 / /c ro - ext4 c rw\n4 0 8:3 / /d/d rw - ext4 c rw\n"
     "5 0 11:0 / /e ro - iso9660 /dev/sr0 ro\n",
     {{8, 1, 1, FS_READ_ONLY, false, "ext4", "/a", "a"}, {8, 2, 2, FS_ELIGIBLE, false, "ext4", "/b", "b"},
      {8, 3, 3, FS_ELIGIBLE, false, "ext4", "/c|/d/d", "c"}, {11, 0, 5, FS_READ_ONLY, false, "iso9660", "/e", "/dev/sr0"}}},
    {"an option that only looks like ro", "1 0 8:1 / /a rw,ro2 - ext4 a rw,errors=remount-ro\n",
     {{8, 1, 1, FS_ELIGIBLE, false, "ext4", "/a", "a"}}},
    {"bind mounts: the one that shows the root",
     ROOT "21 20 8:2 /sub /a rw - ext4 /dev/b rw\n22 20 8:2 / /long/path rw - ext4 /dev/b rw\n23 20 8:2 / /long rw - ext4 /dev/b rw\n",
     {ROOT_ENTRY, {8, 2, 23, FS_ELIGIBLE, false, "ext4", "/long|/a", "/dev/b"}}},
    {"bind mounts: none shows the root", "21 1 8:2 /x /aaa rw - ext4 b rw\n22 1 8:2 /y /bb rw - ext4 b rw\n",
     {{8, 2, 22, FS_ELIGIBLE, false, "ext4", "/bb|/aaa", "b"}}},
    {"btrfs subvolumes share a superblock",
     "20 1 0:30 /@ / rw - btrfs /dev/sda rw,subvol=/@\n21 20 0:30 /@home /home rw - btrfs /dev/sda rw,subvol=/@home\n"
     "22 20 0:31 / /other rw - btrfs /dev/sdb rw\n",
     {{0, 30, 20, FS_ELIGIBLE, true, "btrfs", "/|/home", "/dev/sda"}, {0, 31, 22, FS_ELIGIBLE, false, "btrfs", "/other", "/dev/sdb"}}},
    {"btrfs: the top level somewhere, a subvolume at the root",
     "20 1 0:30 /@ / rw - btrfs /dev/sda rw\n21 20 0:30 / /mnt/top rw - btrfs /dev/sda rw\n",
     {{0, 30, 21, FS_ELIGIBLE, true, "btrfs", "/mnt/top|/", "/dev/sda"}}},
    {"btrfs: several subvolumes, none of them the top",
     ROOT "21 20 0:30 /@a /srv/a rw - btrfs /dev/sdb rw\n22 20 0:30 /@b /srv/b/b rw - btrfs /dev/sdb rw\n"
     "23 20 0:30 /@c /c rw - btrfs /dev/sdb rw\n",
     {ROOT_ENTRY, {0, 30, 23, FS_ELIGIBLE, false, "btrfs", "/c|/srv/a|/srv/b/b", "/dev/sdb"}}},
    {"the directory that a bind mount shows is deleted", ROOT "21 20 8:2 /gone//deleted /a rw - ext4 /dev/b rw\n",
     {ROOT_ENTRY, {8, 2, 21, FS_ELIGIBLE, false, "ext4", "/a", "/dev/b"}}},
    {"boot loaders' file systems",
     "20 21 8:1 / /boot/efi rw - vfat /dev/a rw\n21 1 8:2 / /boot rw - ext4 /dev/b rw\n22 1 8:3 / /data rw - vfat /dev/c rw\n"
     "23 1 8:4 / /efi ro - msdos /dev/d ro\n",
     {{8, 1, 20, FS_BOOT, false, "vfat", "/boot/efi", "/dev/a"}, {8, 2, 21, FS_ELIGIBLE, false, "ext4", "/boot", "/dev/b"},
      {8, 3, 22, FS_ELIGIBLE, false, "vfat", "/data", "/dev/c"}, {8, 4, 23, FS_READ_ONLY, false, "msdos", "/efi", "/dev/d"}}},
    {"a boot loader's, mounted by an automounter",
     "20 1 0:50 / /efi rw - autofs systemd-1 rw\n21 20 8:1 / /efi rw - vfat /dev/a rw\n",
     {{8, 1, 21, FS_BOOT, false, "vfat", "/efi", "/dev/a"}}},
    {"one behind an automounter",
     ROOT "21 20 0:50 / /net rw - autofs auto.net rw\n22 21 8:2 / /net/a rw - ext4 /dev/b rw\n",
     {ROOT_ENTRY, {8, 2, 22, FS_ELIGIBLE, false, "ext4", "/net/a", "/dev/b"}}},
    {"hidden: mounted over",
     ROOT "21 20 8:2 / /a rw - ext4 b rw\n22 21 0:9 / /a rw - tmpfs t rw\n23 20 8:2 / /else/where rw - ext4 b rw\n",
     {ROOT_ENTRY, {8, 2, 23, FS_ELIGIBLE, false, "ext4", "/else/where", "b"}}},
    {"hidden: a directory above is mounted over",
     ROOT "21 20 8:2 / /a/b rw - ext4 b rw\n22 20 0:9 / /a rw - tmpfs t rw\n23 20 8:2 /x /else/where rw - ext4 b rw\n",
     {ROOT_ENTRY, {8, 2, 23, FS_ELIGIBLE, false, "ext4", "/else/where", "b"}}},
    {"hidden: the mount below it is mounted over",
     ROOT "21 20 8:3 / /a rw - ext4 c rw\n22 21 8:2 / /a/b rw - ext4 b rw\n23 21 0:9 / /a rw - tmpfs t rw\n"
     "24 20 8:2 /x /else/where rw - ext4 b rw\n25 20 8:3 / /other/place rw - ext4 c rw\n",
     {ROOT_ENTRY, {8, 3, 25, FS_ELIGIBLE, false, "ext4", "/other/place", "c"},
      {8, 2, 24, FS_ELIGIBLE, false, "ext4", "/else/where", "b"}}},
    {"not hidden: on a tmpfs that was there first, beside one with a name alike",
     ROOT "21 20 0:9 / /a rw - tmpfs t rw\n22 21 8:2 / /a/b rw - ext4 b rw\n23 20 0:9 / /a/bb rw - tmpfs t rw\n24 20 8:2 / /a/b/c/d rw - ext4 b rw\n",
     {ROOT_ENTRY, {8, 2, 22, FS_ELIGIBLE, false, "ext4", "/a/b", "b"}}},
    {"the topmost of a stack",
     ROOT "21 20 8:2 / /a rw - ext4 b rw\n22 21 8:3 / /a rw - ext4 c rw\n",
     {ROOT_ENTRY, {8, 2, 21, FS_HIDDEN, false, "ext4", "/a", "b"}, {8, 3, 22, FS_ELIGIBLE, false, "ext4", "/a", "c"}}},
    {"the topmost of a stack is not hidden by the ones below",
     ROOT "21 20 0:9 / /a rw - tmpfs t rw\n22 21 8:2 / /a rw - ext4 b rw\n23 20 8:2 / /else/where rw - ext4 b rw\n",
     {ROOT_ENTRY, {8, 2, 22, FS_ELIGIBLE, false, "ext4", "/a|/else/where", "b"}}},
    {"hidden everywhere, but read-only", ROOT "21 20 8:2 / /a ro - ext4 b ro\n22 21 0:9 / /a rw - tmpfs t rw\n",
     {ROOT_ENTRY, {8, 2, 21, FS_READ_ONLY, false, "ext4", "/a", "b"}}},
    {"hidden everywhere: still named", ROOT "21 20 8:2 / /a rw - ext4 b rw\n22 21 0:9 / /a rw - tmpfs t rw\n",
     {ROOT_ENTRY, {8, 2, 21, FS_HIDDEN, false, "ext4", "/a", "b"}}},
    {"a table that goes round", "20 21 8:1 / /a rw - ext4 b rw\n21 20 8:2 / /b rw - ext4 c rw\n22 22 8:4 / / rw - ext4 d rw\n",
     {{8, 1, 20, FS_HIDDEN, false, "ext4", "/a", "b"}, {8, 2, 21, FS_HIDDEN, false, "ext4", "/b", "c"},
      {8, 4, 22, FS_ELIGIBLE, true, "ext4", "/", "d"}}},
};

static bool are_points(const struct fs_entry *f, const char *points)
{
    const char *point = plan.text + f->mount_point;

    for (uint32_t i = 0; i < f->mount_points; i++, point += strlen(point) + 1) {
        size_t n = strlen(point);
        if (strncmp(points, point, n) != 0 || points[n] != (i + 1 < f->mount_points ? '|' : '\0')) return false;
        points += n + 1;
    }
    return true;
}

static void expect_entry(const char *name, uint32_t i, const struct entry *e)
{
    const struct fs_entry *f = &plan.entries[i];

    if (i < plan.count && f->major == e->major && f->minor == e->minor && f->mount_id == e->id && f->skip == e->skip &&
        f->is_root == e->is_root && strcmp(f->type, e->type) == 0 && are_points(f, e->points) &&
        strcmp(plan.text + f->source, e->source) == 0)
        return;
    print_message("table '%s', entry %u of %u: mount %u, skip %u, '%s' '%s'\n", name, i, plan.count, f->mount_id, f->skip,
                  plan.text + f->mount_point, plan.text + f->source);
    fail();
}

static void test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tables); i++) {
        uint32_t count = 0;
        parse(tables[i].text, strlen(tables[i].text));
        expect_findings(tables[i].name, &plan.head, CODE, NULL, 0);
        for (; count < ENTRIES_MAX && tables[i].entries[count].type; count++)
            expect_entry(tables[i].name, count, &tables[i].entries[count]);
        if (plan.count != count) print_message("table '%s'\n", tables[i].name);
        assert_int_equal(plan.count, count);
    }
}

static const char *const malformed[] = {
    "\n", "x\n", "20\n", "20 1 8:1 / / rw - ext4 /dev/sda1\n", "20 1 8:1 / / rw ext4 /dev/sda1 rw\n",
    "20 1 8:1 / / rw - ext4 /dev/sda1 rw more\n", "20 1 81 / / rw - ext4 s rw\n", "20 1 8: / / rw - ext4 s rw\n",
    "20 1 :1 / / rw - ext4 s rw\n", "20 1 8:1 / a rw - ext4 s rw\n", "20 1 8:1 /  rw - ext4 s rw\n",
    "20 1 8:1  / rw - ext4 s rw\n", "-1 1 8:1 / / rw - ext4 s rw\n", "20 4294967296 8:1 / / rw - ext4 s rw\n",
    "20  1 8:1 / / rw - ext4 s rw\n", "20 1 8:1 / / rw -  s rw\n", "20 1 8:01 / / rw - ext4 s rw\n",
};

static void test_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        char text[256];
        snprintf(text, sizeof(text), "%s%s%s", ROOT, malformed[i], ROOT);
        parse(text, strlen(text));
        expect_findings(malformed[i], &plan.head, CODE, &(struct expected)ERROR_AT(2, 0, "", "not a line of a mount"), 1);
    }
    parse(ROOT "21 1 8:1 / /\0 rw - ext4 s rw\n", sizeof(ROOT "21 1 8:1 / /\0 rw - ext4 s rw\n") - 1);
    expect_findings("NUL", &plan.head, CODE, &(struct expected)ERROR_AT(2, 0, "", "not a line of a mount"), 1);
}

static char big[4 * 1024 * 1024];

/* count lines of a type, each a superblock of its own if distinct, behind what is there. */
static size_t fill(size_t used, int count, const char *type, int major, bool distinct)
{
    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(big + used, sizeof(big) - used, "%d 1 %d:%d / /%s/%d rw - %s s rw\n", 100 + i, major,
                                 distinct ? i : 0, type, i, type);
    return used;
}

static void test_many(void **state)
{
    (void)state;
    parse(big, fill(0, 1000, "ext4", 8, false));
    expect_findings("1000 mounts of one", &plan.head, CODE, NULL, 0);
    assert_int_equal(plan.count, 1);
    assert_string_equal(plan.text + plan.entries[0].mount_point, "/ext4/0");

    parse(big, fill(0, 256, "ext4", 8, true));
    assert_int_equal(plan.head.usable, 1);
    assert_int_equal(plan.count, 256);

    parse(big, fill(0, 1000, "ext4", 8, true));
    expect_findings("1000 file systems", &plan.head, CODE,
                    &(struct expected)ERROR_AT(257, 0, "", "first without room is: /ext4/256"), 1);

    /* A host of many containers: what is only reported must not cost what is frozen. */
    parse(big, fill(fill(0, 1000, "overlay", 0, true), 3, "ext4", 8, true));
    expect_findings("1000 overlays", &plan.head, CODE,
                    &(struct expected)WARNING_AT(254, 0, "", "not listed, there are more than 256: /overlay/253"), 1);
    assert_int_equal(plan.count, 256);
    assert_int_equal(plan.entries[2].skip, FS_ELIGIBLE);
    assert_int_equal(plan.entries[3].skip, FS_OVERLAY);

    parse(big, fill(0, 5000, "tmpfs", 0, true));
    expect_findings("5000 tmpfs", &plan.head, CODE, NULL, 0);
    assert_int_equal(plan.count, 0);
}

static void test_long_names(void **state)
{
    size_t used;

    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        used = (size_t)snprintf(big, sizeof(big), "1 0 8:1 / /");
        memset(big + used, 'x', (size_t)(PLAN_PATH_MAX - 2 + extra));
        used += (size_t)(PLAN_PATH_MAX - 2 + extra);
        used += (size_t)snprintf(big + used, sizeof(big) - used, " rw - ext4 s rw\n");
        parse(big, used);
        assert_int_equal(plan.head.usable, !extra);
        assert_int_equal(plan.count, !extra);
    }
    expect_findings("4096", &plan.head, CODE, &(struct expected)ERROR_AT(1, 0, "", "no room for the names"), 1);

    used = 0;
    for (int i = 0; i < 25; i++) { /* 25 x 4 KiB do not fit */
        used += (size_t)snprintf(big + used, sizeof(big) - used, "1 0 8:%d / /", i);
        memset(big + used, 'x', 4000);
        used += 4000;
        used += (size_t)snprintf(big + used, sizeof(big) - used, " rw - ext4 s rw\n");
    }
    parse(big, used);
    expect_findings("text", &plan.head, CODE, &(struct expected)ERROR_AT(25, 0, "", "no room for the names"), 1);
}

/* Other mount points are left out before anything else is. */
static void test_many_points(void **state)
{
    size_t used = 0;

    (void)state;
    for (int i = 0; i < 3000; i++)
        used += (size_t)snprintf(big + used, sizeof(big) - used, "%d 1 8:%d / /a/rather/long/mount/point/of/its/own/%05d rw - ext4 s rw\n",
                                 100 + i, i % 2, i);
    used += (size_t)snprintf(big + used, sizeof(big) - used, "9999 1 8:9 / /last rw - ext4 /dev/last rw\n");
    parse(big, used);
    expect_findings("3000 mounts of two", &plan.head, CODE, &(struct expected)WARNING_AT(0, 0, "", "too many mounts to list"), 1);
    assert_int_equal(plan.count, 3);
    assert_true(plan.entries[0].mount_points > 1000);
    assert_string_equal(plan.text + plan.entries[2].mount_point, "/last");
    assert_string_equal(plan.text + plan.entries[2].source, "/dev/last");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_many_points),
    };

    return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
