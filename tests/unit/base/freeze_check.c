/*
 * What the monitor lets be frozen: a FREEZE as it should be, and each way of asking
 * for more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/freeze_check.h"

enum { ENTRIES = 4 };

static struct mount_plan table;
static struct msg_request asked;
static struct vmbackup_plan configured;
static struct msg_freeze request;

static uint32_t text(const char *string)
{
    uint32_t at = table.text_length;
    memcpy(table.text + at, string, strlen(string) + 1);
    table.text_length += (uint32_t)strlen(string) + 1;
    return at;
}

static void list(struct mount_list *to, const char *name)
{
    memcpy(to->text + to->length, name, strlen(name) + 1);
    to->length += (uint32_t)strlen(name) + 1;
    to->count++;
}

/* Four file systems, of which the last cannot be frozen; two are asked for. */
static int begin(void **state)
{
    static const char *const points[ENTRIES] = { "/a", "/b", "/c", "/d" };
    static const char *const sources[ENTRIES] = { "/dev/a", "/dev/b", "/dev/c", "/dev/d" };
    (void)state;
    memset(&table, 0, sizeof table);
    memset(&asked, 0, sizeof asked);
    memset(&configured, 0, sizeof configured);
    memset(&request, 0, sizeof request);
    for (unsigned i = 0; i < ENTRIES; i++) {
        table.entries[i].mount_point = text(points[i]);
        table.entries[i].mount_points = 1;
        table.entries[i].source = text(sources[i]);
    }
    table.entries[3].skip = FS_READ_ONLY;
    table.count = ENTRIES;
    configured.freeze = 1;
    request.count = 2;
    request.timeout_ms = PLAN_FREEZE_TIMEOUT_DEFAULT * 1000;
    request.targets[0] = (struct freeze_target){ 1, 0 };
    request.targets[1] = (struct freeze_target){ 0, 3 };
    return 0;
}

static bool valid(void)
{
    return freeze_valid(&request, &table, &asked, &configured);
}

/* ---- more than may be -------------------------------------------------------------- */

#define SPOILS(X)                                                         \
    X(none, request.count = 0)                                            \
    X(many, request.count = ENTRIES + 1)                                  \
    X(huge, request.count = UINT32_MAX)                                   \
    X(no_time, request.timeout_ms = 0)                                    \
    X(long_time, request.timeout_ms++)                                    \
    X(endless, request.timeout_ms = UINT32_MAX)                           \
    X(longer_than_asked, asked.freeze_timeout_seconds = 59)               \
    X(longer_than_configured, configured.timeout_seconds = 59)               \
    X(asked_counts_first, asked.freeze_timeout_seconds = 59; configured.timeout_seconds = 60) \
    X(switched_off, configured.freeze = 0)                                \
    X(twice, request.targets[1].index = 1)                                \
    X(beyond, request.targets[1].index = ENTRIES)                         \
    X(far_beyond, request.targets[1].index = UINT32_MAX)                  \
    X(not_eligible, request.targets[1].index = 3)                         \
    X(levels, request.targets[0].level = 4)                               \
    X(not_named, list(&asked.mounts, "/b"))                               \
    X(named_otherwise, list(&asked.mounts, "/b"); list(&asked.mounts, "/aa")) \
    X(excluded, list(&asked.exclude, "/a/"))                              \
    X(excluded_by_source, list(&asked.exclude, "/dev/b"))                 \
    X(skipped, list(&configured.skip, "/x"); list(&configured.skip, "/a"))

#define X(name, statement) static void spoil_##name(void) { statement; }
SPOILS(X)
#undef X

static const struct {
    const char *name;
    void (*spoil)(void);
} spoils[] = {
#define X(name, statement) { #name, spoil_##name },
    SPOILS(X)
#undef X
};

static void each_spoiled(void **state)
{
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        (void)begin(state);
        assert_true(valid());
        spoils[i].spoil();
        if (valid()) {
            fail_msg("'%s' is taken", spoils[i].name);
        }
    }
}

/* ---- what may be ---------------------------------------------------------------------- */

static void lists(void **state)
{
    (void)state;
    list(&asked.mounts, "/b//");
    list(&asked.mounts, "/dev/a");
    list(&asked.exclude, "/c");
    list(&configured.skip, "/d");
    assert_true(valid());
    assert_int_equal(freeze_wanted(&table, &asked, &configured), 2);
}

static void seconds(void **state)
{
    (void)state;
    assert_int_equal(freeze_seconds(0, &configured), PLAN_FREEZE_TIMEOUT_DEFAULT);
    configured.timeout_seconds = 7;
    assert_int_equal(freeze_seconds(0, &configured), 7);
    assert_int_equal(freeze_seconds(1800, &configured), 1800);
    request.timeout_ms = 1800 * 1000;
    asked.freeze_timeout_seconds = 1800;
    assert_true(valid());
}

static void counted(void **state)
{
    (void)state;
    assert_int_equal(freeze_wanted(&table, &asked, &configured), 3);
    list(&configured.skip, "/a");
    assert_int_equal(freeze_wanted(&table, &asked, &configured), 2);
    configured.freeze = 0;
    assert_int_equal(freeze_wanted(&table, &asked, &configured), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = { T(each_spoiled), T(lists), T(seconds), T(counted) };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
