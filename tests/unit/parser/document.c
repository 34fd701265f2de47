#include "parser/document.h"

#include <stdio.h>

#include "base/plan_check.h"
#include "parser/expect.h"

const char program_name[] = "test";

/* For each kind: bytes that are a document, bytes that are none, and the size that is too much. */
static const struct {
    enum document_kind kind;
    const char *argument, *good, *bad;
    size_t bytes_max, plan_size;
    uint32_t code;
} kinds[] = {
    {DOC_HOST, "", "[pre_post]\nnumberOfPlugins=0\n", "[x]", 65536, sizeof(struct host_plan), 304},
    {DOC_VMBACKUP, "", "", "x", 65536, sizeof(struct vmbackup_plan), 304},
    {DOC_PLUGIN, "", "{\"preScriptLocation\":\"/a\",\"postScriptLocation\":\"\"}", "{\"pluginName\":\"x\",}", 65536,
     sizeof(struct plugin_plan), 305},
    {DOC_POLICY, "", "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}", "{", 262144,
     sizeof(struct policy_plan), 305},
    {DOC_PASSWD, "root", "root:x:0:0::/root:/bin/sh\n", "", 4194304, sizeof(struct passwd_plan), 305},
    {DOC_GROUP, "root", "root:x:0:\n", "x:x:-1:root\n", 4194304, sizeof(struct group_plan), 305},
    {DOC_MOUNTS, "", "1 0 8:1 / / rw - ext4 s rw\n", "1 0 8:1 / / rw - ext4 s rw\nx\n", 4194304,
     sizeof(struct mount_plan), 121},
};

static union document_plan plan;

static void parse(size_t i, const char *text, size_t n)
{
    memset(&plan, 0xAA, sizeof(plan));
    document_parse(kinds[i].kind, kinds[i].argument, text, n, NULL, 0, &plan);
    assert_true(plan_valid(kinds[i].kind, &plan));
}

/* Nothing but findings, and nothing written behind the plan. */
static void expect_only_findings(size_t i)
{
    const unsigned char *bytes = (const unsigned char *)&plan;

    assert_int_equal(plan.head.usable, 0);
    assert_int_equal(plan.head.findings[0].code, kinds[i].code);
    for (size_t at = sizeof(plan.head); at < sizeof(plan); at++)
        assert_int_equal(bytes[at], at < kinds[i].plan_size ? 0 : 0xAA);
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(COUNT(kinds), DOC_KINDS);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        assert_int_equal(document_bytes_max(kinds[i].kind), kinds[i].bytes_max);
        parse(i, kinds[i].good, strlen(kinds[i].good));
        if (!plan.head.usable) print_findings(&plan.head);
        assert_int_equal(plan.head.usable, 1);
        parse(i, kinds[i].bad, strlen(kinds[i].bad));
        expect_only_findings(i);
        parse(i, NULL, kinds[i].bytes_max + 1); /* refused by its size, not read */
        expect_only_findings(i);
        assert_non_null(strstr(plan.head.findings[0].message, "larger than"));
    }
}

/* A script is started from behind its filter. */
static void test_execve(void **state)
{
#define PROFILE(action, rest) "{\"defaultAction\":\"SCMP_ACT_" action "\",\"syscalls\":[{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_" rest "}]}"
    static const struct {
        const char *text;
        uint32_t usable;
    } policies[] = {
        {PROFILE("ERRNO", "ALLOW\""), 1},
        {PROFILE("ERRNO", "LOG\""), 1},
        {PROFILE("ALLOW", "ERRNO\",\"args\":[{\"index\":1,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]"), 1},
        {PROFILE("ALLOW", "ERRNO\""), 0},
        {PROFILE("ALLOW", "KILL\""), 0},
        {"{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        parse(DOC_POLICY, policies[i].text, strlen(policies[i].text));
        assert_int_equal(plan.head.usable, policies[i].usable);
        if (!policies[i].usable)
            assert_non_null(strstr(plan.head.findings[plan.head.findings_count - 1].message, "does not allow execve"));
    }
#undef PROFILE
}

/* Bytes of every value at every place: whatever comes, the answer is valid. */
static void test_noise(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        size_t n = strlen(kinds[i].good);
        for (unsigned round = 0; round < 500 && n > 0; round++) {
            char *text = exact_copy(kinds[i].good, n);
            for (unsigned change = 0; change <= round % 4; change++) {
                seed = seed * 1664525u + 1013904223u;
                text[(seed >> 8) % n] = (char)(seed >> 24);
            }
            parse(i, text, n);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_execve),
                                       cmocka_unit_test(test_noise)};

    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
