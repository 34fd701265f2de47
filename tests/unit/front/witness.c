/*
 * What the front believes of a result: everything that agrees with what it has seen,
 * and none of the lies that a supervisor could tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "front/witness.h"
#include "quiesce/outcome.h"

static struct run_record map;
static struct witness w;
static struct report report; /* large; pages that are not used do not count */
static struct msg_result result;

/* Two file systems frozen, the snapshot taken, all as the report says. */
static int begin(void **state)
{
    static const char run_id[WIRE_RUN_ID_MAX] = "0123456789abcdef0123456789abcdef";
    static const struct msg_release release;
    (void)state;
    memset(&map, 0, sizeof map);
    map.wanted = 3;
    map.count = 2;
    map.fs[0].state = map.fs[1].state = FS_FROZEN;
    w = (struct witness){ .record = &map, .run_id = run_id };
    memset(&report, 0, offsetof(struct report, documents));
    memcpy(report.run_id, run_id, sizeof run_id);
    report.mode = MODE_RUN;
    report.finished = 1;
    report.fs_count = 3;
    report.fs[0].state = report.fs[1].state = FS_THAWED;
    report.fs[2].state = FS_IDLE;
    result = (struct msg_result){ OUTCOME_APP_CONSISTENT, 0 };
    assert_true(witness_ready(&w, true));
    witness_snapshot(&w, &release);
    map.fs[0].state = map.fs[1].state = FS_THAWED;
    return 0;
}

static const char *contradicts(void)
{
    return witness_contradicts(&w, &result, &report);
}

/* A grade with the exit status that belongs to it. */
static void achieved(enum grade grade, uint32_t exit_status)
{
    report.grade = grade;
    result.exit_status = report.exit_status = exit_status;
}

/* ---- lies ------------------------------------------------------------------------- */

static void again(bool frozen, uint32_t exit_code, uint32_t signal)
{
    const struct msg_release release = { .exit_code = exit_code, .signal = signal };
    assert_true(witness_ready(&w, frozen));
    witness_snapshot(&w, &release);
}

#define LIES(X)                                                                        \
    X(outcome, result.outcome = OUTCOME_FS_CONSISTENT)                                 \
    X(exit, result.exit_status = 10)                                                   \
    X(unfinished, report.finished = 0)                                                 \
    X(other_run, report.run_id[31] = '0')                                              \
    X(failed_with_0, achieved(GRADE_NONE, 0))                                          \
    X(failed_with_10, achieved(GRADE_NONE, 10))                                        \
    X(application_with_20, achieved(GRADE_APPLICATION, 20))                            \
    X(crash_with_0, achieved(GRADE_CRASH, 0))                                          \
    X(file_system_with_0, achieved(GRADE_FILE_SYSTEM, 0))                              \
    X(check_with_grade, report.mode = MODE_CHECK)                                      \
    X(no_snapshot, w.asked = false)                                                    \
    X(snapshot_failed, again(true, 1, 0))                                              \
    X(snapshot_killed, again(true, 0, 9))                                              \
    X(crash_snapshot_failed, again(true, 1, 0); achieved(GRADE_CRASH, 11))             \
    X(thawed_before, again(true, 0, 0)) /* the map says THAWED by now */               \
    X(file_system_thawed, again(true, 0, 0); achieved(GRADE_FILE_SYSTEM, 10))          \
    X(one_thawed, map.fs[0].state = FS_FROZEN; again(true, 0, 0))                         \
    X(too_few, map.fs[0].state = FS_FROZEN; map.count = 1; again(true, 0, 0))             \
    X(not_loaded, map.wanted = 0; map.count = 0; again(false, 0, 0); report.fs_count = 0) \
    X(more_than_there_were, report.fs[2].state = FS_FROZEN)

#define X(name, statement) static void lie_##name(void) { statement; }
LIES(X)
#undef X

static const struct {
    const char *name;
    void (*tell)(void);
} lies[] = {
#define X(name, statement) { #name, lie_##name },
    LIES(X)
#undef X
};

static void each_lie(void **state)
{
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        (void)begin(state);
        assert_null(contradicts());
        lies[i].tell();
        if (contradicts() == NULL) {
            fail_msg("'%s' is believed", lies[i].name);
        }
    }
}

/* ---- truths ------------------------------------------------------------------------- */

static void each_grade(void **state)
{
    static const struct {
        enum grade grade;
        uint32_t exit_status;
    } ends[] = {
        { GRADE_APPLICATION, 0 }, { GRADE_FILE_SYSTEM, 10 }, { GRADE_CRASH, 11 }, { GRADE_NONE, 20 }, { GRADE_NONE, 78 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        achieved(ends[i].grade, ends[i].exit_status);
        assert_null(contradicts());
    }
}

/* Freezing is switched off, or there is nothing to freeze: the scripts answer for it. */
static void nothing_to_freeze(void **state)
{
    (void)state;
    memset(&map, 0, sizeof map);
    map.wanted = 1;
    report.fs_count = 0;
    again(false, 0, 0);
    assert_null(contradicts());
    assert_false(witness_ready(&w, true));
}

/* The deadline thawed: that is no lie of the supervisor's. */
static void deadline(void **state)
{
    (void)state;
    again(true, 0, 0);
    achieved(GRADE_NONE, 22);
    assert_null(contradicts());
    achieved(GRADE_CRASH, 11);
    assert_null(contradicts());
}

static void looks(void **state)
{
    (void)state;
    memset(&map, 0, sizeof map);
    w.asked = false;
    report.mode = MODE_CHECK;
    report.fs_count = 0;
    achieved(GRADE_NONE, 0);
    assert_null(contradicts());
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = { T(each_lie), T(each_grade), T(nothing_to_freeze), T(deadline), T(looks) };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
