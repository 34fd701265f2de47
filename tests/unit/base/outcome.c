/*
 * The table of outcomes: every row is one of the contract's, and says what the
 * command line can say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce/outcome.h"

/* Codes and names as Azure Backup's framework reports them; kept apart from
 * outcome.def on purpose. */
static const struct {
    uint32_t code;
    const char *name;
} contract[] = {
    { 300, "Pre-ScriptExecutionFailed" },
    { 301, "Post-ScriptExecutionFailed" },
    { 302, "Pre-ScriptNotFound" },
    { 303, "Post-ScriptNotFound" },
    { 304, "IncorrectPluginhostFile" },
    { 305, "IncorrectJSONConfigFile" },
    { 306, "InsufficientPermissionforPre-Script" },
    { 307, "InsufficientPermissionforPost-Script" },
    { 308, "Pre-ScriptTimeout" },
    { 309, "Post-ScriptTimeout" },
    { 310, "HostPreTimeout" },
    { 311, "HostPostTimeout" },
    { 312, "ChecksumMismatch" },
    { 313, "HostConfigNotFound" },
    { 314, "HostConfigPermission" },
    { 315, "HostConfigOwner" },
    { 316, "PluginConfigNotFound" },
    { 317, "PluginConfigPermission" },
    { 318, "PluginConfigOwner" },
    { 121, "FreezeFailed" },
    { 122, "FreezeTimedOut" },
    { 123, "FreezeMountOpenFailed" },
    { 0, "success" },
};

/* The documented exit status of each grade, where a snapshot may be used. */
static const int usable[GRADES] = { [GRADE_APPLICATION] = 0, [GRADE_FILE_SYSTEM] = 10, [GRADE_CRASH] = 11, [GRADE_NONE] = -1 };
static const int unusable[] = { 20, 21, 22, 23, EXIT_INTERNAL, EXIT_CONFIGURATION };

static void every_code_of_the_contract(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof contract / sizeof *contract; i++) {
        const struct outcome_row *row = outcome_by_code(contract[i].code);
        assert_non_null(row);
        /* Two documents share 304; the host's configuration is the first of them. */
        assert_string_equal(row->name, contract[i].name);
    }
    assert_null(outcome_by_code(999));
    /* 1 without a name of its own is a failure that has no code. */
    assert_ptr_equal(outcome_by_code(1), &outcome_table[OUTCOME_INTERNAL]);
}

static void check_side(enum grade grade, int status)
{
    assert_in_range(grade, GRADE_APPLICATION, GRADE_NONE);
    if (grade != GRADE_NONE) {
        assert_int_equal(status, usable[grade]);
        return;
    }
    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++) {
        if (unusable[i] == status) {
            return;
        }
    }
    fail_msg("exit status %d is not documented for a snapshot that cannot be used", status);
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < OUTCOMES; i++) {
        const struct outcome_row *row = &outcome_table[i];
        assert_non_null(row->id);
        check_side(row->grade_continue, row->exit_continue);
        check_side(row->grade_stop, row->exit_stop);
        /* Going on after a failure is never worth less than stopping. */
        assert_true(row->grade_continue <= row->grade_stop);
        const char *sentences[] = { row->name, row->meaning, row->remedy };
        for (size_t k = 0; k < 3; k++) {
            assert_non_null(sentences[k]);
            assert_true(strlen(sentences[k]) > 0);
            assert_true(k == 0 || sentences[k][strlen(sentences[k]) - 1] == '.');
        }
        for (size_t other = 0; other < i; other++) {
            assert_string_not_equal(row->id, outcome_table[other].id);
        }
    }
}

static void every_grade_has_its_word(void **state)
{
    (void)state;
    static const char *const words[GRADES] = { "applicationConsistent", "fileSystemConsistent", "crashConsistent", "none" };
    for (unsigned i = 0; i < GRADES; i++) {
        assert_string_equal(grade_name((enum grade)i), words[i]);
    }
    assert_string_equal(grade_name((enum grade)GRADES), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_of_the_contract),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(every_grade_has_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
