/* The table of what is dangerous: every row can be asked about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/capability.h>
#include <string.h>

#include "base/capability.h"
#include "base/policy_words.h"
#include "base/syscall_names.h"
#include "policy/danger.h"

const char program_name[] = "danger";

static void rows(void **state)
{
    (void)state;
    size_t known = 0;
    for (size_t i = 0; i < dangers_count; i++) {
        uint32_t words[CALL_WORDS];
        known += syscall_number(dangers[i].call) >= 0;
        assert_true(strlen(dangers[i].what) > 8);
        assert_true(dangers[i].count <= DANGER_CONDITIONS_MAX);
        assert_int_equal(conditions_solve(dangers[i].conditions, dangers[i].count, NULL, 0, words), CONDITIONS_SOLVED);
        for (unsigned c = 0; c < dangers[i].count; c++) {
            assert_true(dangers[i].conditions[c].word < WORD_IP_LOW);
            assert_int_equal(dangers[i].conditions[c].value & ~dangers[i].conditions[c].mask, 0);
        }
    }
    /* A slip of the pen would be a name that no machine has. */
    assert_true(known + 12 > dangers_count);
}

static void capabilities(void **state)
{
    (void)state;
    assert_int_equal(danger_capabilities >> CAPABILITIES, 0);
    assert_true(danger_capabilities >> CAP_SYS_ADMIN & 1);
    assert_false(danger_capabilities >> CAP_NET_BIND_SERVICE & 1);
    for (unsigned c = 0; c < CAPABILITIES; c++) {
        assert_non_null(capability_words(c));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rows), cmocka_unit_test(capabilities) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
