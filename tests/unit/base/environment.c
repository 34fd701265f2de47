#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/environment.h"

static const struct {
    const char *name;
    bool good;
} names[] = {
    {"PATH", true}, {"_", true}, {"a9_", true}, {"HOME", true}, {"ENVIRONMENT", true}, {"IFS2", true}, {"NODE", true},
    {"LD", true}, {"ld_preload", true}, {"PS40", true}, {"MYLD_PRELOAD", true}, {"QUIESCE", true}, {"BASH", true},
    {"", false}, {"9A", false}, {"A-B", false}, {"A=B", false}, {"A B", false}, {"\xC3\xA4", false}, {"A\xC3\xA4", false},
    {"LD_PRELOAD", false}, {"LD_", false}, {"GLIBC_TUNABLES", false}, {"MALLOC_ARENA_MAX", false}, {"BASH_ENV", false},
    {"BASH_FUNC_x", false}, {"ENV", false}, {"IFS", false}, {"SHELLOPTS", false}, {"BASHOPTS", false}, {"PS4", false},
    {"PYTHONPATH", false}, {"PYTHON", false}, {"PERL5LIB", false}, {"PERL5OPT", false}, {"RUBYOPT", false},
    {"NODE_OPTIONS", false}, {"QUIESCE_PLUGIN", false}, {"QUIESCE_X", false}, {"GCONV_PATH", false},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((environment_name_problem(names[i].name, strlen(names[i].name)) == NULL) == names[i].good) continue;
        print_message("name '%s'\n", names[i].name);
        fail();
    }
}

/* What stands behind the name is not looked at. */
static void test_length(void **state)
{
    (void)state;
    assert_null(environment_name_problem("LD_PRELOAD", 2));
    assert_null(environment_name_problem("A=B", 1));
    assert_non_null(environment_name_problem("ENVIRONMENT", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_length)};

    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
