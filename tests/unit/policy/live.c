/*
 * The kernel itself is asked: every answer that a filter has is recognised, and
 * nothing is executed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bpf.h"
#include "policy/answer.h"
#include "policy/instruction.h"
#include "policy/live.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

#define LD(k) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (k))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))
#define IS(k) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), 0, 1)

/* What a number is answered. */
static const struct sock_filter by_number[] = {
    LD(offsetof(struct seccomp_data, nr)),
    IS(1), RET(SECCOMP_RET_ALLOW),
    IS(2), RET(SECCOMP_RET_LOG),
    IS(3), RET(SECCOMP_RET_ERRNO | EPERM),
    IS(4), RET(SECCOMP_RET_ERRNO | 4095), /* the errno that would be taken first to stand for another answer */
    IS(5), RET(SECCOMP_RET_TRAP),
    IS(6), RET(SECCOMP_RET_KILL_THREAD),
    IS(7), RET(SECCOMP_RET_KILL_PROCESS),
    RET(SECCOMP_RET_ALLOW),
};
enum { BY_NUMBER = sizeof by_number / sizeof *by_number };

static struct live_batch *batch;
static struct live_program program;

static int open_batch(void **state)
{
    (void)state;
    batch = live_open();
    return batch == NULL ? -1 : 0;
}

static int close_batch(void **state)
{
    (void)state;
    live_close(batch);
    return 0;
}

static void add(uint32_t number)
{
    batch->calls[batch->count++].call = (struct seccomp_data){ .nr = (int)number, .arch = NATIVE };
}

static void every_answer(void **state)
{
    /* Some twice, so that a death stands before, between and behind others. */
    static const uint32_t numbers[] = { 7, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 1, 6, 3, 5 };
    (void)state;
    for (unsigned kills = 0; kills < 2; kills++) {
        assert_int_equal(live_prepare(&program, by_number, BY_NUMBER, (enum live_kills)kills), 0);
        batch->count = 0;
        for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            add(numbers[i]);
        }
        assert_int_equal(live_run(&program, batch), 0);
        for (uint32_t i = 0; i < batch->count; i++) {
            assert_int_equal(batch->calls[i].answer, bpf_run(by_number, BY_NUMBER, &batch->calls[i].call));
        }
    }
}

/* Calls that would end, stop or change this process, or return what looks like an answer. */
static void nothing_is_executed(void **state)
{
    static const uint32_t numbers[] = { SYS_exit_group, SYS_exit,   SYS_rt_sigreturn, SYS_restart_syscall, SYS_clone,
                                        SYS_execve,     SYS_reboot, SYS_kill,         SYS_rt_sigsuspend,   SYS_munmap,
                                        0xffffffff,     0x80000000, 0x7fffffff,       100000 };
    static const struct sock_filter allow[] = { RET(SECCOMP_RET_ALLOW) };
    (void)state;
    assert_int_equal(live_prepare(&program, allow, 1, LIVE_KILLS_REAL), 0);
    batch->count = 0;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        add(numbers[i]);
    }
    batch->calls[7].call.args[0] = (uint64_t)getpid(); /* kill */
    batch->calls[7].call.args[1] = SIGKILL;
    assert_int_equal(live_run(&program, batch), 0);
    for (uint32_t i = 0; i < batch->count; i++) {
        assert_int_equal(batch->calls[i].answer, SECCOMP_RET_ALLOW);
    }
}

/* All 64 bits of all six arguments reach the filter. */
static void whole_arguments(void **state)
{
    static const uint32_t archs[] = { NATIVE, AUDIT_ARCH_I386 };
    (void)state;
    for (unsigned a = 0; a < 2; a++) {
        if (!instruction_exists(archs[a])) {
            continue;
        }
        for (unsigned word = 0; word < 12; word++) {
            const uint32_t value = 0x89abcdef;
            const struct sock_filter filter[] = {
                LD((uint32_t)(offsetof(struct seccomp_data, args) + 4 * word)),
                IS(value), RET(SECCOMP_RET_LOG), RET(SECCOMP_RET_ALLOW),
            };
            assert_int_equal(live_prepare(&program, filter, 4, LIVE_KILLS_REAL), 0);
            batch->count = 0;
            add(0);
            batch->calls[0].call.arch = archs[a];
            batch->calls[0].call.args[word / 2] = (uint64_t)value << (word % 2 == 0 ? 0 : 32) | (word % 2 == 0 ? 1ull << 40 : 7);
            assert_int_equal(live_run(&program, batch), 0);
            assert_int_equal(batch->calls[0].answer, SECCOMP_RET_LOG);
        }
    }
}

static void machines(void **state)
{
    (void)state;
    assert_true(instruction_exists(NATIVE));
    assert_false(instruction_exists(AUDIT_ARCH_ARM));
    const struct sock_filter by_arch[] = {
        LD(offsetof(struct seccomp_data, arch)), IS(NATIVE), RET(SECCOMP_RET_ALLOW), RET(SECCOMP_RET_KILL_PROCESS),
    };
    assert_int_equal(live_prepare(&program, by_arch, 4, LIVE_KILLS_REAL), 0);
    batch->count = 0;
    add(20);
    if (instruction_exists(AUDIT_ARCH_I386)) {
        add(20);
        batch->calls[1].call.arch = AUDIT_ARCH_I386;
    }
    assert_int_equal(live_run(&program, batch), 0);
    assert_int_equal(batch->calls[0].answer, SECCOMP_RET_ALLOW);
    assert_true(batch->count == 1 || batch->calls[1].answer == SECCOMP_RET_KILL_PROCESS);
}

/* A filter that uses every errno leaves none to stand for allow. */
static void no_errno_left(void **state)
{
    static struct sock_filter all[POLICY_FILTER_MAX];
    (void)state;
    for (uint32_t i = 0; i < 4095; i++) {
        all[i] = (struct sock_filter)RET(SECCOMP_RET_ERRNO | (i + 1));
    }
    all[4095] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
    assert_int_equal(live_prepare(&program, all, 4096, LIVE_KILLS_REAL), -1);
    /* With two left, allow and log can be told apart, but not five answers. */
    all[0] = all[1] = all[4095];
    assert_int_equal(live_prepare(&program, all, 4096, LIVE_KILLS_REAL), 0);
    assert_int_equal(live_prepare(&program, all, 4096, LIVE_KILLS_ERRNO), -1);
}

/* One call of which no filter is asked ends the process by SIGILL: it is made twice, then said. */
static void unexpected_deaths(void **state)
{
    const struct seccomp_data uretprobe = { .nr = 335, .arch = AUDIT_ARCH_X86_64 };
    (void)state;
    if (!instruction_unfiltered(&uretprobe)) {
        return; /* a machine without such calls */
    }
    assert_int_equal(live_prepare(&program, by_number, BY_NUMBER, LIVE_KILLS_REAL), 0);
    batch->count = 0;
    add(3);
    add(335);
    add(3);
    assert_int_equal(live_run(&program, batch), 0);
    uint32_t answer = batch->calls[1].answer;
    /* Before Linux 6.14 the filter is asked after all. */
    assert_true(answer == (ANSWER_DIED | SIGILL) || answer == SECCOMP_RET_ALLOW);
    assert_int_equal(batch->calls[2].answer, SECCOMP_RET_ERRNO | EPERM);
    if (answer == SECCOMP_RET_ALLOW) {
        return;
    }
    for (batch->count = 0; batch->count < 20;) {
        add(335);
    }
    assert_int_equal(live_run(&program, batch), -1);
    assert_non_null(strstr(live_failure(batch), "die"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer),  cmocka_unit_test(nothing_is_executed), cmocka_unit_test(whole_arguments),
        cmocka_unit_test(machines),      cmocka_unit_test(no_errno_left),       cmocka_unit_test(unexpected_deaths),
    };
    return cmocka_run_group_tests(tests, open_batch, close_batch);
}
