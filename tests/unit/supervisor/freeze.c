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

#include "supervisor/freeze.h"

const char program_name[] = "test-freeze";

enum { MAX = 8, END = -1 };

struct fs {
    const char *mount;
    const char *source;
    uint32_t major, minor;
    enum fs_skip skip;
    int lies_on; /* -1: no loop; else the row that holds its file; 99: a file system nobody knows */
};

enum { NO_LOOP = -1, UNKNOWN = 99, MEMORY = 98 };

struct row {
    const char *name;
    struct fs fs[MAX];
    const char *mounts[4], *exclude[4], *skip[4];
    enum outcome outcome;
    int levels[MAX]; /* END: not chosen */
    bool one_disk;
    const char *says; /* in the first issue */
};

#define PLAIN FS_ELIGIBLE, NO_LOOP

static const struct row rows[] = {
    {.name = "two beside each other",
     .fs = {{"/a", "/dev/a", 8, 1, PLAIN}, {"/b", "/dev/b", 8, 17, PLAIN}},
     .levels = {0, 0}},
    {.name = "partitions of one disk",
     .fs = {{"/a", "/dev/sda1", 8, 1, PLAIN}, {"/b", "/dev/sda2", 8, 2, PLAIN}},
     .levels = {0, 0},
     .one_disk = true},
    {.name = "the root last within its level",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .levels = {1, 0}},
    {.name = "the root alone", .fs = {{"/", "/dev/a", 254, 0, PLAIN}}, .levels = {0}, .one_disk = true},
    {.name = "a loop device over the root",
     .fs = {{"/", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0}},
     .levels = {1, 0}},
    {.name = "loop on loop, against the order of the table",
     .fs = {{"/in", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}, {"/mid", "/dev/loop0", 7, 0, FS_ELIGIBLE, 2},
            {"/out", "/dev/a", 254, 0, PLAIN}},
     .levels = {0, 1, 2}},
    {.name = "loop on loop, in the order of the table",
     .fs = {{"/out", "/dev/a", 254, 0, PLAIN}, {"/mid", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0},
            {"/in", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}},
     .levels = {2, 1, 0}},
    {.name = "what lies between is not chosen",
     .fs = {{"/out", "/dev/a", 254, 0, PLAIN}, {"/mid", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0},
            {"/in", "/dev/loop1", 7, 1, FS_ELIGIBLE, 1}},
     .exclude = {"/mid"},
     .levels = {1, END, 0}},
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
     .says = "'/a' is on a loop device"},
    {.name = "the same alone",
     .fs = {{"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, UNKNOWN}, {"/b", "/dev/b", 254, 1, PLAIN}},
     .mounts = {"/a"},
     .levels = {0, END},
     .one_disk = true},
    {.name = "images in memory: the one of btrfs last, as the others might lie on it",
     .fs = {{"/e", "/dev/loop0", 7, 0, FS_ELIGIBLE, MEMORY}, {"/b", "/dev/loop2", 0, 40, FS_ELIGIBLE, MEMORY},
            {"/x", "/dev/loop1", 7, 1, FS_ELIGIBLE, MEMORY}},
     .levels = {0, 1, 0}},
    {.name = "images in memory, none of btrfs",
     .fs = {{"/e", "/dev/loop0", 7, 0, FS_ELIGIBLE, MEMORY}, {"/x", "/dev/loop1", 7, 1, FS_ELIGIBLE, MEMORY}},
     .levels = {0, 0}},
    {.name = "two of btrfs that might lie on each other",
     .fs = {{"/a", "/dev/loop0", 0, 40, FS_ELIGIBLE, MEMORY}, {"/b", "/dev/loop1", 0, 41, FS_ELIGIBLE, MEMORY}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END},
     .says = "'/a' may lie on another"},
    {.name = "btrfs on a loop device over another",
     .fs = {{"/a", "/dev/a", 254, 0, PLAIN}, {"/b", "/dev/loop3", 0, 41, FS_ELIGIBLE, 0}},
     .levels = {1, 0}},
    {.name = "a file on an overlay, which lies who knows where",
     .fs = {{"/", "overlay", 0, 30, FS_OVERLAY, NO_LOOP}, {"/a", "/dev/loop0", 7, 0, FS_ELIGIBLE, 0},
            {"/b", "/dev/b", 254, 1, PLAIN}},
     .outcome = OUTCOME_FREEZE_FAILED,
     .levels = {END, END, END},
     .says = "'/a' is on a loop device"},
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
        struct block_below *b = &topology.devices[topology.count];

        table.count = (uint32_t)i + 1;
        e->major = f->major;
        e->minor = f->minor;
        e->skip = (uint8_t)f->skip;
        e->is_root = strcmp(f->mount, "/") == 0;
        e->mount_point = put(f->mount);
        e->source = put(f->source);
        if (f->lies_on == NO_LOOP)
            continue;
        topology.count++;
        b->major = 7; /* of a btrfs the table has another one */
        b->minor = f->major ? f->minor : (uint32_t)(f->source[9] - '0');
        b->below_major = f->lies_on == UNKNOWN ? 9 : f->lies_on == MEMORY ? 0 : r->fs[f->lies_on].major;
        b->below_minor = f->lies_on == UNKNOWN || f->lies_on == MEMORY ? 77 : r->fs[f->lies_on].minor;
    }
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
        topology.devices[i] = (struct block_below){7, i, 7, i - 1};
    }
    topology.devices[0].major = 9; /* the lowest is on no loop device */
    table.count = topology.count = PLAN_FS_MAX;
    freeze_choose(&table, &topology, &wishes, &plan);
    assert_int_equal(plan.outcome, OUTCOME_APP_CONSISTENT);
    assert_int_equal(plan.count, PLAN_FS_MAX);
    for (uint32_t i = 0; i < PLAN_FS_MAX; i++) {
        assert_int_equal(plan.targets[i].index, PLAN_FS_MAX - 1 - i);
        assert_int_equal(plan.targets[i].level, i);
    }
    topology.devices[0] = (struct block_below){7, 0, 7, PLAN_FS_MAX - 1}; /* and now it bites its tail */
    freeze_choose(&table, &topology, &wishes, &plan);
    assert_int_equal(plan.outcome, OUTCOME_FREEZE_FAILED);
    assert_int_equal(plan.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row), cmocka_unit_test(tower)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
