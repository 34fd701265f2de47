/*
 * Calls drawn at random: they are the same for the same seed, they reach what a filter
 * looks at, and a mistake on either side is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/bpf.h"
#include "parser/policy.h"
#include "policy/agree.h"
#include "policy/answer.h"
#include "policy/compared.h"
#include "policy/instruction.h"
#include "policy/tuples.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

/* Conditions of every kind that a policy has, on the low and on both halves of an argument. */
static const char source[] =
    "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
    "{\"names\":[\"read\",\"write\",\"close\"],\"action\":\"SCMP_ACT_ALLOW\"},"
    "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
    "{\"names\":[\"mmap\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":2,\"value\":4,\"valueTwo\":0,"
    "\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
    "{\"names\":[\"pread64\"],\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":3,\"value\":81985529216486895,"
    "\"op\":\"SCMP_CMP_EQ\"}]},"
    "{\"names\":[\"lseek\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":1,\"value\":65536,\"op\":\"SCMP_CMP_GT\"}]},"
    "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_KILL_THREAD\",\"args\":[{\"index\":0,\"value\":8,"
    "\"op\":\"SCMP_CMP_NE\"}]},"
    "{\"names\":[\"reboot\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}}}";

static struct policy_plan plan;

static int compile(void **state)
{
    (void)state;
    policy_compile(&plan, source, sizeof source - 1, POLICY_FOR_HOOK);
    return plan.head.usable == 1 ? 0 : -1;
}

static int run(const struct sock_filter *interpreted, const struct sock_filter *loaded, uint64_t seed, uint64_t count,
               struct agreement *agreement)
{
    const struct agree_sides sides = { interpreted, loaded, plan.filter_length, plan.filter_length };
    const char *failure = NULL;
    int error = 0, result = agree_run(agreement, &sides, seed, count, &failure, &error);
    if (result != 0) {
        print_message("%s: %s\n", failure, strerror(error));
    }
    return result;
}

static void both_agree(void **state)
{
    struct agreement agreement;
    (void)state;
    assert_int_equal(run(plan.filter, plan.filter, 1, 100000, &agreement), 0);
    assert_int_equal(agreement.made, 100000);
    assert_int_equal(agreement.agreed, 100000);
    assert_int_equal(agreement.shown, 0);
    assert_int_equal(run(plan.filter, plan.filter, 1, 0, &agreement), 0);
    assert_int_equal(agreement.made, 0);
}

/* One bit of one instruction: on the interpreter's side it is an interpreter that is
 * wrong, on the other one a kernel.  It must be a bit that matters: the low half of the
 * value that socket's first argument is compared with. */
static void a_mistake_is_found(void **state)
{
    static struct sock_filter doctored[POLICY_FILTER_MAX];
    struct agreement agreement;
    uint32_t at = 0;
    const struct seccomp_data before = { .nr = SYS_socket, .arch = NATIVE, .args = { 1 } };
    (void)state;
    memcpy(doctored, plan.filter, sizeof doctored);
    do {
        doctored[at] = plan.filter[at];
        assert_true(++at < plan.filter_length);
        doctored[at].k ^= BPF_CLASS(doctored[at].code) == BPF_JMP && doctored[at].k == 1 ? 2 : 0;
    } while (bpf_run(doctored, plan.filter_length, &before) == SECCOMP_RET_ALLOW);
    for (unsigned side = 0; side < 2; side++) {
        const struct sock_filter *interpreted = side == 0 ? doctored : plan.filter;
        const struct sock_filter *loaded = side == 0 ? plan.filter : doctored;
        assert_int_equal(run(interpreted, loaded, 5, 20000, &agreement), 0);
        assert_true(agreement.agreed < agreement.made);
        assert_int_equal(agreement.shown, AGREE_SHOWN_MAX);
        for (uint32_t i = 0; i < agreement.shown; i++) {
            assert_int_equal(agreement.differ[i].call.nr, SYS_socket);
            assert_int_not_equal(agreement.differ[i].interpreter, agreement.differ[i].kernel);
        }
    }
}

/*
 * How much of a filter the calls reach: of all mistakes of one instruction (another
 * constant, the branches exchanged, another answer) that any call can show, nearly all
 * change the answer to one of them.  Those that are left change nothing at all: a
 * return that nothing leads to, an order between numbers that no rule tells apart.
 */
static bool doctor(struct sock_filter *f, unsigned how)
{
    const struct sock_filter before = *f;
    switch (BPF_CLASS(f->code)) {
    case BPF_JMP:
        if (BPF_OP(f->code) == BPF_JA || f->jt == f->jf) {
            return false;
        }
        f->k ^= how == 0 ? 1 : how == 1 ? 0x80000000 : 0;
        f->jt = how == 2 ? before.jf : before.jt;
        f->jf = how == 2 ? before.jt : before.jf;
        return true;
    case BPF_ALU:
        f->k ^= how == 0 ? 1 : 0x80000000;
        return how < 2;
    case BPF_RET:
        f->k = SECCOMP_RET_USER_NOTIF;
        return how == 0;
    default:
        return false;
    }
}

static void calls_reach_the_conditions(void **state)
{
    enum { CALLS = 50000 };
    static struct seccomp_data calls[CALLS];
    static uint32_t answers[CALLS];
    static struct tuples tuples;
    static struct sock_filter filter[POLICY_FILTER_MAX];
    unsigned mistakes = 0, found = 0;
    (void)state;
    memcpy(filter, plan.filter, sizeof filter);
    tuples_begin(&tuples, filter, plan.filter_length, 3, true);
    for (unsigned i = 0; i < CALLS; i++) {
        tuples_draw(&tuples, &calls[i]);
        answers[i] = bpf_run(filter, plan.filter_length, &calls[i]);
    }
    for (uint32_t at = 0; at < plan.filter_length; at++) {
        for (unsigned how = 0; how < 3; how++) {
            bool shows = false;
            if (doctor(&filter[at], how)) {
                mistakes++;
                for (unsigned i = 0; i < CALLS && !shows; i++) {
                    shows = bpf_run(filter, plan.filter_length, &calls[i]) != answers[i];
                }
                found += shows ? 1 : 0;
            }
            filter[at] = plan.filter[at];
        }
    }
    print_message("%u of %u mistakes of one instruction are found\n", found, mistakes);
    assert_true(mistakes > 200);
    assert_true(found * 100 >= mistakes * 80);
}

static void the_same_seed(void **state)
{
    static struct tuples one, other;
    struct seccomp_data a, b;
    unsigned differ = 0;
    (void)state;
    tuples_begin(&one, plan.filter, plan.filter_length, 42, true);
    tuples_begin(&other, plan.filter, plan.filter_length, 42, true);
    for (unsigned i = 0; i < 5000; i++) {
        tuples_draw(&one, &a);
        tuples_draw(&other, &b);
        assert_memory_equal(&a, &b, sizeof a);
        assert_false(instruction_unfiltered(&a));
    }
    tuples_begin(&other, plan.filter, plan.filter_length, 43, true);
    for (unsigned i = 0; i < 100; i++) {
        tuples_draw(&one, &a);
        tuples_draw(&other, &b);
        differ += memcmp(&a, &b, sizeof a) != 0 ? 1 : 0;
    }
    assert_true(differ > 90);
}

/* What is compared is found for the calls that have conditions, and for no other. */
static void conditions(void **state)
{
    static struct compared found;
    (void)state;
    assert_int_equal(compared_find(&found, plan.filter, plan.filter_length, NATIVE, SYS_read), 0);
    assert_true(compared_find(&found, plan.filter, plan.filter_length, NATIVE, SYS_mmap) > 0);
    bool seen = false;
    for (uint32_t i = 0; i < found.count[4]; i++) {
        seen = seen || (found.list[4][i].mask == 4 && found.list[4][i].value == 0);
    }
    assert_true(seen);
    assert_true(compared_find(&found, plan.filter, plan.filter_length, NATIVE, SYS_pread64) >= 2);
    seen = false;
    for (uint32_t i = 0; i < found.count[7]; i++) {
        seen = seen || found.list[7][i].value == 0x01234567;
    }
    assert_true(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_agree),    cmocka_unit_test(a_mistake_is_found), cmocka_unit_test(calls_reach_the_conditions),
        cmocka_unit_test(the_same_seed), cmocka_unit_test(conditions),
    };
    return cmocka_run_group_tests(tests, compile, NULL);
}
