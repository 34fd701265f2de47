/*
 * Who may still freeze: what the guardian has forbidden is not announced any more, and
 * what was announced is not forbidden, but thawed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "base/thaw.h"

const char program_name[] = "test";

static void announced_before_it_is_forbidden(void **unused)
{
    struct record_fs fs = { .state = FS_IDLE };
    (void)unused;
    assert_true(freeze_announce(&fs));
    assert_int_equal(fs.state, FS_FREEZING);
    freeze_forbid(&fs);
    assert_int_equal(fs.state, FS_FREEZING);
}

static void forbidden_before_it_is_announced(void **unused)
{
    struct record_fs fs = { .state = FS_IDLE };
    (void)unused;
    freeze_forbid(&fs);
    assert_false(freeze_announce(&fs));
    assert_int_equal(fs.state, FS_REFUSED);
}

static void announced_once(void **unused)
{
    const uint32_t states[] = { FS_FREEZING, FS_FROZEN, FS_THAWED, FS_REFUSED };
    (void)unused;
    for (unsigned i = 0; i < sizeof states / sizeof *states; i++) {
        struct record_fs fs = { .state = states[i] };
        assert_false(freeze_announce(&fs));
        freeze_forbid(&fs);
        assert_int_equal(fs.state, states[i]);
    }
}

/* No call is made: it would say EBADF. */
static void not_ours_is_not_thawed(void **unused)
{
    const uint32_t states[] = { FS_IDLE, FS_THAWED, FS_REFUSED };
    (void)unused;
    for (unsigned i = 0; i < sizeof states / sizeof *states; i++) {
        struct record_fs fs = { .state = states[i] };
        assert_int_equal(thaw(&fs, -1, true), 0);
        assert_int_equal(fs.state, states[i]);
    }
    struct record_fs frozen = { .state = FS_FROZEN };
    assert_int_equal(thaw(&frozen, -1, true), EBADF);
    assert_int_equal(frozen.state, FS_FROZEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announced_before_it_is_forbidden),
        cmocka_unit_test(forbidden_before_it_is_announced),
        cmocka_unit_test(announced_once),
        cmocka_unit_test(not_ours_is_not_thawed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
