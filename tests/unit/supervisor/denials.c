/*
 * The record of denied calls: what is one row, the limits, what is out of bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/denials.h"

const char program_name[] = "test-denials";

static struct run run;

static int begin(void **state)
{
    (void)state;
    memset(&run, 0, sizeof(run));
    run.report = mmap(NULL, sizeof(*run.report), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    run.report->attempts_count = 2;
    return run.report == MAP_FAILED;
}

static int end(void **state)
{
    (void)state;
    return munmap(run.report, sizeof(*run.report));
}

static void aggregation(void **state)
{
    struct report_denied a = {.attempt = 0, .number = 5, .args = {1, 2}, .text = "x", .comm = "sh", .count = 1}, b = a;

    (void)state;
    for (int i = 0; i < 7; i++)
        denials_record(run.report, &a);
    b.args[5] = 1; /* another pointer to the same */
    denials_record(run.report, &b);
    b.text[0] = 'y';
    denials_record(run.report, &b);
    b = a;
    b.comm[0] = 'z';
    denials_record(run.report, &b);
    b = a;
    b.attempt = 1;
    b.count = 5;
    denials_record(run.report, &b);
    assert_int_equal(run.report->denied_count, 4);
    assert_int_equal(run.report->denied[0].count, 8);
    assert_int_equal(run.report->denied[0].args[5], 0);
    assert_int_equal(run.report->denied[3].count, 5);
    assert_int_equal(run.report->attempts[0].denied_total, 10);
    assert_int_equal(run.report->attempts[1].denied_total, 5);
}

/* So many rows of one attempt, and of all, and no more; the count goes on. */
static void limits(void **state)
{
    struct report_denied a = {.count = 1};
    uint32_t all = REPORT_DENIED_MAX + 5;

    (void)state;
    run.report->attempts_count = 32;
    for (uint32_t i = 0; i < all; i++) {
        a.attempt = i / REPORT_DENIED_PER_ATTEMPT;
        snprintf(a.text, sizeof(a.text), "%u", i);
        denials_record(run.report, &a);
    }
    assert_int_equal(run.report->denied_count, REPORT_DENIED_MAX);
    assert_int_equal(run.report->attempts[0].recorder_full, 0);
    assert_int_equal(run.report->attempts[REPORT_DENIED_MAX / REPORT_DENIED_PER_ATTEMPT].recorder_full, 1);
    run.report->denied_count--;
    a.attempt = 0;
    denials_record(run.report, &a);
    assert_int_equal(run.report->denied_count, REPORT_DENIED_MAX - 1);
    assert_int_equal(run.report->attempts[0].recorder_full, 1);
    assert_int_equal(run.report->attempts[0].denied_total, REPORT_DENIED_PER_ATTEMPT + 1);
}

static void told(void **state)
{
    struct hook *hook = &run.hooks[0];
    struct msg_denied m = {.number = 1000, .error = EXDEV, .args = {1, 2, 3, 4, 5, 6}, .comm = "named\x1b"};
    const struct msg_denied_more more = {.number = 5, .count = 998};

    (void)state;
    hook->row = 1;
    denials_told(&run, hook, &m);
    assert_int_equal(run.report->attempts[1].recorder_full, 0);
    m.last = 1;
    denials_told(&run, hook, &m);
    assert_int_equal(run.report->attempts[1].recorder_full, 1);
    assert_int_equal(run.report->denied_count, 1);
    assert_int_equal(run.report->denied[0].attempt, 1);
    assert_int_equal(run.report->denied[0].error, EXDEV);
    assert_int_equal(run.report->denied[0].args[5], 6);
    assert_string_equal(run.report->denied[0].text, "...");
    assert_int_equal(run.report->denied[0].count, 2);
    assert_string_equal(run.report->denied[0].comm, "named\xef\xbf\xbd");
    denials_counted(&run, hook, &more);
    assert_int_equal(run.report->denied_count, 2);
    assert_int_equal(run.report->denied[1].error, 0);
    assert_int_equal(run.report->attempts[1].denied_total, 1000);
}

static void is_fatal(const struct msg_denied *m, const struct msg_denied_more *more)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        close(2);
        if (m)
            denials_told(&run, &run.hooks[0], m);
        if (more)
            denials_counted(&run, &run.hooks[0], more);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
}

static void out_of_bounds(void **state)
{
    (void)state;
    is_fatal(&(struct msg_denied){.error = 0}, NULL);
    is_fatal(&(struct msg_denied){.error = 4096}, NULL);
    is_fatal(&(struct msg_denied){.error = 1, .memory = {{.state = MEMORY_STATES}}}, NULL);
    is_fatal(&(struct msg_denied){.error = 1, .memory = {[2] = {.length = CALL_MEMORY_MAX + 1}}}, NULL);
    is_fatal(NULL, &(struct msg_denied_more){.number = DENIED_NUMBERS, .count = 1});
    is_fatal(NULL, &(struct msg_denied_more){.number = 1});
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {T(aggregation), T(limits), T(told), T(out_of_bounds)};
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
