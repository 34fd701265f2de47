/*
 * What is frozen, and in which order: a mount table and what lies on what, to a plan.
 *
 *   byte 0       how many lines of topology follow, five bytes each:
 *                major, minor, below_major, below_minor (each 0..15), kind
 *   then         one byte of wishes, and the mount table
 *
 * Oracles: only what is eligible and wished is chosen, each once, in order of level; what lies
 * directly on another chosen one has a lower level; what is chosen passes the monitor's check.
 */
#include <stdlib.h>
#include <string.h>

#include "base/freeze_check.h"
#include "parser/document.h"
#include "plans.h"
#include "supervisor/freeze.h"

const char program_name[] = "fuzz-planning";

enum { LINE = 5, NUMBERS = 16 };

static struct mount_plan table;
static struct msg_topology topology;
static struct freeze_plan plan;
static struct mount_list mounts, exclude;

static void add(struct mount_list *list, const char *name)
{
    memcpy(list->text + list->length, name, strlen(name) + 1);
    list->length += (uint32_t)strlen(name) + 1;
    list->count++;
}

static void read_wishes(uint8_t wishes)
{
    memset(&mounts, 0, sizeof(mounts));
    memset(&exclude, 0, sizeof(exclude));
    if (wishes & 1) {
        add(&mounts, "/");
    }
    if (wishes & 2) {
        add(&mounts, "/a");
    }
    if (wishes & 4) {
        add(&exclude, "/b");
    }
    topology.failed = wishes & 128 ? 1 : 0;
}

static const struct fs_entry *entry_of(uint32_t major, uint32_t minor, uint32_t *index)
{
    for (uint32_t i = 0; i < table.count; i++) {
        if (table.entries[i].major == major && table.entries[i].minor == minor) {
            *index = i;
            return &table.entries[i];
        }
    }
    return NULL;
}

static void check_plan(void)
{
    bool chosen[PLAN_FS_MAX] = {false};
    uint32_t level[PLAN_FS_MAX] = {0};

    FUZZ_CHECK(plan.outcome < OUTCOMES && plan.count <= table.count && plan.issues_count <= FREEZE_ISSUES_MAX, "bounds");
    for (uint32_t i = 0; i < plan.issues_count; i++) {
        FUZZ_CHECK(plan_text_ok(plan.issues[i].message, sizeof(plan.issues[i].message), false) &&
                       plan.issues[i].message[0] != '\0', "an issue is no text: %s", plan.issues[i].message);
    }
    if (plan.outcome != OUTCOME_APP_CONSISTENT) {
        return;
    }
    for (uint32_t i = 0; i < plan.count; i++) {
        const struct freeze_target *t = &plan.targets[i];
        FUZZ_CHECK(t->index < table.count && !chosen[t->index], "entry %u is chosen twice", t->index);
        FUZZ_CHECK(i == 0 || plan.targets[i - 1].level <= t->level, "not in order of level");
        chosen[t->index] = true;
        level[t->index] = t->level;
    }
    for (uint32_t i = 0; i < topology.count; i++) {
        const struct block_below *b = &topology.devices[i];
        uint32_t upper, lower;
        if (b->kind != BELOW_NUMBER || !entry_of(b->major, b->minor, &upper) ||
            !entry_of(b->below_major, b->below_minor, &lower) || !chosen[upper] || !chosen[lower]) {
            continue;
        }
        FUZZ_CHECK(level[upper] < level[lower], "entry %u lies on %u and is frozen at level %u, not before %u", upper, lower,
                   level[upper], level[lower]);
    }
}

static void check_monitor(void)
{
    static struct msg_freeze freeze;
    static struct msg_request request;
    static struct vmbackup_plan configured;

    if (plan.outcome != OUTCOME_APP_CONSISTENT || plan.count == 0) {
        return;
    }
    memset(&freeze, 0, sizeof(freeze));
    freeze.count = plan.count;
    freeze.timeout_ms = 1000;
    memcpy(freeze.targets, plan.targets, sizeof(freeze.targets));
    request.mounts = mounts;
    request.exclude = exclude;
    configured.freeze = 1;
    configured.timeout_seconds = 1;
    FUZZ_CHECK(freeze_valid(&freeze, &table, &request, &configured), "the monitor would refuse this plan");
}

static void run(const char *bytes, size_t n)
{
    static const struct mount_list none;
    const uint8_t *at = (const uint8_t *)bytes, *end = at + n;
    const struct freeze_wishes wishes = {&mounts, &exclude, &none};
    char *text;

    memset(&topology, 0, sizeof(topology));
    for (size_t left = n > 0 ? *at++ : 0; left > 0 && end - at >= LINE; left--, at += LINE) {
        topology.devices[topology.count++] = (struct block_below){
            at[0] % NUMBERS, at[1] % NUMBERS, at[2] % NUMBERS, at[3] % NUMBERS, at[4] % BELOW_KINDS};
    }
    read_wishes(at < end ? *at++ : 0);
    text = fuzz_copy(at, (size_t)(end - at));
    document_parse(DOC_MOUNTS, "", text, (size_t)(end - at), NULL, 0, &table);
    free(text);
    if (!table.head.usable) {
        return;
    }
    fuzz_meter_start();
    freeze_choose(&table, &topology, &wishes, &plan);
    fuzz_meter_stop();
    check_plan();
    check_monitor();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
