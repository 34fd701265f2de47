/*
 * What file systems lie on, by a topology and trees made for it: names, files and mounts as
 * the kernel shows them, and what is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/ground.h"

#define MOUNTS                                                                                          \
    "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n21 20 0:30 / /mnt rw - tmpfs none rw\n"                       \
    "22 20 7:0 / /a\\040b rw - xfs /dev/loop0 rw\n23 20 0:40 / /c rw - btrfs /dev/loop1p2 rw\n"         \
    "24 20 0:50 / /nas rw - nfs4 server:/x rw\n25 20 7:2 / /n rw - ext4 /dev/loop2 rw\n"                \
    "26 20 0:60 / /o rw - overlay overlay rw\n27 20 7:3 / /q rw - ext4 /dev/loop3 rw\n"

enum { ROOT, A, C, NAS, N, O, Q, SYSTEMS };

static struct report *report;
static struct ground ground;
static char place[32];
static int tree;

/* In the order of MOUNTS: a disk's partition, with a journal on another disk; loop devices: on
 * the root; a partition of one on A; on the network; an overlay on A; unknown. */
static const struct msg_topology topology = { .count = 10, .devices = {
    { 8, 1, 8, 0, BELOW_NUMBER }, { 8, 1, 8, 16, BELOW_BESIDE }, { 7, 0, 8, 1, BELOW_NUMBER },
    { 259, 2, 7, 1, BELOW_NUMBER }, { 7, 1, 7, 0, BELOW_NUMBER }, { 0, 40, 259, 2, BELOW_NUMBER },
    { 7, 2, 0, 50, BELOW_NUMBER }, { 0, 60, 7, 0, BELOW_NUMBER }, { 7, 3, 0, 0, BELOW_UNKNOWN },
    { 253, 0, 253, 0, BELOW_NUMBER },
} };

static void make_parents(const char *path)
{
    char part[128];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        assert_true(mkdirat(tree, part, 0755) == 0 || errno == EEXIST);
    }
}

static void put(const char *path, const char *text)
{
    make_parents(path);
    int fd = openat(tree, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* As in sysfs, a link to the directory of the device's name. */
static void put_device(const char *number, const char *name, const char *file)
{
    char path[128], link[128];
    snprintf(path, sizeof path, "sys/devices/%s/loop/backing_file", name);
    make_parents(path);
    if (file != NULL) {
        put(path, file);
    }
    snprintf(path, sizeof path, "sys/dev/block/%s", number);
    snprintf(link, sizeof link, "../../devices/%s", name);
    make_parents(path);
    assert_int_equal(symlinkat(link, tree, path), 0);
}

static int begin(void **state)
{
    static const uint32_t numbers[SYSTEMS][2] = { { 8, 1 }, { 7, 0 }, { 0, 40 }, { 0, 50 }, { 7, 2 }, { 0, 60 }, { 7, 3 } };
    (void)state;
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    snprintf(place, sizeof place, "/tmp/ground.XXXXXX");
    if (report == MAP_FAILED || mkdtemp(place) == NULL) {
        return -1;
    }
    tree = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    report->fs_count = SYSTEMS;
    for (uint32_t i = 0; i < SYSTEMS; i++) {
        report->fs[i] = (struct report_fs){ .major = numbers[i][0], .minor = numbers[i][1], .mount_point = { i, 1 } };
        report->text[i] = (char)('A' + (int)i);
    }
    report->text_length = SYSTEMS;
    report->fs[NAS].skip = FS_NETWORK;
    report->fs[O].skip = FS_OVERLAY;
    report->fs[ROOT].level = 3;
    report->fs[A].level = 1;
    put("proc/self/mountinfo", MOUNTS);
    put_device("8:0", "sda", NULL);
    put_device("8:1", "sda1", NULL);
    put_device("8:16", "cciss!c0d1", NULL);
    put_device("7:0", "loop0", "/images/a\n");
    put_device("7:1", "loop1", "/a b/c (deleted)\n");
    put_device("259:2", "loop1p2", NULL);
    put_device("7:2", "loop2", "/nas/n\n");
    return tree >= 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    char command[64];
    close(tree);
    munmap(report, sizeof *report);
    snprintf(command, sizeof command, "rm -rf %s", place);
    return system(command); /* NOLINT(cert-env33-c): a name that mkdtemp made */
}

static void each_step(void **state)
{
    (void)state;
    static const struct ground_step wanted[] = {
        { ROOT, GROUND_DEVICE, 8, 1, GROUND_NOWHERE, "/dev/sda1", "", "", "" },
        { ROOT, GROUND_DISK, 8, 0, GROUND_NOWHERE, "/dev/sda", "", "", "" },
        { ROOT, GROUND_DISK, 8, 16, GROUND_NOWHERE, "/dev/cciss/c0d1", "", "", "" },
        { A, GROUND_FILE, 7, 0, ROOT, "/dev/loop0", "/images/a", "/", "ext4" },
        { C, GROUND_DEVICE, 259, 2, GROUND_NOWHERE, "/dev/loop1p2", "", "", "" },
        { C, GROUND_FILE, 7, 1, A, "/dev/loop1", "/a b/c (deleted)", "/a b", "xfs" },
        { N, GROUND_FILE, 7, 2, NAS, "/dev/loop2", "/nas/n", "/nas", "nfs4" },
        { O, GROUND_FILE_SYSTEM, 7, 0, A, "", "", "/a b", "xfs" },
        { Q, GROUND_DISK, 7, 3, GROUND_NOWHERE, "7:3", "", "", "" },
        { Q, GROUND_UNKNOWN, 7, 3, GROUND_NOWHERE, "", "", "", "" },
    };
    const uint32_t count = sizeof wanted / sizeof *wanted;
    ground_read(&ground, report, &topology, tree);
    assert_true(ground.known && !ground.more);
    assert_int_equal(ground.root, ROOT);
    for (uint32_t i = 0; i < count && i < ground.count; i++) {
        const struct ground_step *a = &ground.steps[i], *b = &wanted[i];
        if (a->fs != b->fs || a->kind != b->kind || a->major != b->major || a->minor != b->minor || a->below != b->below ||
            strcmp(a->device, b->device) != 0 || strcmp(a->path, b->path) != 0 || strcmp(a->mount, b->mount) != 0 ||
            strcmp(a->type, b->type) != 0) {
            fail_msg("step %u: of %u kind %u below %u '%s' '%s' '%s' '%s'", i, a->fs, a->kind, a->below, a->device, a->path,
                     a->mount, a->type);
        }
    }
    assert_int_equal(ground.count, count);
}

/* However far below; and not what would not be frozen. */
static void on_targets(void **state)
{
    (void)state;
    uint32_t target;
    ground_read(&ground, report, &topology, tree);
    assert_true(ground_on_target(&ground, report, C, &target));
    assert_int_equal(target, A);
    report->fs[A].skip = FS_EXCLUDED;
    assert_true(ground_on_target(&ground, report, C, &target));
    assert_int_equal(target, ROOT);
    report->no_freeze = NO_FREEZE_HOST;
    assert_false(ground_on_target(&ground, report, C, &target));
    report->no_freeze = NO_FREEZE_NONE;
    report->fs[ROOT].skip = FS_NOT_NAMED;
    assert_false(ground_on_target(&ground, report, C, &target));
    assert_false(ground_on_target(&ground, report, N, &target));
    report->fs[A].skip = FS_ELIGIBLE;
}

/* Tables that lie: what goes round ends; what cannot be read is said. */
static void hostile(void **state)
{
    (void)state;
    static struct msg_topology round = { .count = 4, .devices = {
        { 8, 1, 253, 0, BELOW_NUMBER }, { 253, 0, 253, 1, BELOW_NUMBER }, { 253, 1, 253, 0, BELOW_NUMBER }, { 7, 0, 7, 0, BELOW_NUMBER },
    } };
    uint32_t target;
    ground_read(&ground, report, &round, tree);
    assert_true(ground.known);
    assert_true(ground_on_target(&ground, report, A, &target)); /* on itself */
    round.count = PLAN_BELOW_MAX;
    for (uint32_t i = 0; i < PLAN_BELOW_MAX; i++) {
        round.devices[i] = (struct block_below){ 8, 1, 300, i, BELOW_NUMBER };
    }
    ground_read(&ground, report, &round, tree);
    assert_true(ground.more);
    assert_int_equal(ground.count, GROUND_STEPS_MAX);
    for (uint32_t i = 0; i < PLAN_BELOW_MAX; i++) {
        round.devices[i] = (struct block_below){ i == 0 ? 8 : 300, i == 0 ? 1 : i - 1, 300, i, BELOW_NUMBER };
    }
    ground_read(&ground, report, &round, tree);
    assert_true(ground.count < 64); /* a chain ends somewhere */
    ground_read(&ground, report, NULL, tree);
    assert_false(ground.known);
    ground_read(&ground, report, &round, -1);
    assert_false(ground.known);
}

static void words(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ground_read(&ground, report, &topology, tree);
    report->fs[A].skip = FS_ELIGIBLE;
    report->fs[ROOT].skip = FS_ELIGIBLE;
    snprintf(ground.steps[3].path, sizeof ground.steps[3].path, "/\033[31m\n");
    ground_print(out, &ground, report);
    fclose(out);
    assert_null(strchr(text, '\033'));
    const char *inner = strstr(text, "  C\n    device /dev/loop1p2\n    file /a b/c (deleted), through /dev/loop1\n    /a b, xfs\n");
    assert_non_null(inner);
    assert_non_null(strstr(inner, "  A\n    device /dev/sda1\n    disk /dev/sda\n")); /* the later level later */
    assert_non_null(strstr(text, "what cannot be told"));
    assert_null(strstr(text, "nas server"));
    free(text);
}

static const cJSON *of(const cJSON *o, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(o, name);
    assert_non_null(member);
    return member;
}

static cJSON *with_members(int count)
{
    cJSON *object = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(object, "fileSystems");
    for (int i = 0; i < count; i++) {
        (void)cJSON_AddItemToArray(array, cJSON_CreateObject());
    }
    ground_json(object, &ground, report);
    return object;
}

static void members(void **state)
{
    (void)state;
    ground_read(&ground, report, &topology, tree);
    cJSON *object = with_members(SYSTEMS);
    const cJSON *all = of(object, "fileSystems"), *root = cJSON_GetArrayItem(all, ROOT), *c = cJSON_GetArrayItem(all, C);
    assert_true(cJSON_IsTrue(of(root, "isRoot")) && cJSON_IsFalse(of(c, "isRoot")));
    assert_int_equal(of(c, "order")->valueint, 1); /* with N and Q at level 0; then A, then the root */
    assert_int_equal(of(cJSON_GetArrayItem(all, A), "order")->valueint, 4);
    assert_int_equal(of(root, "order")->valueint, 5);
    assert_true(cJSON_IsNull(of(cJSON_GetArrayItem(all, NAS), "order")));
    assert_int_equal(cJSON_GetArraySize(of(cJSON_GetArrayItem(all, NAS), "liesOn")), 0);
    const cJSON *file = cJSON_GetArrayItem(of(c, "liesOn"), 1);
    assert_string_equal(of(file, "kind")->valuestring, "file");
    assert_string_equal(of(file, "path")->valuestring, "/a b/c (deleted)");
    assert_string_equal(of(file, "mountPoint")->valuestring, "/a b");
    assert_string_equal(of(file, "deviceNumber")->valuestring, "7:1");
    assert_true(cJSON_IsTrue(of(object, "liesOnComplete")));
    cJSON_Delete(object);
    object = with_members(SYSTEMS - 2); /* of a dry run: without NAS and O */
    file = cJSON_GetArrayItem(of(cJSON_GetArrayItem(of(object, "fileSystems"), 3), "liesOn"), 0);
    assert_string_equal(of(file, "path")->valuestring, "/nas/n");
    cJSON_Delete(object);
    ground.known = false;
    object = with_members(SYSTEMS);
    assert_true(cJSON_IsNull(of(cJSON_GetArrayItem(of(object, "fileSystems"), C), "liesOn")));
    assert_true(cJSON_IsFalse(of(object, "liesOnComplete")));
    cJSON_Delete(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step), cmocka_unit_test(on_targets), cmocka_unit_test(hostile),
        cmocka_unit_test(words),     cmocka_unit_test(members),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
