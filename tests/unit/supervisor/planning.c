/*
 * Random mount tables on random machines, planned by freeze.c and by the rules written
 * down once more here: slowly, by a table of who lies on whom for all pairs of numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "supervisor/freeze.h"

const char program_name[] = "test-planning";

enum { TRIALS = 12000, NUMBERS = 20, ENTRIES = 12 };

static struct mount_plan table;
static struct msg_topology topology;
static struct mount_list mounts, exclude, skip;
static struct freeze_plan plan;

/* ---- chance ----------------------------------------------------------------------- */

static uint64_t chance_state;

/* xorshift64; below n */
static uint32_t chance(uint32_t n)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (uint32_t)(chance_state >> 33) % n;
}

static bool one_in(uint32_t n)
{
    return chance(n) == 0;
}

/* ---- a machine ----------------------------------------------------------------------- */

/* Number i of the machine; the entries have the first ones.  An eighth is anonymous. */
static uint32_t majors[NUMBERS], minors[NUMBERS];
static uint32_t entries;

static uint32_t put(const char *text)
{
    uint32_t at = table.text_length;

    memcpy(table.text + at, text, strlen(text) + 1);
    table.text_length += (uint32_t)strlen(text) + 1;
    return at;
}

static void name(struct mount_list *list, uint32_t entry)
{
    const char *text = table.text + table.entries[entry].mount_point;

    memcpy(list->text + list->length, text, strlen(text) + 1);
    list->length += (uint32_t)strlen(text) + 1;
    list->count++;
}

static void make_table(void)
{
    static const uint8_t others[] = {FS_READ_ONLY, FS_NETWORK, FS_OVERLAY, FS_FUSE, FS_UNKNOWN, FS_HIDDEN, FS_BOOT};
    uint32_t root = one_in(3) ? NUMBERS : chance(ENTRIES);
    char text[32];

    memset(&table, 0, sizeof(table));
    entries = table.count = chance(ENTRIES + 1);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        majors[i] = one_in(8) ? 0 : 1 + chance(300);
        minors[i] = 1000 * i + chance(1000);
    }
    for (uint32_t i = 0; i < entries; i++) {
        struct fs_entry *e = &table.entries[i];

        e->major = majors[i];
        e->minor = minors[i];
        e->skip = one_in(8) ? others[chance(sizeof(others))] : FS_ELIGIBLE;
        e->is_root = i == root;
        e->mount_points = 1;
        snprintf(text, sizeof(text), i == root ? "/" : "/mount/%u", i);
        e->mount_point = put(text);
        e->source = put("source");
    }
    memset(&mounts, 0, sizeof(mounts));
    memset(&exclude, 0, sizeof(exclude));
    memset(&skip, 0, sizeof(skip));
    for (uint32_t i = 0; i < entries; i++) {
        if (one_in(12))
            name(one_in(2) ? &exclude : &skip, i);
        if (entries % 4 == 3 && one_in(2))
            name(&mounts, i);
    }
}

/* Mostly what can be: nobody lies on who comes before him. */
static void make_topology(void)
{
    uint32_t order[NUMBERS], lines = chance(NUMBERS + NUMBERS / 2);

    memset(&topology, 0, sizeof(topology));
    for (uint32_t i = 0; i < NUMBERS; i++) {
        uint32_t k = chance(i + 1);

        order[i] = order[k];
        order[k] = i;
    }
    while (topology.count < lines) {
        uint32_t a = chance(NUMBERS), b = chance(NUMBERS), of = chance(100);
        struct block_below *line = &topology.devices[topology.count];

        if (a >= b && !one_in(200))
            continue;
        *line = (struct block_below){.major = majors[order[a]], .minor = minors[order[a]]};
        line->kind = of < 80 ? BELOW_NUMBER : of < 90 ? BELOW_BESIDE : of < 95 ? BELOW_NOTHING : of < 99 ? BELOW_ANONYMOUS
                                                                                                       : BELOW_UNKNOWN;
        if (line->kind <= BELOW_BESIDE) {
            line->below_major = majors[order[b]];
            line->below_minor = minors[order[b]];
        }
        topology.count++;
    }
}

/* ---- the rules, once more ------------------------------------------------------------------ */

static struct model {
    bool on[NUMBERS][NUMBERS]; /* by way of any number of others */
    bool chosen[NUMBERS];
    uint32_t count;
    enum outcome outcome;
    bool ordered; /* there is an order */
    bool one_disk;
} model;

static bool lists(const struct mount_list *list, uint32_t entry)
{
    const char *text = list->text;

    for (uint32_t i = 0; i < list->count; i++, text += strlen(text) + 1)
        if (strcmp(text, table.text + table.entries[entry].mount_point) == 0)
            return true;
    return false;
}

static void expect_outcome(enum outcome outcome)
{
    if (outcome > model.outcome)
        model.outcome = outcome;
}

static void model_choice(void)
{
    for (uint32_t i = 0; i < entries; i++) {
        uint8_t kind = table.entries[i].skip;
        bool named = lists(&mounts, i), out = lists(&exclude, i) || lists(&skip, i);

        model.chosen[i] = kind == FS_ELIGIBLE && !out && (mounts.count == 0 || named);
        model.count += model.chosen[i];
        if (kind == FS_HIDDEN && !out && (mounts.count == 0 || named))
            expect_outcome(OUTCOME_MOUNT_UNOPENABLE);
        if (named && kind != FS_ELIGIBLE && kind != FS_HIDDEN)
            expect_outcome(OUTCOME_FREEZE_FAILED);
    }
}

static uint32_t index_of(uint32_t major, uint32_t minor)
{
    uint32_t i = 0;

    while (majors[i] != major || minors[i] != minor)
        i++;
    return i;
}

/* Warshall. */
static void close_relation(void)
{
    for (uint32_t k = 0; k < NUMBERS; k++)
        for (uint32_t i = 0; i < NUMBERS; i++)
            for (uint32_t j = 0; j < NUMBERS; j++)
                model.on[i][j] = model.on[i][j] || (model.on[i][k] && model.on[k][j]);
}

static bool has_line(uint32_t i, uint32_t kind)
{
    for (uint32_t k = 0; k < topology.count; k++)
        if (index_of(topology.devices[k].major, topology.devices[k].minor) == i &&
            (kind == BELOW_KINDS || topology.devices[k].kind == kind))
            return true;
    return false;
}

static bool unknown(uint32_t i)
{
    uint8_t kind = i < entries ? table.entries[i].skip : FS_UNKNOWN;

    if (has_line(i, BELOW_KINDS))
        return has_line(i, BELOW_UNKNOWN);
    if (kind == FS_FUSE || kind == FS_OVERLAY)
        return true;
    return majors[i] == 0 && kind != FS_READ_ONLY && kind != FS_NETWORK;
}

/* Somebody chosen is on a cycle, or above one. */
static bool any_cycle(void)
{
    for (uint32_t i = 0; i < NUMBERS; i++)
        for (uint32_t k = 0; model.chosen[i] && k < NUMBERS; k++)
            if (model.on[k][k] && (i == k || model.on[i][k]))
                return true;
    return false;
}

static void model_disks(void)
{
    bool disk[NUMBERS] = {false};
    uint32_t disks = 0;

    model.one_disk = true;
    for (uint32_t i = 0; i < NUMBERS; i++)
        for (uint32_t k = 0; model.chosen[i] && k < NUMBERS; k++) {
            if (i != k && !model.on[i][k])
                continue;
            if (unknown(k) || has_line(k, BELOW_ANONYMOUS))
                model.one_disk = false;
            disk[k] = !has_line(k, BELOW_NUMBER);
        }
    for (uint32_t k = 0; k < NUMBERS; k++)
        disks += disk[k];
    model.one_disk = model.one_disk && disks == 1;
}

static void model_order(void)
{
    const struct model sure = model;

    for (uint32_t i = 0; model.count > 1 && i < NUMBERS; i++)
        for (uint32_t k = 0; model.chosen[i] && k < NUMBERS; k++)
            if ((i == k || model.on[i][k]) && unknown(k))
                model.ordered = false;
    for (uint32_t d = 0; d < NUMBERS; d++)
        for (uint32_t c = 0; has_line(d, BELOW_ANONYMOUS) && c < NUMBERS; c++)
            if (model.chosen[c] && majors[c] == 0 && c != d && !sure.on[c][d])
                model.on[d][c] = true;
}

/* The longest way down to it, counted in chosen ones. */
static uint32_t depth(uint32_t i)
{
    uint32_t deepest = 0;

    for (uint32_t above = 0; above < NUMBERS; above++)
        if (model.chosen[above] && model.on[above][i]) {
            uint32_t d = depth(above) + 1;

            deepest = d > deepest ? d : deepest;
        }
    return deepest;
}

static void make_model(void)
{
    memset(&model, 0, sizeof(model));
    model.outcome = OUTCOME_APP_CONSISTENT;
    model.ordered = true;
    model_choice();
    for (uint32_t i = 0; i < topology.count; i++) {
        const struct block_below *line = &topology.devices[i];

        if (line->kind <= BELOW_BESIDE)
            model.on[index_of(line->major, line->minor)][index_of(line->below_major, line->below_minor)] = true;
    }
    close_relation();
    model_disks();
    if (any_cycle())
        model.ordered = false;
    if (model.ordered) {
        model_order();
        close_relation();
        model.ordered = model.ordered && !any_cycle();
    }
    if (!model.ordered)
        expect_outcome(OUTCOME_FREEZE_FAILED);
}

/* ---- comparing -------------------------------------------------------------------------------- */

static void expect(bool holds, unsigned trial, const char *what)
{
    if (!holds)
        fail_msg("trial %u: %s", trial, what);
}

/* 1 + the level of each entry, or 0. */
static void compare_order(unsigned trial)
{
    uint32_t level[ENTRIES] = {0};

    expect(plan.count == model.count, trial, "another number of file systems");
    for (uint32_t i = 0; i < plan.count; i++) {
        const struct freeze_target *t = &plan.targets[i];

        expect(t->index < entries && model.chosen[t->index] && level[t->index] == 0, trial, "not chosen, or twice");
        expect(i == 0 ? t->level == 0 : t->level == plan.targets[i - 1].level || t->level == plan.targets[i - 1].level + 1,
               trial, "levels with a gap");
        level[t->index] = t->level + 1;
    }
    for (uint32_t a = 0; a < entries; a++)
        for (uint32_t b = 0; b < entries; b++) {
            if (a == b || level[a] == 0 || level[b] == 0)
                continue;
            expect(!model.on[a][b] || level[a] < level[b], trial, "one is frozen before what lies on it");
            if (table.entries[a].is_root)
                expect(depth(b) <= depth(a) ? level[b] < level[a] : level[b] > level[a], trial, "/ is not last in its level");
            else if (!table.entries[b].is_root)
                expect((depth(a) == depth(b)) == (level[a] == level[b]), trial, "equals are not frozen together");
        }
}

static void compare(void **state)
{
    const struct freeze_wishes wishes = {&mounts, &exclude, &skip};
    uint32_t ordered = 0, refused = 0, deep = 0, one_disk = 0, several = 0;

    (void)state;
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        chance_state = 0x9E3779B97F4A7C15u * (trial + 1);
        make_table();
        make_topology();
        make_model();
        freeze_choose(&table, &topology, &wishes, &plan);
        expect(plan.outcome == model.outcome, trial, outcome_table[plan.outcome].id);
        expect(plan.one_disk == model.one_disk, trial, "one disk");
        expect((plan.outcome == OUTCOME_APP_CONSISTENT) == (model.outcome == OUTCOME_APP_CONSISTENT), trial, "an outcome");
        if (!model.ordered) {
            expect(plan.count == 0 && plan.issues_count > 0, trial, "no error");
            refused++;
            continue;
        }
        compare_order(trial);
        ordered += plan.count > 1;
        deep += plan.count > 0 && plan.targets[plan.count - 1].level > 2;
        one_disk += plan.one_disk;
        several += plan.one_disk && plan.count > 1;
    }
    /* That there was something to compare. */
    print_message("%u ordered, %u of them deep, %u refused, %u on one disk, %u of them several\n", ordered, deep, refused, one_disk,
                  several);
    assert_true(ordered > TRIALS / 4 && deep > TRIALS / 100 && refused > TRIALS / 10 && several > TRIALS / 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(compare)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
