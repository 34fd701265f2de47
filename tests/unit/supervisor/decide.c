/*
 * The contract's table "What happens when", row by row, and what lies between its rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/decide.h"

const char program_name[] = "test-decide";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct row {
    const char *event;
    struct facts facts; /* as they are at the end */
    bool scripts;       /* whether pre-scripts are run */
    enum snapshot_way way; /* before the freeze was tried */
    enum outcome outcome;
    enum grade grade;
    int exit_status;
};

#define C .continue_on_failure = true
#define F .freeze_wanted = true
#define ONE .plugins = 1
#define FROZEN .frozen = true
#define TAKEN .snapshot = SNAPSHOT_TAKEN

static const struct row rows[] = {
    {"all well, F", {ONE, C, F, FROZEN, TAKEN}, true, SNAPSHOT_FROZEN, OUTCOME_APP_CONSISTENT, GRADE_APPLICATION, 0},
    {"all well, F, not C", {ONE, F, FROZEN, TAKEN}, true, SNAPSHOT_FROZEN, OUTCOME_APP_CONSISTENT, GRADE_APPLICATION, 0},
    {"all well, not F", {ONE, C, TAKEN}, true, SNAPSHOT_UNFROZEN, OUTCOME_APP_CONSISTENT, GRADE_APPLICATION, 0},

#define CONFIGURATION(o)                                                                                            \
    {#o ", C", {ONE, C, F, FROZEN, TAKEN, .documents = OUTCOME_##o}, false, SNAPSHOT_FROZEN, OUTCOME_##o,           \
     GRADE_FILE_SYSTEM, 10},                                                                                         \
    {#o ", not C", {ONE, F, FROZEN, TAKEN, .documents = OUTCOME_##o}, false, SNAPSHOT_FROZEN, OUTCOME_##o,          \
     GRADE_FILE_SYSTEM, 10},                                                                                         \
    {#o ", not F", {ONE, C, .documents = OUTCOME_##o}, false, SNAPSHOT_REFUSED, OUTCOME_##o, GRADE_NONE, 78},
    CONFIGURATION(HOST_CONFIG_WRONG) CONFIGURATION(HOST_CONFIG_MISSING) CONFIGURATION(HOST_CONFIG_MODE)
    CONFIGURATION(HOST_CONFIG_OWNER) CONFIGURATION(PLUGIN_CONFIG_WRONG) CONFIGURATION(PLUGIN_CONFIG_MISSING)
    CONFIGURATION(PLUGIN_CONFIG_MODE) CONFIGURATION(PLUGIN_CONFIG_OWNER)

#define SCRIPT(o)                                                                                                   \
    {#o ", C", {ONE, C, F, FROZEN, TAKEN, .documents = OUTCOME_##o}, false, SNAPSHOT_FROZEN, OUTCOME_##o,           \
     GRADE_FILE_SYSTEM, 10},                                                                                         \
    {#o ", not C", {ONE, F, .documents = OUTCOME_##o}, false, SNAPSHOT_REFUSED, OUTCOME_##o, GRADE_NONE, 20},       \
    {#o ", C, not F", {ONE, C, .documents = OUTCOME_##o}, false, SNAPSHOT_REFUSED, OUTCOME_##o, GRADE_NONE, 20},
    SCRIPT(PRE_NOT_FOUND) SCRIPT(POST_NOT_FOUND) SCRIPT(PRE_PERMISSION) SCRIPT(POST_PERMISSION)
    SCRIPT(CHECKSUM_MISMATCH)

#define PRE(o)                                                                                                      \
    {#o ", C and F", {ONE, C, F, FROZEN, TAKEN, .pre = OUTCOME_##o}, true, SNAPSHOT_FROZEN, OUTCOME_##o,            \
     GRADE_FILE_SYSTEM, 10},                                                                                         \
    {#o ", not C", {ONE, F, .pre = OUTCOME_##o}, true, SNAPSHOT_REFUSED, OUTCOME_##o, GRADE_NONE, 20},              \
    {#o ", not F", {ONE, C, .pre = OUTCOME_##o}, true, SNAPSHOT_REFUSED, OUTCOME_##o, GRADE_NONE, 20},              \
    {#o ", neither", {ONE, .pre = OUTCOME_##o}, true, SNAPSHOT_REFUSED, OUTCOME_##o, GRADE_NONE, 20},
    PRE(PRE_FAILED) PRE(PRE_TIMEOUT) PRE(HOST_PRE_TIMEOUT)

    {"freeze failed", {ONE, C, F, .freeze = OUTCOME_FREEZE_FAILED}, true, SNAPSHOT_REFUSED, OUTCOME_FREEZE_FAILED,
     GRADE_NONE, 21},
    {"mount cannot be opened", {ONE, C, F, .freeze = OUTCOME_MOUNT_UNOPENABLE}, true, SNAPSHOT_REFUSED,
     OUTCOME_MOUNT_UNOPENABLE, GRADE_NONE, 21},
    {"freeze failed, crash allowed", {ONE, C, F, TAKEN, .crash_allowed = true, .freeze = OUTCOME_FREEZE_FAILED}, true,
     SNAPSHOT_UNFROZEN, OUTCOME_CRASH_CONSISTENT, GRADE_CRASH, 11},
    {"freeze failed, crash allowed whatever C says",
     {ONE, F, TAKEN, .crash_allowed = true, .freeze = OUTCOME_FREEZE_FAILED}, true, SNAPSHOT_UNFROZEN,
     OUTCOME_CRASH_CONSISTENT, GRADE_CRASH, 11},
    {"deadline while freezing", {ONE, C, F, .freeze = OUTCOME_FREEZE_TIMEOUT}, true, SNAPSHOT_REFUSED,
     OUTCOME_FREEZE_TIMEOUT, GRADE_NONE, 22},
    {"deadline while freezing, crash allowed",
     {ONE, C, F, TAKEN, .crash_allowed = true, .freeze = OUTCOME_FREEZE_TIMEOUT}, true, SNAPSHOT_UNFROZEN,
     OUTCOME_CRASH_CONSISTENT, GRADE_CRASH, 11},
    {"freeze and pre failed, crash allowed",
     {ONE, C, F, TAKEN, .crash_allowed = true, .pre = OUTCOME_PRE_FAILED, .freeze = OUTCOME_FREEZE_FAILED}, true,
     SNAPSHOT_UNFROZEN, OUTCOME_PRE_FAILED, GRADE_CRASH, 11},
    {"crash allowed, but its snapshot failed",
     {ONE, C, F, .snapshot = SNAPSHOT_FAILED, .crash_allowed = true, .freeze = OUTCOME_FREEZE_FAILED}, true,
     SNAPSHOT_UNFROZEN, OUTCOME_FREEZE_FAILED, GRADE_NONE, 21},
    {"deadline thawed before the snapshot ended",
     {ONE, C, F, FROZEN, TAKEN, .freeze = OUTCOME_FREEZE_TIMEOUT}, true, SNAPSHOT_REFUSED, OUTCOME_FREEZE_TIMEOUT,
     GRADE_NONE, 22},
    {"the same, crash allowed: never usable",
     {ONE, C, F, FROZEN, TAKEN, .crash_allowed = true, .freeze = OUTCOME_FREEZE_TIMEOUT}, true, SNAPSHOT_UNFROZEN,
     OUTCOME_FREEZE_TIMEOUT, GRADE_NONE, 22},
    {"snapshot command failed", {ONE, C, F, FROZEN, .snapshot = SNAPSHOT_FAILED}, true, SNAPSHOT_FROZEN,
     OUTCOME_SNAPSHOT_FAILED, GRADE_NONE, 23},
    {"snapshot command failed, not F", {ONE, C, .snapshot = SNAPSHOT_FAILED}, true, SNAPSHOT_UNFROZEN,
     OUTCOME_SNAPSHOT_FAILED, GRADE_NONE, 23},

#define POST(o)                                                                                                     \
    {#o ", C", {ONE, C, F, FROZEN, TAKEN, .post = OUTCOME_##o}, true, SNAPSHOT_FROZEN, OUTCOME_##o,                 \
     GRADE_FILE_SYSTEM, 10},                                                                                         \
    {#o ", not C", {ONE, F, FROZEN, TAKEN, .post = OUTCOME_##o}, true, SNAPSHOT_FROZEN, OUTCOME_##o, GRADE_NONE, 20},
    POST(POST_FAILED) POST(POST_TIMEOUT) POST(HOST_POST_TIMEOUT)

    {"pre and post failed: the worst counts",
     {ONE, C, F, FROZEN, TAKEN, .pre = OUTCOME_PRE_FAILED, .post = OUTCOME_POST_FAILED}, true, SNAPSHOT_FROZEN,
     OUTCOME_PRE_FAILED, GRADE_FILE_SYSTEM, 10},
    {"post and snapshot failed", {ONE, C, F, FROZEN, .snapshot = SNAPSHOT_FAILED, .post = OUTCOME_POST_FAILED}, true,
     SNAPSHOT_FROZEN, OUTCOME_SNAPSHOT_FAILED, GRADE_NONE, 23},
    {"no plugin", {C, F, FROZEN, TAKEN}, false, SNAPSHOT_FROZEN, OUTCOME_FS_CONSISTENT, GRADE_FILE_SYSTEM, 10},
    {"no plugin and no freeze", {C}, false, SNAPSHOT_REFUSED, OUTCOME_FREEZE_FAILED, GRADE_NONE, 21},
    {"no plugin and no freeze, crash allowed", {C, TAKEN, .crash_allowed = true}, false, SNAPSHOT_UNFROZEN,
     OUTCOME_CRASH_CONSISTENT, GRADE_CRASH, 11},
    {"vmbackup.conf wrong", {ONE, C, F, .documents = OUTCOME_BACKUP_CONFIG_WRONG}, false, SNAPSHOT_REFUSED,
     OUTCOME_BACKUP_CONFIG_WRONG, GRADE_NONE, 78},
    {"cannot be frozen as asked", {ONE, C, F, .plan = OUTCOME_FREEZE_FAILED}, false, SNAPSHOT_REFUSED,
     OUTCOME_FREEZE_FAILED, GRADE_NONE, 21},
    {"cannot be frozen as asked, crash allowed", {ONE, C, F, TAKEN, .crash_allowed = true, .plan = OUTCOME_FREEZE_FAILED},
     true, SNAPSHOT_UNFROZEN, OUTCOME_CRASH_CONSISTENT, GRADE_CRASH, 11},
    {"a part failed", {ONE, C, F, FROZEN, TAKEN, .internal = true}, false, SNAPSHOT_REFUSED, OUTCOME_INTERNAL, GRADE_NONE,
     70},
    {"a part failed, and everything else",
     {ONE, F, .internal = true, .pre = OUTCOME_PRE_FAILED, .freeze = OUTCOME_FREEZE_TIMEOUT}, false, SNAPSHOT_REFUSED,
     OUTCOME_INTERNAL, GRADE_NONE, 70},
};

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        struct decision d = decide(&r->facts);

        if (decide_scripts(&r->facts) != r->scripts)
            fail_msg("%s: scripts", r->event);
        if (decide_snapshot(&r->facts) != r->way)
            fail_msg("%s: the snapshot's way is %d", r->event, decide_snapshot(&r->facts));
        if (d.outcome != r->outcome)
            fail_msg("%s: outcome %s", r->event, outcome_table[d.outcome].id);
        if (d.grade != r->grade)
            fail_msg("%s: grade %s", r->event, grade_name(d.grade));
        if (d.exit_status != r->exit_status)
            fail_msg("%s: exit status %d", r->event, d.exit_status);
    }
}

/* Over every combination of facts: nothing is promised that was not achieved. */
static void never_too_good(void **state)
{
    static const enum outcome documents[] = {OUTCOME_APP_CONSISTENT, OUTCOME_PLUGIN_CONFIG_WRONG, OUTCOME_PRE_NOT_FOUND};
    static const enum outcome pres[] = {OUTCOME_APP_CONSISTENT, OUTCOME_PRE_FAILED};
    static const enum outcome freezes[] = {OUTCOME_APP_CONSISTENT, OUTCOME_FREEZE_FAILED, OUTCOME_FREEZE_TIMEOUT};
    static const enum outcome posts[] = {OUTCOME_APP_CONSISTENT, OUTCOME_POST_TIMEOUT};

    (void)state;
    for (unsigned bits = 0; bits < 64; bits++) {
        for (unsigned n = 0; n < 3 * 2 * 3 * 2 * SNAPSHOT_RESULTS; n++) {
            struct facts f = {
                .plugins = bits & 1,
                .continue_on_failure = bits & 2,
                .freeze_wanted = bits & 4,
                .crash_allowed = bits & 8,
                .frozen = bits & 16,
                .internal = bits & 32,
                .documents = documents[n % 3],
                .pre = pres[n / 3 % 2],
                .freeze = freezes[n / 6 % 3],
                .post = posts[n / 18 % 2],
                .snapshot = n / 36,
            };
            struct decision d = decide(&f);

            if (f.internal || f.snapshot != SNAPSHOT_TAKEN || (f.frozen && f.freeze == OUTCOME_FREEZE_TIMEOUT))
                assert_int_equal(d.grade, GRADE_NONE);
            if (f.freeze_wanted && !f.frozen)
                assert_true(d.grade >= GRADE_CRASH);
            if (d.grade == GRADE_APPLICATION)
                assert_true(f.plugins && f.documents == f.pre && f.pre == f.post && f.post == OUTCOME_APP_CONSISTENT);
            assert_true((d.exit_status == 0) == (d.grade == GRADE_APPLICATION));
            assert_true((d.exit_status == 10) == (d.grade == GRADE_FILE_SYSTEM));
            assert_true((d.exit_status == 11) == (d.grade == GRADE_CRASH));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row), cmocka_unit_test(never_too_good)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
