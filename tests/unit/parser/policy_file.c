/* A compiled policy is used if, and only if, it is exactly the one that its source gives here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parser/policy.h"
#include "parser/policy_file.h"

static const char source[] =
    "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";
enum { N = sizeof source - 1 };

static struct policy_file file, changed;
static struct policy_plan plan, fresh;

static bool use(const void *compiled, size_t n)
{
    bool used;

    memset(&plan, 0xa5, sizeof plan);
    used = policy_parse(&plan, source, N, compiled, n);
    /* Whichever way it came: it is what the source says. */
    assert_memory_equal(&plan, &fresh, sizeof plan);
    return used;
}

static int set_up(void **state)
{
    (void)state;
    memset(&file, 0x5a, sizeof file);
    policy_compile(&fresh, source, N, POLICY_FOR_HOOK);
    return policy_file_make(&file, source, N) ? 0 : -1;
}

static void used(void **state)
{
    (void)state;
    assert_true(use(&file, sizeof file));
}

/* It need not stand on an aligned address. */
static void used_anywhere(void **state)
{
    static char bytes[sizeof file + 1];

    (void)state;
    memcpy(bytes + 1, &file, sizeof file);
    assert_true(use(bytes + 1, sizeof file));
}

static void same_bytes(void **state)
{
    (void)state;
    memset(&changed, 0xff, sizeof changed);
    assert_true(policy_file_make(&changed, source, N));
    assert_memory_equal(&file, &changed, sizeof file);
}

static void none_or_wrong_size(void **state)
{
    (void)state;
    assert_false(use(NULL, 0));
    assert_false(use(&file, 0));
    assert_false(use(&file, sizeof file - 1));
    assert_false(use(&file, sizeof file + 1));
}

/* Any byte before the plan. */
static void other_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < offsetof(struct policy_file, plan); i++) {
        changed = file;
        ((unsigned char *)&changed)[i] ^= 1;
        assert_false(use(&changed, sizeof changed));
    }
}

static void other_source(void **state)
{
    char other[N + 1];

    (void)state;
    memcpy(other, source, sizeof other);
    other[N - 1] = ' ';
    assert_false(policy_parse(&plan, other, N, &file, sizeof file));
    assert_int_equal(plan.head.usable, 0);
}

/* The digest is right, the plan behind it is not. */
static void bad_plan(void **state)
{
    (void)state;
    changed = file;
    changed.plan.filter_length = POLICY_FILTER_MAX + 1;
    assert_false(use(&changed, sizeof changed));
    changed = file;
    changed.plan.filter[0].code = 0xffff;
    assert_false(use(&changed, sizeof changed));
    changed = file;
    changed.plan.paths_count = 1;
    assert_false(use(&changed, sizeof changed));
    changed = file;
    changed.plan.head.usable = 0;
    assert_false(use(&changed, sizeof changed));
    changed = file;
    changed.plan.head.findings_count = UINT32_MAX;
    assert_false(use(&changed, sizeof changed));
}

static void not_made_of_a_bad_source(void **state)
{
    (void)state;
    assert_false(policy_file_make(&changed, "{}", 2));
    assert_true(changed.plan.head.findings_count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(used),
        cmocka_unit_test(used_anywhere),
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(none_or_wrong_size),
        cmocka_unit_test(other_header),
        cmocka_unit_test(other_source),
        cmocka_unit_test(bad_plan),
        cmocka_unit_test(not_made_of_a_bad_source),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
