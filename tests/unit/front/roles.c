/*
 * Waiting for the roles, and saying how they ended.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "front/roles.h"

enum { LIVES = -1 };

static const struct {
    int statuses[ROLES]; /* in the order of enum role_id: monitor, guardian, parser, supervisor, launcher */
    const char *text;
} ends[] = {
    { { 0, 0, 0, 0, 0 }, "" },
    { { W_EXITCODE(70, 0), 0, 0, 0, 0 }, "quiesce-monitor ended with status 70" },
    { { W_EXITCODE(70, 0), 0, 0, 0, W_EXITCODE(0, SIGKILL) },
      "quiesce-launcher was killed by SIGKILL, quiesce-monitor ended with status 70" },
    { { 0, LIVES, 0, W_EXITCODE(0, SIGSYS), 0 }, "quiesce-supervisor was killed by SIGSYS, quiesce-guardian has not ended" },
};

static void said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct roles roles;
        char text[512], small[16];
        memcpy(roles.statuses, ends[i].statuses, sizeof roles.statuses);
        assert_int_equal(roles_describe(&roles, text, sizeof text), ends[i].text[0] != '\0');
        assert_string_equal(text, ends[i].text);
        (void)roles_describe(&roles, small, sizeof small);
        assert_true(strlen(small) < sizeof small);
    }
}

static int start(int code, int signal_number, bool waits)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (waits) {
            pause();
        }
        if (signal_number != 0) {
            raise(signal_number);
        }
        _exit(code);
    }
    int pidfd = pidfd_open(pid, 0);
    assert_true(pidfd >= 0);
    return pidfd;
}

static void waited_for(void **state)
{
    (void)state;
    struct roles roles = { .monitor = -1, .supervisor = -1, .log = -1 };
    for (int i = 0; i < ROLES; i++) {
        roles.statuses[i] = -1;
        roles.pidfds[i] = start(i, i == ROLE_PARSER ? SIGKILL : 0, i == ROLE_LAUNCHER);
    }
    uint64_t began_ns = clock_monotonic_ns();
    assert_false(roles_wait(&roles, 50));
    assert_true(clock_monotonic_ns() - began_ns >= 50 * NS_PER_MS);
    assert_int_equal(roles.statuses[ROLE_LAUNCHER], LIVES);
    assert_int_equal(roles.statuses[ROLE_PARSER], W_EXITCODE(0, SIGKILL));
    assert_int_equal(roles.statuses[ROLE_SUPERVISOR], W_EXITCODE(ROLE_SUPERVISOR, 0));
    assert_int_equal(pidfd_send_signal(roles.pidfds[ROLE_LAUNCHER], SIGTERM, NULL, 0), 0);
    assert_true(roles_wait(&roles, 5000));
    assert_int_equal(roles.statuses[ROLE_LAUNCHER], W_EXITCODE(0, SIGTERM));
    for (int i = 0; i < ROLES; i++) {
        assert_int_equal(roles.pidfds[i], -1);
    }
}

static uint64_t processor_ns(void)
{
    struct timespec used;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

/* poll(2) refuses more descriptors than RLIMIT_NOFILE, which others can lower. */
static void waited_for_without_poll(void **state)
{
    (void)state;
    struct roles roles = { .monitor = -1, .supervisor = -1, .log = -1 };
    struct rlimit before;
    for (int i = 0; i < ROLES; i++) {
        roles.statuses[i] = -1;
        roles.pidfds[i] = start(i, 0, i == ROLE_LAUNCHER);
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit low = { ROLES - 1, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    uint64_t began_ns = processor_ns();
    bool early = roles_wait(&roles, 500);
    uint64_t used_ns = processor_ns() - began_ns;
    int sent = pidfd_send_signal(roles.pidfds[ROLE_LAUNCHER], SIGTERM, NULL, 0);
    bool late = roles_wait(&roles, 5000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(early);
    assert_true(used_ns < 100 * NS_PER_MS);
    assert_int_equal(sent, 0);
    assert_true(late);
    assert_int_equal(roles.statuses[ROLE_SUPERVISOR], W_EXITCODE(ROLE_SUPERVISOR, 0));
    assert_int_equal(roles.statuses[ROLE_LAUNCHER], W_EXITCODE(0, SIGTERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(said),
        cmocka_unit_test(waited_for),
        cmocka_unit_test(waited_for_without_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
