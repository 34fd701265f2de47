#include "parser/plugin.h"

#include <stdio.h>

#include "base/plan_check.h"
#include "parser/expect.h"

enum { CODE = 305 };
#define LOCATIONS "\"preScriptLocation\":\"/a\",\"postScriptLocation\":\"/b\""
#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static struct plugin_plan plan;

static void parse(const char *text)
{
    char *copy = exact_copy(text, strlen(text));

    plugin_parse(copy, strlen(text), &plan);
    if (plan.head.usable) assert_true(plan_valid(DOC_PLUGIN, &plan));
    free(copy);
}

static void test_template(void **state)
{
    static const char text[] = "{\n"
        "  \"pluginName\" : \"ScriptRunner\",\n  \"preScriptLocation\" : \"\",\n  \"postScriptLocation\" : \"\",\n"
        "  \"preScriptParams\" : [\"\", \"\"],\n  \"postScriptParams\" : [\"\", \"\"],\n"
        "  \"preScriptNoOfRetries\" : 0,\n  \"postScriptNoOfRetries\" : 0,\n  \"timeoutInSeconds\" : 30,\n"
        "  \"continueBackupOnFailure\" : true,\n  \"fsFreezeEnabled\" : true,\n"
        "  \"ScriptsExecutionPollTimeSeconds\" : 3\n}\n";

    (void)state;
    parse(text);
    expect_findings("template", &plan.head, CODE, NULL, 0);
    for (int phase = 0; phase < PHASES; phase++) {
        assert_string_equal(plan.scripts[phase].path, "");
        assert_int_equal(plan.scripts[phase].args_count, 2);
        assert_int_equal(plan.scripts[phase].args_length, 2);
        assert_memory_equal(plan.scripts[phase].args, "\0", 2);
    }
}

static void test_defaults(void **state)
{
    (void)state;
    parse("{" LOCATIONS "}");
    expect_findings("defaults", &plan.head, CODE, NULL, 0);
    assert_string_equal(plan.name, "ScriptRunner");
    assert_string_equal(plan.app_name, "");
    assert_string_equal(plan.run_as, "");
    assert_string_equal(plan.policy, "default");
    assert_string_equal(plan.scripts[PHASE_PRE].path, "/a");
    assert_string_equal(plan.scripts[PHASE_POST].path, "/b");
    assert_int_equal(plan.continue_on_failure, 1);
    assert_int_equal(plan.freeze, 1);
    assert_int_equal(plan.timeout_seconds, 30);
    assert_int_equal(plan.poll_seconds, 3);
    assert_int_equal(plan.grace_seconds, PLAN_GRACE_DEFAULT);
    assert_int_equal(plan.scripts[PHASE_PRE].retries + plan.scripts[PHASE_POST].retries, 0);
    assert_int_equal(plan.scripts[PHASE_PRE].args_count + plan.scripts[PHASE_POST].args_count, 0);
    assert_int_equal(plan.scripts[PHASE_PRE].pinned + plan.scripts[PHASE_POST].pinned, 0);
    assert_int_equal(plan.env_count, 1);
    assert_string_equal(plan.env, "QUIESCE_PLUGIN=ScriptRunner");
    assert_int_equal(plan.env_length, sizeof("QUIESCE_PLUGIN=ScriptRunner"));
}

static void test_everything(void **state)
{
    static const char args[] = "plain\0\0 \"quo\\ted\" \xC3\xA4\xF0\x9F\x98\x80\n\t\x7F\0$(x) `y`;*\0" "1.50\0" "1E2\0true\0" "12345678901234567890";
    static const char env[] = "PATH=/bin\0_x1=a=b\0EMPTY=\0QUIESCE_PLUGIN=db";
    static const struct expected warnings[] = {
        WARNING_AT(2, 94, "preScriptParams[4]", "a number is passed as its text"),
        WARNING_AT(2, 100, "preScriptParams[5]", "a number is passed as its text"),
        WARNING_AT(2, 105, "preScriptParams[6]", "a boolean is passed as its text"),
        WARNING_AT(2, 111, "preScriptParams[7]", "a number is passed as its text"),
    };

    (void)state;
    parse("{\"pluginName\":\"db\",\"appName\":\"App\"," LOCATIONS ",\n"
          "\"preScriptParams\":[\"plain\",\"\",\" \\\"quo\\\\ted\\\" \\u00e4\\uD83D\\uDE00\\n\\t\x7F\",\"$(x) `y`;*\",          1.50, 1E2, true, 12345678901234567890],\n"
          "\"postScriptParams\":[\"--\"],\"preScriptNoOfRetries\":3,\"postScriptNoOfRetries\":4294967294,\n"
          "\"timeoutInSeconds\":1800,\"continueBackupOnFailure\":false,\"fsFreezeEnabled\":false,\n"
          "\"ScriptsExecutionPollTimeSeconds\":5,\"quiesce\":{\"policy\":\"strict\",\"runAs\":\"postgres\",\n"
          "\"preScriptSha256\":\"" HEX64 "\",\"killGraceSeconds\":0,\n"
          "\"environment\":{\"PATH\":\"/bin\",\"_x1\":\"a=b\",\"EMPTY\":\"\"}}}");
    expect_findings("everything", &plan.head, CODE, warnings, COUNT(warnings));
    assert_string_equal(plan.name, "db");
    assert_string_equal(plan.app_name, "App");
    assert_string_equal(plan.policy, "strict");
    assert_string_equal(plan.run_as, "postgres");
    assert_int_equal(plan.scripts[PHASE_PRE].args_count, 8);
    assert_int_equal(plan.scripts[PHASE_PRE].args_length, sizeof(args));
    assert_memory_equal(plan.scripts[PHASE_PRE].args, args, sizeof(args));
    assert_string_equal(plan.scripts[PHASE_POST].args, "--");
    assert_int_equal(plan.scripts[PHASE_PRE].retries, 3);
    assert_true(plan.scripts[PHASE_POST].retries == 4294967294u);
    assert_int_equal(plan.timeout_seconds, 1800);
    assert_int_equal(plan.continue_on_failure, 0);
    assert_int_equal(plan.freeze, 0);
    assert_int_equal(plan.poll_seconds, 5);
    assert_int_equal(plan.grace_seconds, 0);
    assert_int_equal(plan.scripts[PHASE_PRE].pinned, 1);
    assert_int_equal(plan.scripts[PHASE_POST].pinned, 0);
    for (unsigned i = 0; i < 32; i++) assert_int_equal(plan.scripts[PHASE_PRE].sha256[i], i);
    assert_int_equal(plan.env_count, 4);
    assert_int_equal(plan.env_length, sizeof(env));
    assert_memory_equal(plan.env, env, sizeof(env));
}

/* One member beside the two locations, and what is found about it; its value begins in column
 * 3 + the length of its key, in line 2. */
static const struct {
    const char *key, *value;
    int severity;
    const char *found_key, *message;
} members[] = {
    {"pluginName", "\"x\"", -1, NULL, NULL},
    {"pluginName", "1", FINDING_ERROR, "pluginName", "a string was expected, not a number"},
    {"pluginName", "null", FINDING_ERROR, "pluginName", "not null"},
    {"pluginName", "\"\"", FINDING_ERROR, "pluginName", "1 to 64 bytes"},
    {"pluginName", "\"a\\u0007\"", FINDING_ERROR, "pluginName", "control"},
    {"pluginName", "\"1234567890123456789012345678901234567890123456789012345678901234\"", -1, NULL, NULL},
    {"pluginName", "\"12345678901234567890123456789012345678901234567890123456789012345\"", FINDING_ERROR, "pluginName",
     "1 to 64 bytes"},
    {"preScriptParams", "\"x\"", FINDING_ERROR, "preScriptParams", "an array of strings"},
    {"preScriptParams", "{}", FINDING_ERROR, "preScriptParams", "an array of strings was expected, not an object"},
    {"preScriptParams", "[]", -1, NULL, NULL},
    {"preScriptNoOfRetries", "0", -1, NULL, NULL},
    {"preScriptNoOfRetries", "-1", FINDING_ERROR, "preScriptNoOfRetries", "must be 0 to"},
    {"preScriptNoOfRetries", "4294967295", FINDING_ERROR, "preScriptNoOfRetries", "must be 0 to 4294967294"},
    {"postScriptNoOfRetries", "1.0", FINDING_ERROR, "postScriptNoOfRetries", "an integer was expected"},
    {"postScriptNoOfRetries", "\"1\"", FINDING_ERROR, "postScriptNoOfRetries", "not a string"},
    {"timeoutInSeconds", "1", -1, NULL, NULL},
    {"timeoutInSeconds", "0", FINDING_ERROR, "timeoutInSeconds", "must be 1 to 1800"},
    {"timeoutInSeconds", "-5", FINDING_ERROR, "timeoutInSeconds", "must be 1 to 1800"},
    {"timeoutInSeconds", "1801", FINDING_WARNING, "timeoutInSeconds", "lowered to 1800"},
    {"timeoutInSeconds", "99999999999999999999", FINDING_WARNING, "timeoutInSeconds", "lowered to 1800"},
    {"timeoutInSeconds", "3e1", FINDING_ERROR, "timeoutInSeconds", "without fraction and exponent"},
    {"timeoutInSeconds", "true", FINDING_ERROR, "timeoutInSeconds", "not a boolean"},
    {"continueBackupOnFailure", "1", FINDING_ERROR, "continueBackupOnFailure", "true or false was expected, not a number"},
    {"continueBackupOnFailure", "\"true\"", FINDING_ERROR, "continueBackupOnFailure", "not a string"},
    {"fsFreezeEnabled", "null", FINDING_ERROR, "fsFreezeEnabled", "not null"},
    {"fsFreezeEnabled", "[]", FINDING_ERROR, "fsFreezeEnabled", "not an array"},
    {"ScriptsExecutionPollTimeSeconds", "0", FINDING_ERROR, "ScriptsExecutionPollTimeSeconds", "must be 1 to 5"},
    {"ScriptsExecutionPollTimeSeconds", "6", FINDING_ERROR, "ScriptsExecutionPollTimeSeconds", "must be 1 to 5"},
    {"ScriptsExecutionPollTimeSeconds", "3.0", FINDING_ERROR, "ScriptsExecutionPollTimeSeconds", "an integer was"},
    {"appName", "\"\"", -1, NULL, NULL},
    {"appName", "false", FINDING_ERROR, "appName", "a string was expected"},
    {"quiesce", "{}", -1, NULL, NULL},
    {"quiesce", "[]", FINDING_ERROR, "quiesce", "an object was expected, not an array"},
};

static void test_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        char text[512];
        uint32_t column = (uint32_t)strlen(members[i].key) + 4;
        struct expected e = {members[i].severity, 2, column, members[i].found_key, members[i].message};
        snprintf(text, sizeof(text), "{" LOCATIONS ",\n\"%s\":%s}", members[i].key, members[i].value);
        parse(text);
        expect_findings(text, &plan.head, CODE, &e, 1);
    }
}

/* Whole documents. */
static const struct {
    const char *text;
    struct expected findings[4];
} documents[] = {
    {"[]", {ERROR_AT(1, 1, "", "an object was expected, not an array")}},
    {"{}", {ERROR_AT(1, 1, "preScriptLocation", "missing"), ERROR_AT(1, 1, "postScriptLocation", "missing")}},
    {"{\"prescriptLocation\":\"/a\",\"postScriptLocation\":\"/b\"}",
     {WARNING_AT(1, 2, "prescriptLocation", "spelled 'preScriptLocation'"), ERROR_AT(1, 1, "preScriptLocation", "missing")}},
    {"{\"preScriptLocation\":\"a\",\"postScriptLocation\":\"/b\\n\"}",
     {ERROR_AT(1, 22, "preScriptLocation", "absolute"), ERROR_AT(1, 47, "postScriptLocation", "control")}},
    {"{" LOCATIONS ",\n\"x\":1,\"a.b\":{\"deep\":[]}}",
     {WARNING_AT(2, 1, "x", "unknown key 'x'"), WARNING_AT(2, 7, "a.b", "unknown key 'a.b'")}},
    {"{" LOCATIONS ",\n\"timeoutInSeconds\":1,\"timeoutInSeconds\":\"x\"}",
     {ERROR_AT(2, 22, "timeoutInSeconds", "stands here again"), ERROR_AT(2, 41, "timeoutInSeconds", "an integer")}},
    {"{" LOCATIONS ",\n\"preScriptParams\":[\"a\",null,[\"b\"],{}]}",
     {ERROR_AT(2, 24, "preScriptParams[1]", "a string was expected, not null"),
      ERROR_AT(2, 29, "preScriptParams[2]", "not an array"), ERROR_AT(2, 35, "preScriptParams[3]", "not an object")}},
    {"{" LOCATIONS ",\"quiesce\":{\n\"policy\":\"a/b\",\n\"runAs\":0,\n\"killGraceSeconds\":61,\n\"other\":1}}",
     {ERROR_AT(2, 10, "quiesce.policy", "name of a policy"), ERROR_AT(3, 9, "quiesce.runAs", "a string"),
      ERROR_AT(4, 20, "quiesce.killGraceSeconds", "0 to 60"), WARNING_AT(5, 1, "quiesce.other", "unknown key")}},
    {"{" LOCATIONS ",\"quiesce\":{\n\"policy\":\"..\",\n\"preScriptSha256\":\"" HEX64 "0\",\n\"postScriptSha256\":\"abc\"}}",
     {ERROR_AT(2, 10, "quiesce.policy", "name of a policy"), ERROR_AT(3, 19, "quiesce.preScriptSha256", "64 hex"),
      ERROR_AT(4, 20, "quiesce.postScriptSha256", "64 hex")}},
    {"{" LOCATIONS ",\"quiesce\":{\n\"policy\":\"/etc/p.json\",\"runAs\":\"\",\n\"postScriptSha256\":\"g" HEX64 "\"}}",
     {ERROR_AT(3, 20, "quiesce.postScriptSha256", "64 hex")}},
    {"{" LOCATIONS ",\"quiesce\":{\"environment\":{\n\"A\":1,\"1A\":\"\",\n\"LD_PRELOAD\":\"x\",\"B\":\"a\\nb\"}}}",
     {ERROR_AT(2, 5, "quiesce.environment.A", "a string"), ERROR_AT(2, 7, "quiesce.environment.1A", "begin with a letter"),
      ERROR_AT(3, 1, "quiesce.environment.LD_PRELOAD", "dynamic loader"),
      ERROR_AT(3, 22, "quiesce.environment.B", "control")}},
    {"{" LOCATIONS ",\"quiesce\":{\"environment\":[]}}", {ERROR_AT(1, 78, "quiesce.environment", "an object")}},
    {"{" LOCATIONS "} x", {ERROR_AT(1, 54, "", "should end here")}},
};

static void test_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++) {
        parse(documents[i].text);
        expect_findings(documents[i].text, &plan.head, CODE, documents[i].findings, COUNT(documents[i].findings));
    }
}

/* As many and as long as fit, and one more.  Regression: plugin/too-many-variables-without-a-place. */
static void test_limits(void **state)
{
    static char text[65536];

    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        size_t used = (size_t)snprintf(text, sizeof(text), "{" LOCATIONS ",\"preScriptParams\":[\"\"");
        for (int i = 1; i < PLAN_ARGS_COUNT_MAX + extra; i++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, ",\"%d\"", i);
        snprintf(text + used, sizeof(text) - used, "]}");
        parse(text);
        assert_int_equal(plan.head.usable, !extra);

        used = (size_t)snprintf(text, sizeof(text), "{" LOCATIONS ",\"preScriptParams\":[\"");
        memset(text + used, 'x', PLAN_ARGS_MAX - 1 + extra);
        used += (size_t)(PLAN_ARGS_MAX - 1 + extra);
        snprintf(text + used, sizeof(text) - used, "\"]}");
        parse(text);
        assert_int_equal(plan.head.usable, !extra);

        used = (size_t)snprintf(text, sizeof(text), "{" LOCATIONS ",\"quiesce\":{\"environment\":{\"V\":\"\"");
        for (int i = 2; i < PLAN_ENV_COUNT_MAX + extra; i++) /* one is QUIESCE_PLUGIN */
            used += (size_t)snprintf(text + used, sizeof(text) - used, ",\"V%d\":\"\"", i);
        snprintf(text + used, sizeof(text) - used, "}}}");
        parse(text);
        assert_int_equal(plan.head.usable, !extra);
        if (extra) {
            assert_string_equal(plan.head.findings[0].key, "quiesce.environment");
            assert_int_equal(plan.head.findings[0].line, 1);
            assert_int_equal(plan.head.findings[0].column, strstr(text, "{\"V\"") - text + 1);
        }

        size_t room = PLAN_ENV_MAX - sizeof("QUIESCE_PLUGIN=ScriptRunner") - sizeof("V=");
        used = (size_t)snprintf(text, sizeof(text), "{" LOCATIONS ",\"quiesce\":{\"environment\":{\"V\":\"");
        memset(text + used, 'x', room + (size_t)extra);
        used += room + (size_t)extra;
        snprintf(text + used, sizeof(text) - used, "\"}}}");
        parse(text);
        assert_int_equal(plan.head.usable, !extra);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template),  cmocka_unit_test(test_defaults),  cmocka_unit_test(test_everything),
        cmocka_unit_test(test_members),   cmocka_unit_test(test_documents), cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
