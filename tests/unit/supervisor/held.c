/*
 * A run that is held open: what is told of what is frozen, who keeps the deadline, and
 * what the report says of how it ended.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "supervisor/loading.h"

static void targets(uint32_t count, const char *text, size_t length)
{
    const struct msg_targets *m = hear(w.front, MSG_TARGETS);

    assert_int_equal(m->count, count);
    assert_int_equal(m->listed, count);
    assert_int_equal(m->length, length);
    assert_memory_equal(m->text, text, length);
}

static void frozen_targets(void)
{
    static const char both[] = "/data/inner\0/data"; /* in the order in which they are frozen */

    targets(2, both, sizeof(both));
}

static void tell(enum release_cause cause, uint32_t code, uint32_t signal)
{
    const struct msg_release m = {.exit_code = code, .signal = signal, .cause = cause, .uid = 7, .pid = 8, .refused = 9};

    say(w.front, MSG_RELEASE, &m, NULL, 0);
}

static void until_frozen(void)
{
    load(&(struct setup){.held = true});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    frozen_targets();
    ready(1);
}

static const struct report *report_is(int fd, enum outcome outcome, uint32_t exit_status)
{
    report_seen = mmap(NULL, sizeof(*report_seen), PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(report_seen, MAP_FAILED);
    assert_true(report_valid(report_seen, sizeof(*report_seen)));
    assert_int_equal(report_seen->outcome, outcome);
    assert_int_equal(report_seen->exit_status, exit_status);
    assert_int_equal(report_seen->held.held, 1);
    return report_seen;
}

static const struct report *over(enum outcome outcome, uint32_t exit_status)
{
    run_script(POST, 1, 0);
    (void)hear(w.front, MSG_RESULT);
    return report_is(w.packet.fds[0], outcome, exit_status);
}

static void message_is(const struct report *r, const char *wanted)
{
    char text[1280];

    snprintf(text, sizeof(text), "%.*s", (int)r->message.length, r->text + r->message.offset);
    assert_string_equal(text, wanted);
}

static void causes(void **state)
{
    static const struct {
        enum release_cause cause;
        uint32_t code, signal;
        enum outcome outcome;
        uint32_t exit_status;
        int taken;
        const char *message;
    } rows[] = {
        {RELEASE_THAW, 0, 0, OUTCOME_APP_CONSISTENT, 0, 1, "The snapshot is application-consistent."},
        {RELEASE_THAW, 1, 0, OUTCOME_SNAPSHOT_FAILED, 23, 1, "The snapshot command failed (quiesce thaw was told so)."},
        {RELEASE_SIGNAL, 0, 15, OUTCOME_SNAPSHOT_FAILED, 23, 0,
         "The snapshot command failed (the held session was told to end)."},
        {RELEASE_CALLER, 0, 1, OUTCOME_SNAPSHOT_FAILED, 23, 0,
         "The snapshot command failed (quiesce freeze was gone before it had heard that all was ready)."},
        {RELEASE_LATE, 1, 0, OUTCOME_SNAPSHOT_FAILED, 23, 0,
         "The snapshot command failed (the run had to go on before quiesce thaw was called)."},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct report *r;

        if (i > 0) {
            (void)end(state);
            (void)begin(state);
        }
        until_frozen();
        tell(rows[i].cause, rows[i].code, rows[i].signal);
        thaw();
        r = over(rows[i].outcome, rows[i].exit_status);
        assert_int_equal(r->held.released, 1);
        assert_int_equal(r->held.cause, rows[i].cause);
        assert_int_equal(r->held.uid, 7);
        assert_int_equal(r->held.pid, 8);
        assert_int_equal(r->held.refused, 9);
        assert_int_equal(r->snapshot.ran, rows[i].taken);
        message_is(r, rows[i].message);
    }
}

/* The supervisor says so, the front releases, and only then there is a result. */
static void deadline(void **state)
{
    const struct report *r;

    (void)state;
    until_frozen();
    thawed(THAW_DEADLINE);
    tell(RELEASE_LATE, 1, 0);
    r = over(OUTCOME_FREEZE_TIMEOUT, 22);
    assert_int_equal(r->held.cause, RELEASE_LATE);
    message_is(r, "The deadline thawed the file systems before the snapshot was over; the snapshot must not be used "
                  "(nobody had called quiesce thaw after 60 s).");
}

static void without_a_freeze(void **state)
{
    const struct msg_ready *m;
    uint64_t now = clock_boottime_ns();

    (void)state;
    load(&(struct setup){.held = true, .not_freeze = true});
    run_script(PRE, 1, 0);
    targets(0, "", 0);
    m = hear(w.front, MSG_READY);
    assert_int_equal(m->frozen, 0);
    assert_true(m->deadline_boottime_ns >= now + 60 * NS_PER_S);
    assert_true(m->deadline_boottime_ns <= clock_boottime_ns() + 60 * NS_PER_S);
    tell(RELEASE_THAW, 0, 0);
    (void)over(OUTCOME_APP_CONSISTENT, 0);
}

static void killed(void **state)
{
    (void)state;
    until_frozen();
    close(w.front);
    w.front = -1;
    thaw();
    run_script(POST, 1, 0);
    (void)hear(w.monitor, MSG_DONE);
    assert_int_equal(report_is(w.report, OUTCOME_SNAPSHOT_FAILED, 23)->held.released, 0);
}

/* What ends another kind of run than this one. */
static void causes_that_cannot_be(void **state)
{
    static const struct {
        bool held;
        uint32_t cause;
    } rows[] = {{true, RELEASE_COMMAND}, {true, RELEASE_CAUSES}, {false, RELEASE_THAW}, {false, RELEASE_CAUSES}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status;
        pid_t pid;

        if (i > 0) {
            (void)end(state);
            (void)begin(state);
        }
        load(&(struct setup){.held = rows[i].held});
        run_script(PRE, 1, 0);
        freeze(FREEZE_OK);
        if (rows[i].held)
            frozen_targets();
        ready(1);
        pid = fork();
        if (pid == 0) {
            close(2);
            tell((enum release_cause)rows[i].cause, 0, 0);
            for (;;)
                pump();
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 70);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {T(causes), T(deadline), T(without_a_freeze), T(killed), T(causes_that_cannot_be)};
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
