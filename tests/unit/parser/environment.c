#include "parser/environment.h"

#include "parser/expect.h"

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
    for (size_t i = 0; i < COUNT(names); i++) {
        if ((environment_name_problem(names[i].name) == NULL) == names[i].good) continue;
        print_message("name '%s'\n", names[i].name);
        fail();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
