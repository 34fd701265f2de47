/* The names against the C library's own numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/syscall_names.h"

static const struct {
    const char *name;
    int number;
} rows[] = {
    {"read", SYS_read}, {"openat", SYS_openat}, {"ioctl", SYS_ioctl}, {"clone3", SYS_clone3},
    {"ptrace", SYS_ptrace}, {"io_uring_setup", SYS_io_uring_setup}, {"mount_setattr", SYS_mount_setattr},
    {"exit_group", SYS_exit_group}, {"process_madvise", SYS_process_madvise}, {"landlock_create_ruleset", 444},
    {"cachestat", 451}, {"fchmodat2", 452}, {"statmount", 457}, {"mseal", 462}, {"file_setattr", 469},
};

static void known_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(syscall_number(rows[i].name), rows[i].number);
        assert_non_null(syscall_name((uint32_t)rows[i].number));
        assert_string_equal(syscall_name((uint32_t)rows[i].number), rows[i].name);
    }
}

static void both_ways(void **state)
{
    unsigned known = 0;

    (void)state;
    for (uint32_t i = 0; i < 1024; i++) {
        if (syscall_name(i) == NULL)
            continue;
        known++;
        assert_int_equal(syscall_number(syscall_name(i)), i);
    }
    assert_true(known > 300);
}

static void no_such(void **state)
{
    (void)state;
    assert_null(syscall_name(400)); /* a gap in both tables */
    assert_null(syscall_name(511));
    assert_null(syscall_name(512));
    assert_null(syscall_name(0x40000000));
    assert_null(syscall_name(UINT32_MAX));
    assert_int_equal(syscall_number(""), -1);
    assert_int_equal(syscall_number("READ"), -1);
    assert_int_equal(syscall_number("nosuchcall"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_ones),
        cmocka_unit_test(both_ways),
        cmocka_unit_test(no_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
