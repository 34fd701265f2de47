/*
 * What the monitor loaded, and what becomes of a run whose documents cannot be used.
 */
#include "supervisor/loading.h"

static void missing_script(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.missing_post = true, .not_continue = true});
    r = result(OUTCOME_POST_NOT_FOUND, 20, GRADE_NONE);
    assert_int_equal(r->attempts_count, 0);
    assert_int_equal(r->hooks[PRE].skipped, 1);
    finished(true);
}

static void missing_script_continue(void **state)
{
    (void)state;
    load(&(struct setup){.missing_post = true});
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    (void)result(OUTCOME_POST_NOT_FOUND, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void check(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.mode = MODE_CHECK});
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_NONE);
    assert_int_equal(r->fs[0].level, 1);
    assert_int_equal(r->fs[1].level, 0);
    assert_int_equal(r->plugins[0].has_policy, 1);
    finished(true);
}

static void check_finds(void **state)
{
    (void)state;
    load(&(struct setup){.mode = MODE_CHECK, .missing_post = true});
    (void)result(OUTCOME_POST_NOT_FOUND, 78, GRADE_NONE);
    finished(true);
}

/* A document that cannot be used, of each kind, and what becomes of the run. */
static void unusable(void **state)
{
    static const struct {
        uint32_t kind;
        enum outcome outcome;
        int exit_status;
        enum grade grade;
        bool frozen;
    } rows[] = {
        {DOC_HOST, OUTCOME_HOST_CONFIG_WRONG, 10, GRADE_FILE_SYSTEM, true},
        {DOC_PLUGIN, OUTCOME_PLUGIN_CONFIG_WRONG, 10, GRADE_FILE_SYSTEM, true},
        {DOC_POLICY, OUTCOME_PLUGIN_CONFIG_WRONG, 10, GRADE_FILE_SYSTEM, true},
        {DOC_VMBACKUP, OUTCOME_BACKUP_CONFIG_WRONG, 78, GRADE_NONE, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int died = 0; died < 2; died++) {
            const struct report *r;

            if (i + (size_t)died > 0) {
                (void)end(state);
                (void)begin(state);
            }
            load(&(struct setup){.unusable = rows[i].kind, .with_unusable = true, .parser_died = died});
            if (rows[i].frozen) {
                freeze(FREEZE_OK);
                ready(1);
                release(0);
                thaw();
            }
            r = result(rows[i].outcome, rows[i].exit_status, rows[i].grade);
            assert_int_equal(r->findings_count, 2); /* and no cgroup */
            assert_int_equal(r->findings[0].severity, FINDING_ERROR);
            assert_int_equal(r->attempts_count, 0);
            finished(true);
        }
}

/* A pinned digest, right and wrong. */
static void pinned(void **state)
{
    const struct report *r;

    load(&(struct setup){.mode = MODE_CHECK, .pin = 1});
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_NONE);
    assert_int_equal(r->hooks[PRE].has_sha256, 1);
    finished(true);
    (void)end(state);
    (void)begin(state);
    load(&(struct setup){.mode = MODE_CHECK, .pin = 2});
    r = result(OUTCOME_CHECKSUM_MISMATCH, 78, GRADE_NONE);
    assert_int_equal(r->findings[0].code, 312);
    assert_int_equal(r->findings[0].kind, FINDING_DIGEST);
    finished(true);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(missing_script), T(missing_script_continue), T(check), T(check_finds), T(unusable), T(pinned),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
