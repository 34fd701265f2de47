/* The names against the kernel's own header. */
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/capability.h"

static void both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CAPABILITIES; i++) {
        assert_non_null(capability_name(i));
        assert_int_equal(strncmp(capability_name(i), "CAP_", 4), 0);
        assert_int_equal(capability_number(capability_name(i)), i);
    }
}

static void known_ones(void **state)
{
    (void)state;
    assert_int_equal(capability_number("CAP_CHOWN"), CAP_CHOWN);
    assert_int_equal(capability_number("CAP_SYS_ADMIN"), CAP_SYS_ADMIN);
    assert_int_equal(capability_number("CAP_SETFCAP"), CAP_SETFCAP);
    assert_string_equal(capability_name(40), "CAP_CHECKPOINT_RESTORE");
}

static void no_such(void **state)
{
    static const char *const names[] = {"", "CHOWN", "cap_chown", "CAP_CHOWN ", "CAP_", "CAP_NONE", "CAP_LAST_CAP"};

    (void)state;
    assert_null(capability_name(CAPABILITIES));
    assert_null(capability_name(UINT32_MAX));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(capability_number(names[i]), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(known_ones),
        cmocka_unit_test(no_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
