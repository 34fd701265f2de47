/*
 * Whole runs: order, tries, time, what is left over.
 */
#include "supervisor/loading.h"

static void whole_run(void **state)
{
    char line[4] = "";
    const struct report *r;
    struct keeper *k;

    (void)state;
    load(&(struct setup){0});
    k = start(PRE, 1);
    assert_int_equal(write(k->out, "hello\n", 6), 6);
    assert_int_equal(write(k->err, "\xff" "bad", 4), 4);
    exits(k, 0, 0, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    assert_int_equal(hear(w.launcher, MSG_START) != NULL, 1);
    assert_int_equal(((const struct msg_start *)w.packet.body)->pre_result, PRE_SUCCEEDED);
    assert_int_equal(((const struct msg_start *)w.packet.body)->snapshot_result, SNAPSHOT_TAKEN);
    /* a launcher that cannot start it */
    {
        struct msg_started failed = {.slot = POST, .attempt = 1, .error = ENOMEM, .step = START_FORK};

        say(w.launcher, MSG_STARTED, &failed, NULL, 0);
    }
    r = result(OUTCOME_POST_FAILED, 10, GRADE_FILE_SYSTEM);
    assert_int_equal(r->attempts_count, 2);
    assert_int_equal(r->attempts[0].exit_code, 0);
    assert_int_equal(r->attempts[0].out.bytes, 6);
    assert_memory_equal(r->text + r->attempts[0].out.head.offset, "hello\n", 6);
    assert_int_equal(r->attempts[0].err.head.length, 6);
    assert_int_equal(r->attempts[1].ran, 0);
    assert_int_equal(r->attempts[1].start_error, ENOMEM);
    assert_int_equal(r->fs_count, 2);
    assert_int_equal(r->fs[1].state, FS_THAWED);
    assert_true(r->step_at_ns[STEP_THAW] > r->step_at_ns[STEP_SNAPSHOT]);
    assert_true(w.progress > 6);
    finished(true);
    assert_int_equal(pread(w.journal, line, 3, 0), 3);
    assert_string_equal(line, "{\"p");
}

/* What the file systems say: both flushed at once, then one level after the other. */
static void flush_and_freeze_take_what_was_measured(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    assert_int_equal(w.told_at[STEP_FLUSH][PROGRESS_END] - w.told_at[STEP_FLUSH][PROGRESS_BEGIN], 301);
    assert_int_equal(w.told_at[STEP_FREEZE][PROGRESS_END] - w.told_at[STEP_FREEZE][PROGRESS_BEGIN], 2000);
    assert_true(w.told_at[STEP_FREEZE][PROGRESS_BEGIN] >= w.told_at[STEP_FLUSH][PROGRESS_END]);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_int_equal(r->step_at_ns[STEP_FLUSH], w.told_at[STEP_FLUSH][PROGRESS_BEGIN]);
    assert_int_equal(r->step_took_ns[STEP_FLUSH], 301);
    assert_int_equal(r->step_at_ns[STEP_FREEZE], w.told_at[STEP_FREEZE][PROGRESS_BEGIN]);
    assert_int_equal(r->step_took_ns[STEP_FREEZE], 2000);
    finished(true);
}

static void success(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.plugins = 2});
    (void)start(PRE, 1);
    run_script(WIRE_SLOT(1, PHASE_PRE), 1, 0);
    exits(&w.keepers[PRE], 0, 0, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    run_script(WIRE_SLOT(1, PHASE_POST), 1, 0);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_int_equal(r->plugins_count, 2);
    finished(true);
}

static void retries(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.retries = 2});
    run_script(PRE, 1, 1);
    run_script(PRE, 2, 7);
    run_script(PRE, 3, 0);
    freeze(FREEZE_OK);
    ready(1);
    assert_string_equal(w.warning, "exit status 7; it is started again");
    release(0);
    thaw();
    run_script(POST, 1, 0);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_int_equal(r->hooks[PRE].attempts_total, 3);
    finished(true);
}

static void many_retries(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.retries = 40, .not_continue = true});
    for (uint32_t i = 1; i <= 41; i++) {
        struct keeper *k = start(PRE, i);

        assert_int_equal(dprintf(k->out, "attempt %u", i) > 0, 1);
        exits(k, 9, 0, 0);
    }
    run_script(POST, 1, 0);
    r = result(OUTCOME_PRE_FAILED, 20, GRADE_NONE);
    assert_int_equal(r->hooks[PRE].attempts_total, 41);
    assert_int_equal(r->attempts_count, REPORT_ATTEMPTS_PER_HOOK + 1);
    for (uint32_t i = 0; i < REPORT_ATTEMPTS_PER_HOOK; i++) {
        char text[32];
        int n = snprintf(text, sizeof(text), "attempt %u", r->attempts[i].number);

        assert_true(r->attempts[i].number <= 8 || r->attempts[i].number >= 34);
        assert_int_equal(r->attempts[i].out.head.length, n);
        assert_memory_equal(r->text + r->attempts[i].out.head.offset, text, (size_t)n);
    }
    finished(true);
}

static void pre_failed(void **state)
{
    (void)state;
    load(&(struct setup){.retries = 1});
    run_script(PRE, 1, 1);
    run_script(PRE, 2, 3);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    (void)result(OUTCOME_PRE_FAILED, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void pre_failed_without_freeze(void **state)
{
    (void)state;
    load(&(struct setup){.not_freeze = true});
    run_script(PRE, 1, 1);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_PRE_FAILED, 20, GRADE_NONE);
    finished(true);
}

static void without_freeze(void **state)
{
    (void)state;
    load(&(struct setup){.not_freeze = true});
    run_script(PRE, 1, 0);
    ready(0);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    finished(true);
}

/* TERM, which is ignored, then KILL when the grace is over. */
static void timeout(void **state)
{
    uint64_t began = clock_monotonic_ns();
    const struct report *r;
    struct keeper *k;

    (void)state;
    load(&(struct setup){.timeout = 1, .grace = 1, .retries = 5});
    k = start(PRE, 1);
    assert_int_equal(((const struct msg_slot *)hear(w.launcher, MSG_TERM))->slot, PRE);
    assert_true(clock_monotonic_ns() - began >= NS_PER_S);
    assert_int_equal(((const struct msg_slot *)hear(w.launcher, MSG_KILL))->slot, PRE);
    assert_true(clock_monotonic_ns() - began >= 2 * NS_PER_S);
    exits(k, -1, 9, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    assert_int_equal(((const struct msg_start *)hear(w.launcher, MSG_START))->pre_result, PRE_TIMED_OUT);
    close(w.launcher); /* and then the launcher dies */
    pump();
    r = result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    assert_int_equal(r->attempts[0].timed_out, 1);
    assert_int_equal(r->attempts[0].signal, 9);
    finished(true);
}

static void host_timeout(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){.timeout = 30, .host_timeout = 1, .grace = 5});
    k = start(PRE, 1);
    (void)hear(w.launcher, MSG_TERM);
    exits(k, -1, 15, 0); /* it obeys */
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    (void)result(OUTCOME_HOST_PRE_TIMEOUT, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void survivors(void **state)
{
    const struct report *r;
    struct keeper *k;

    (void)state;
    load(&(struct setup){0});
    k = start(PRE, 1);
    exits(k, 0, 0, 1);
    freeze(FREEZE_OK);
    ready(1);
    assert_int_equal(write(k->out, "still here", 10), 10);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    assert_int_equal(((const struct msg_slot *)hear(w.launcher, MSG_KILL))->slot, PRE);
    assert_false(w.run.over); /* nothing is left when the run says so */
    close_keeper(k);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_int_equal(r->attempts[0].survivors, 1);
    assert_int_equal(r->attempts[0].out.bytes, 10);
    finished(true);
}

static void forbidden_survivors(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){.forbid_survivors = true});
    k = start(PRE, 1);
    exits(k, 0, 0, 1);
    (void)hear(w.launcher, MSG_KILL);
    close_keeper(k);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    (void)result(OUTCOME_PRE_FAILED, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void left_by_post(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    k = start(POST, 1);
    exits(k, 0, 0, 1);
    (void)hear(w.launcher, MSG_KILL);
    assert_false(w.run.over);
    close_keeper(k);
    (void)result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    finished(true);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(whole_run), T(flush_and_freeze_take_what_was_measured), T(success), T(retries), T(many_retries),
        T(pre_failed), T(pre_failed_without_freeze), T(without_freeze), T(timeout), T(host_timeout), T(survivors),
        T(forbidden_survivors), T(left_by_post),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
