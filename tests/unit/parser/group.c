#include "parser/group.h"

#include <stdio.h>

#include "base/plan_check.h"
#include "parser/expect.h"

enum { CODE = 305 };
#define KEY "quiesce.runAs"

static const char database[] =
    "root:x:0:\n"
    "disk:x:6:db,backup\n"
    "db:x:26:\n"
    "ssl:x:110:www,db\n"
    "# off:x:7:db\n"
    "again:x:6:db\n"
    "near:x:8:dba,xdb, db,db2\n"
    "short:x:db\n"
    "long:x:9:db:db\n"
    "minus:x:-1:bad1\n"
    "none:x:4294967295:bad2\n"
    "zero:x:010:bad3,only\n"
    "good:x:11:only";

static const struct {
    const char *user;
    uint32_t count, gids[2];
    struct expected findings[2];
} rows[] = {
    {"db", 2, {6, 110}, {NO_FINDING}},
    {"backup", 1, {6, 0}, {NO_FINDING}},
    {"www", 1, {110, 0}, {NO_FINDING}},
    {"root", 0, {0, 0}, {NO_FINDING}},
    {"absent", 0, {0, 0}, {NO_FINDING}},
    {"26", 0, {0, 0}, {NO_FINDING}},
    {"bad1", 0, {0, 0}, {ERROR_AT(10, 0, KEY, "'minus' is not a usable number")}},
    {"bad2", 0, {0, 0}, {ERROR_AT(11, 0, KEY, "'none'")}},
    {"only", 0, {0, 0}, {ERROR_AT(12, 0, KEY, "'zero'")}},
    {"", 0, {0, 0}, {ERROR_AT(0, 0, KEY, "no user")}},
};

static void test_rows(void **state)
{
    static struct group_plan plan;
    char *bytes = exact_copy(database, sizeof(database) - 1);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        group_parse(rows[i].user, bytes, sizeof(database) - 1, &plan);
        expect_findings(rows[i].user, &plan.head, CODE, rows[i].findings, COUNT(rows[i].findings));
        assert_true(plan_valid(DOC_GROUP, &plan));
        if (!plan.head.usable) continue;
        assert_int_equal(plan.count, rows[i].count);
        for (uint32_t n = 0; n < plan.count; n++) assert_int_equal(plan.gids[n], rows[i].gids[n]);
    }
    free(bytes);
}

static void test_too_many(void **state)
{
    static struct group_plan plan;
    static char text[4096];
    size_t used = 0;

    (void)state;
    for (unsigned i = 0; i < PLAN_GROUPS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "g%u:x:%u:u\n", i, i + 100);
    group_parse("u", text, used, &plan);
    assert_int_equal(plan.head.usable, 1);
    assert_int_equal(plan.count, PLAN_GROUPS_MAX);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "more:x:7:u\n");
    group_parse("u", text, used, &plan);
    expect_findings("65", &plan.head, CODE, &(struct expected)ERROR_AT(65, 0, KEY, "more than 64 groups, as 'more'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_too_many)};

    return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
