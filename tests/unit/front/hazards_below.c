/*
 * Swap files and files on the network below what is frozen, from a table of swaps, a table of
 * mounts and a way down made for it.
 */
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

#include "front/hazards.h"

enum { OUTER, INNER, NAS, FAR, SYSTEMS };

static struct report *report;
static struct hazards found;
static char place[32];
static int tree;

/* INNER lies on a file of OUTER, FAR on a file of NAS. */
static struct ground ground = { .known = true, .count = 3, .steps = {
    { .fs = OUTER, .kind = GROUND_DISK, .major = 8, .minor = 1, .below = GROUND_NOWHERE },
    { .fs = INNER, .kind = GROUND_FILE, .major = 7, .minor = 0, .below = OUTER, .path = "/image" },
    { .fs = FAR, .kind = GROUND_FILE, .major = 7, .minor = 1, .below = NAS, .path = "/nas/image", .type = "nfs4" },
} };

static void put(const char *path, const char *text)
{
    int fd = openat(tree, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* All files of the tree are in one mount, which is of this number. */
static void put_mount(const char *number)
{
    struct statx facts;
    char line[96];
    assert_int_equal(statx(tree, "", AT_EMPTY_PATH, STATX_MNT_ID, &facts), 0);
    snprintf(line, sizeof line, "%llu 1 %s / /x rw - ext4 /dev/x rw\n", (unsigned long long)facts.stx_mnt_id, number);
    put("proc/self/mountinfo", line);
}

static int begin(void **state)
{
    static const uint32_t numbers[SYSTEMS][2] = { { 8, 1 }, { 7, 0 }, { 0, 50 }, { 7, 1 } };
    (void)state;
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    snprintf(place, sizeof place, "/tmp/below.XXXXXX");
    if (report == MAP_FAILED || mkdtemp(place) == NULL) {
        return -1;
    }
    tree = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    report->fs_count = SYSTEMS;
    for (uint32_t i = 0; i < SYSTEMS; i++) {
        report->fs[i] = (struct report_fs){ .major = numbers[i][0], .minor = numbers[i][1], .mount_point = { 0, 6 } };
    }
    memcpy(report->text, "/mount", 6);
    report->text_length = 6;
    report->fs[NAS].skip = FS_NETWORK;
    report->fs[FAR].skip = FS_NOT_NAMED;
    if (mkdirat(tree, "proc", 0700) != 0 || mkdirat(tree, "proc/self", 0700) != 0) {
        return -1;
    }
    put("swap file", "");
    put_mount("7:0");
    return 0;
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

static void look(void)
{
    int proc = openat(tree, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    found = (struct hazards){ 0 };
    hazards_below(&found, report, &ground, proc, tree);
    close(proc);
}

static void swaps(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        unsigned count;
    } rows[] = {
        { "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swap\\040file                              file\t\t8188\t\t0\t\t-2\n", 1 },
        { "/swap\\040file file 8188 0 -2\n/swap\\040file file 8188 0 -3\n", 1 },
        { "/swap\\040file\tfile", 1 },
        { "/dev/loop0 partition 8188 0 -2\n", 0 },
        { "/swap\\040file\\040(deleted) file 8188 0 -2\n", 0 },
        { "/ file 1 0 -2\nfile\n\n \n/x\nswap\\040file file 1 0 -2\n", 0 },
        { "", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put("proc/swaps", rows[i].table);
        look();
        if (found.count != rows[i].count) {
            fail_msg("row %zu: %u", i, found.count);
        }
    }
    put("proc/swaps", rows[0].table);
    look();
    assert_int_equal(found.list[0].kind, HAZARD_SWAP);
    assert_int_equal(found.list[0].fs, OUTER);
    assert_string_equal(found.list[0].path, "/swap file");
    put_mount("8:1"); /* directly on what is frozen: its pages bypass that */
    look();
    assert_int_equal(found.count, 0);
    put_mount("7:0");
    report->fs[OUTER].skip = FS_EXCLUDED;
    look();
    assert_int_equal(found.count, 0);
    report->fs[OUTER].skip = FS_ELIGIBLE;
}

/* Only below what is frozen. */
static void files(void **state)
{
    (void)state;
    put("proc/swaps", "");
    look();
    assert_int_equal(found.count, 0);
    report->fs[FAR].skip = FS_ELIGIBLE;
    look();
    assert_int_equal(found.count, 1);
    assert_int_equal(found.list[0].kind, HAZARD_REMOTE);
    assert_int_equal(found.list[0].fs, FAR);
    report->fs[NAS].skip = FS_FUSE;
    look();
    assert_int_equal(found.count, 1);
    report->fs[NAS].skip = FS_READ_ONLY;
    look();
    assert_int_equal(found.count, 0);
    report->fs[NAS].skip = FS_NETWORK;
}

static void words(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    put("proc/swaps", "/swap\\040file file 1 0 -2\n");
    look();
    hazards_print(out, &found, report);
    fclose(out);
    assert_non_null(strstr(text, "nfs4 provides /nas/image, below /mount, which is frozen in a run: if it does not answer"));
    assert_non_null(strstr(text, "the kernel swaps to /swap file, which in the end lies on /mount, which is frozen in a run: whoever"));
    free(text);
}

/* Nothing there: nothing found. */
static void absent(void **state)
{
    (void)state;
    found = (struct hazards){ 0 };
    hazards_below(&found, report, &(struct ground){ 0 }, -1, -1);
    assert_int_equal(found.count, 0);
    unlinkat(tree, "proc/swaps", 0);
    report->fs[FAR].skip = FS_EXCLUDED;
    look();
    assert_int_equal(found.count, 0);
    report->fs[FAR].skip = FS_ELIGIBLE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swaps), cmocka_unit_test(files), cmocka_unit_test(words), cmocka_unit_test(absent),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
