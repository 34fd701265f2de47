#include "parser/vmbackup.h"

#include <stdio.h>

#include "base/plan_check.h"
#include "parser/expect.h"

enum { CODE = 304 };
#define S "[SnapshotThread]\n"

static const struct {
    const char *text;
    uint32_t freeze, timeout, count;
    const char *skip; /* count strings, each with its NUL */
    struct expected findings[3];
} rows[] = {
    {"", 1, 60, 0, "", {NO_FINDING}},
    {S, 1, 60, 0, "", {NO_FINDING}},
    {S "fsfreeze: True\ntimeout:60\nMountsToSkip =\n", 1, 60, 0, "", {NO_FINDING}},
    {S "fsfreeze = false\ntimeout=1\n", 0, 1, 0, "", {NO_FINDING}},
    {S "MountsToSkip = /a, /b c/ ,,/\n", 1, 60, 3, "/a\0/b c\0/\0", {NO_FINDING}},
    {S "timeout=1801\n", 1, 1800, 0, "", {WARNING_AT(2, 9, "SnapshotThread.timeout", "lowered to 1800")}},
    {"[other]\ntimeout=x\nwhat=%(ever)s\n[SnapshotThread]\nsafefreeze=1\ncmd=%d\n  more\n", 1, 60, 0, "", {NO_FINDING}},
    {"[DEFAULT]\ntimeout=7\n" S, 1, 7, 0, "", {NO_FINDING}},
    {S "fsfreeze = yes\ntimeout = 0\nMountsToSkip = data\n", 0, 0, 0, "",
     {ERROR_AT(2, 12, "SnapshotThread.fsfreeze", "True or False"), ERROR_AT(3, 11, "SnapshotThread.timeout", "1 to 1800"),
      ERROR_AT(4, 16, "SnapshotThread.MountsToSkip", "absolute path was expected, beginning with '/', not 'data'")}},
    {S "fsfreeze = False\nfsfreeze = True\n", 0, 0, 0, "", {ERROR_AT(3, 1, "SnapshotThread.fsfreeze", "again")}},
};

static void test_rows(void **state)
{
    static struct vmbackup_plan plan;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = exact_copy(rows[i].text, strlen(rows[i].text));
        size_t length = 0;
        vmbackup_parse(text, strlen(rows[i].text), &plan);
        expect_findings(rows[i].text, &plan.head, CODE, rows[i].findings, COUNT(rows[i].findings));
        assert_true(plan_valid(DOC_VMBACKUP, &plan));
        free(text);
        if (!plan.head.usable) continue;
        assert_int_equal(plan.freeze, rows[i].freeze);
        assert_int_equal(plan.timeout_seconds, rows[i].timeout);
        assert_int_equal(plan.skip.count, rows[i].count);
        for (uint32_t n = 0; n < rows[i].count; n++) length += strlen(rows[i].skip + length) + 1;
        assert_int_equal(plan.skip.length, length);
        assert_memory_equal(plan.skip.text, rows[i].skip, length);
    }
}

static void test_too_many(void **state)
{
    static struct vmbackup_plan plan;
    char text[1024];

    (void)state;
    for (int count = PLAN_SKIP_MAX; count <= PLAN_SKIP_MAX + 1; count++) {
        size_t used = (size_t)snprintf(text, sizeof(text), S "MountsToSkip=");
        for (int i = 0; i < count; i++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "/m%d,", i);
        vmbackup_parse(text, used, &plan);
        assert_int_equal(plan.head.usable, count == PLAN_SKIP_MAX);
        assert_true(plan_valid(DOC_VMBACKUP, &plan));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_too_many)};

    return cmocka_run_group_tests_name("vmbackup", tests, NULL, NULL);
}
