/*
 * Runs in which a part of the program, the front, the freeze or the snapshot fails,
 * and messages that nobody of ours would send.
 */
#include "supervisor/loading.h"

static void monitor_dies(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    close(w.monitor);
    pump();
    run_script(POST, 1, 0);
    release(0); /* the snapshot command ends meanwhile: taken, and then nothing is wrong with the message */
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    assert_true(strstr(w.warning, "monitor") != NULL);
    finished(false);
}

static void launcher_dies_while_frozen(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    close(w.launcher);
    pump();
    thaw();
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    finished(true);
}

static void guardian_dies(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    thawed(THAW_GUARDIAN_GONE);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    finished(true);
}

static void deadline(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    thawed(THAW_DEADLINE);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_FREEZE_TIMEOUT, 22, GRADE_NONE);
    assert_true(strstr(w.warning, "deadline") != NULL);
    finished(true);
}

/* The application does not wait for a snapshot command that goes on after the deadline. */
static void deadline_before_release(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    thawed(THAW_DEADLINE);
    run_script(POST, 1, 0);
    release(0);
    (void)result(OUTCOME_FREEZE_TIMEOUT, 22, GRADE_NONE);
    finished(true);
}

static void snapshot_fails(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(3);
    thaw();
    assert_int_equal(((const struct msg_start *)hear(w.launcher, MSG_START))->snapshot_result, SNAPSHOT_FAILED);
    {
        struct msg_started failed = {.slot = POST, .attempt = 1, .error = EAGAIN, .step = START_FORK};

        say(w.launcher, MSG_STARTED, &failed, NULL, 0);
    }
    (void)result(OUTCOME_SNAPSHOT_FAILED, 23, GRADE_NONE);
    finished(true);
}

static void front_dies_while_frozen(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    close(w.front);
    pump();
    thaw();
    run_script(POST, 1, 0);
    (void)hear(w.monitor, MSG_DONE);
    assert_true(w.ended);
}

static void front_dies_in_pre(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){.retries = 3, .grace = 5});
    k = start(PRE, 1);
    close(w.front);
    pump();
    (void)hear(w.launcher, MSG_TERM);
    exits(k, -1, 15, 0);
    run_script(POST, 1, 0);
    (void)hear(w.monitor, MSG_DONE);
    assert_true(w.ended);
}

static void freeze_fails(void **state)
{
    (void)state;
    load(&(struct setup){.allow_crash = CRASH_NEVER});
    run_script(PRE, 1, 0);
    freeze(FREEZE_FAILED);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_FREEZE_FAILED, 21, GRADE_NONE);
    finished(true);
}

/* One of the two lies on the other: both are on one disk. */
static void freeze_fails_on_one_disk(void **state)
{
    (void)state;
    load(&(struct setup){.allow_crash = CRASH_AUTO});
    run_script(PRE, 1, 0);
    freeze(FREEZE_FAILED);
    ready(0);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_CRASH_CONSISTENT, 11, GRADE_CRASH);
    finished(true);
}

static void freeze_fails_crash_allowed(void **state)
{
    (void)state;
    load(&(struct setup){.allow_crash = CRASH_ALWAYS});
    run_script(PRE, 1, 0);
    freeze(FREEZE_FAILED);
    ready(0);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_CRASH_CONSISTENT, 11, GRADE_CRASH);
    finished(true);
}

/* ---- what ends the process ----------------------------------------------------------------------- */

/* In a child: what is sent must make it end with status 70. */
static void is_fatal(int fd, uint32_t type, const void *body)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        close(2);
        (void)wire_send(fd, type, body, NULL, 0);
        for (;;)
            pump();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
}

static void out_of_place(void **state)
{
    static const struct msg_release release_body;
    static const struct msg_freeze_state thawed_body;
    static const struct msg_denied denied;
    static struct msg_options options;

    (void)state;
    options.mode = RUN_MODES;
    is_fatal(w.front, MSG_RELEASE, &release_body);
    is_fatal(w.front, MSG_OPTIONS, &options);
    load(&(struct setup){0});
    is_fatal(w.front, MSG_RELEASE, &release_body);
    is_fatal(w.monitor, MSG_THAWED, &thawed_body);
    is_fatal(w.launcher, MSG_DENIED, &denied);
}

static void short_record(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        close(2);
        (void)!write(w.front, "abc", 3);
        for (;;)
            pump();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 70);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(monitor_dies), T(launcher_dies_while_frozen), T(guardian_dies), T(deadline), T(deadline_before_release), T(snapshot_fails),
        T(front_dies_while_frozen), T(front_dies_in_pre), T(freeze_fails), T(freeze_fails_on_one_disk), T(freeze_fails_crash_allowed),
        T(out_of_place), T(short_record),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
