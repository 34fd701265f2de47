#include "parser/passwd.h"

#include "base/plan_check.h"
#include "parser/expect.h"

enum { CODE = 305 };
#define KEY "quiesce.runAs"

static const char database[] =
    "# comment:x:7:7::/:\n"
    "root:x:0:0:root:/root:/bin/bash\n"
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    "\n"
    "post gres:x:26:27:PostgreSQL,,,:/var/lib/pg:/bin/sh\n"
    "nohome:x:30:30:::\n"
    "relative:x:31:31::home:/bin/sh\n"
    "minus:x:-1:31::/:/bin/sh\n"
    "largest:x:4294967294:4294967294::/:/bin/sh\n"
    "invalid:x:4294967295:31::/:/bin/sh\n"
    "badgid:x:33:4294967295::/:/bin/sh\n"
    "zero:x:034:0x1::/:/bin/sh\n"
    "short:x:35\n"
    "long:x:36:36::/:/bin/sh:more:and:more\n"
    "root:x:99:99::/second:/bin/sh\n"
    "other0:x:0:5::/other:/bin/sh\n"
    "1234:x:50:50::/digits:/bin/sh\n"
    "fifty:x:1234:50::/fifty:/bin/sh\n"
    "+nis:x:60:60::/:/bin/sh\n"
    "-gone:x:61:61::/:/bin/sh\n"
    ":x:62:62::/:/bin/sh\n"
    "bell\a:x:63:63::/:/bin/sh\n"
    "1234567890123456789012345678901234567890123456789012345678901234x:x:64:64::/:/bin/sh\n"
    "last:x:70:71::/last:/bin/sh";

static const struct {
    const char *user;
    uint32_t uid, gid;
    const char *name, *home;
    struct expected findings[2];
} rows[] = {
    {"root", 0, 0, "root", "/root", {NO_FINDING}},
    {"0", 0, 0, "root", "/root", {NO_FINDING}},
    {"1", 1, 1, "daemon", "/usr/sbin", {NO_FINDING}},
    {"post gres", 26, 27, "post gres", "/var/lib/pg", {NO_FINDING}},
    {"nohome", 30, 30, "nohome", "/", {NO_FINDING}},
    {"30", 30, 30, "nohome", "/", {NO_FINDING}},
    {"relative", 31, 31, "relative", "/", {WARNING_AT(7, 0, KEY, "'/' is taken")}},
    {"largest", 4294967294u, 4294967294u, "largest", "/", {NO_FINDING}},
    {"4294967294", 4294967294u, 4294967294u, "largest", "/", {NO_FINDING}},
    {"1234", 50, 50, "1234", "/digits", {NO_FINDING}}, /* a name before a number */
    {"last", 70, 71, "last", "/last", {NO_FINDING}},
    {"minus", 0, 0, "", "", {ERROR_AT(8, 0, KEY, "uid '-1'")}},
    {"invalid", 0, 0, "", "", {ERROR_AT(10, 0, KEY, "uid '4294967295'")}},
    {"badgid", 0, 0, "", "", {ERROR_AT(11, 0, KEY, "gid '4294967295'")}},
    {"zero", 0, 0, "", "", {ERROR_AT(12, 0, KEY, "uid '034'"), ERROR_AT(12, 0, KEY, "gid '0x1'")}},
    {"short", 0, 0, "", "", {ERROR_AT(13, 0, KEY, "3 fields, not 7")}},
    {"long", 0, 0, "", "", {ERROR_AT(14, 0, KEY, "10 fields, not 7")}},
    {"63", 0, 0, "", "", {ERROR_AT(22, 0, KEY, "control characters")}},
    {"64", 0, 0, "", "", {ERROR_AT(23, 0, KEY, "1 to 64 bytes")}},
    {"", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user ''")}},
    {"nobody", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user 'nobody'")}},
    {"roo", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user 'roo'")}},
    {"Root", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"root:x", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"77", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user '77'")}},
    {"-1", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user '-1'")}},
    {"4294967295", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user '4294967295'")}},
    {"4294967296", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"1x", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {" 1", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"01", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"034", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"+0", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"+nis", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"-gone", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
    {"# comment", 0, 0, "", "", {ERROR_AT(0, 0, KEY, "there is no user")}},
};

static void test_rows(void **state)
{
    static struct passwd_plan plan;
    char *bytes = exact_copy(database, sizeof(database) - 1);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        passwd_parse(rows[i].user, bytes, sizeof(database) - 1, &plan);
        expect_findings(rows[i].user, &plan.head, CODE, rows[i].findings, COUNT(rows[i].findings));
        assert_true(plan_valid(DOC_PASSWD, &plan));
        if (!plan.head.usable) continue;
        assert_true(plan.uid == rows[i].uid && plan.gid == rows[i].gid);
        assert_string_equal(plan.name, rows[i].name);
        assert_string_equal(plan.home, rows[i].home);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests_name("passwd", tests, NULL, NULL);
}
