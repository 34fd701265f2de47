/*
 * Random sets of rules, compiled and interpreted, against a reference that knows
 * nothing of BPF: what OCI's words mean, in so many lines.  libseccomp has
 * weakened filters when it merged comparisons; this is how that would show.
 */
#include <errno.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/bpf.h"
#include "parser/policy_compare.h"
#include "parser/policy_filter.h"

#ifdef __x86_64__
static const uint32_t native = AUDIT_ARCH_X86_64;
#else
static const uint32_t native = AUDIT_ARCH_AARCH64;
#endif

enum { RULES_MAX = 6, ROUNDS = 500, CALLS = 300 };

/* All of socket's arguments are ints, of ioctl the first two; mmap's are not in the table. */
static const int numbers[] = {SYS_ioctl, SYS_socket, SYS_mmap, SYS_read};
static const uint64_t values[] = {0, 1, 2, 3, 5, 16, 0x5412, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
static const uint64_t highs[] = {0, 0, 0, 1, 0x80000000, 0xffffffff};

/* A generator of its own, so that a failure can be repeated. */
static uint64_t state_of_random = 20240229;
static unsigned pick(unsigned n)
{
    state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state_of_random >> 33) % n;
}
#define PICK(table) (table)[pick(sizeof(table) / sizeof((table)[0]))]

static bool holds(enum scmp_compare op, uint64_t x, uint64_t value, uint64_t two)
{
    switch (op) {
    case SCMP_CMP_NE: return x != value;
    case SCMP_CMP_LT: return x < value;
    case SCMP_CMP_LE: return x <= value;
    case SCMP_CMP_EQ: return x == value;
    case SCMP_CMP_GE: return x >= value;
    case SCMP_CMP_GT: return x > value;
    case SCMP_CMP_MASKED_EQ: return (x & value) == two;
    case _SCMP_CMP_MIN: case _SCMP_CMP_MAX: default: return false;
    }
}

/* Of an argument of unknown width both readings are possible: a denial must hold if
 * either says so, a permission only if both do. */
static bool matches(const struct policy_rule *rule, const struct seccomp_data *data, bool denies)
{
    if (rule->number != data->nr)
        return false;
    for (unsigned i = 0; i < rule->count; i++) {
        const struct policy_compare *c = &rule->compares[i];
        uint64_t x = data->args[c->index];
        bool narrow = holds(c->op, x & UINT32_MAX, c->value & UINT32_MAX, c->value_two & UINT32_MAX);
        bool wide = holds(c->op, x, c->value, c->value_two);

        if (policy_compare_is_int(rule->number, c->index) ? !narrow : denies ? !(narrow || wide) : !(narrow && wide))
            return false;
    }
    return true;
}

static uint32_t reference(const struct policy_rule *rules, unsigned n, uint32_t default_action,
                          const struct seccomp_data *data)
{
    static const uint32_t severity[] = {SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP,
                                        SCMP_ACT_ERRNO(EPERM)};
    bool is_default_rule = default_action == SCMP_ACT_ALLOW;

    for (unsigned s = 0; s < sizeof severity / sizeof severity[0]; s++)
        for (unsigned i = 0; i < n; i++)
            if (rules[i].action == severity[s] && matches(&rules[i], data, true))
                return severity[s];
    for (unsigned i = 0; i < n && !is_default_rule; i++)
        if (rules[i].action == SCMP_ACT_ALLOW && matches(&rules[i], data, false))
            return SCMP_ACT_ALLOW;
    return default_action;
}

static void random_rule(struct policy_rule *rule)
{
    static const uint32_t actions[] = {SCMP_ACT_ALLOW, SCMP_ACT_ALLOW, SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM),
                                       SCMP_ACT_KILL_PROCESS, SCMP_ACT_TRAP};
    static const enum scmp_compare ops[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE,
                                            SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
    unsigned first = pick(3);

    *rule = (struct policy_rule){.number = PICK(numbers), .action = PICK(actions), .count = pick(3)};
    for (unsigned i = 0; i < rule->count; i++) {
        struct policy_compare *c = &rule->compares[i];

        *c = (struct policy_compare){.index = (first + i) % 3, .op = PICK(ops), .value = PICK(values)};
        if (c->op == SCMP_CMP_MASKED_EQ)
            c->value_two = PICK(values) & c->value;
    }
}

static void random_call(struct seccomp_data *data, const struct policy_rule *rules, unsigned n)
{
    *data = (struct seccomp_data){.nr = PICK(numbers), .arch = native};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t low = PICK(values);

        if (pick(2) == 0) {
            const struct policy_rule *rule = &rules[pick(n)];

            low = rule->compares[pick(3)].value + pick(3) - 1;
        }
        data->args[i] = (low & UINT32_MAX) | PICK(highs) << 32;
    }
}

/* True if the rules could be compiled; then program and length are set. */
static bool compile(const struct policy_rule *rules, unsigned n, uint32_t default_action, struct sock_filter *program,
                    uint32_t *length)
{
    struct policy_filter filter;
    enum policy_filter_error error = policy_filter_begin(&filter, default_action, POLICY_FOR_ROLE);

    for (unsigned i = 0; i < n && error == POLICY_FILTER_OK; i++)
        error = policy_filter_add(&filter, &rules[i]);
    if (error == POLICY_FILTER_OK)
        error = policy_filter_emit(&filter, program, length);
    policy_filter_end(&filter);
    if (error != POLICY_FILTER_OK && error != POLICY_FILTER_MANY)
        fail_msg("a random rule %s", policy_filter_message(error));
    return error == POLICY_FILTER_OK;
}

static void random_rules(void **state)
{
    static const uint32_t defaults[] = {SCMP_ACT_ERRNO(1), SCMP_ACT_KILL_PROCESS, SCMP_ACT_ALLOW};
    static struct sock_filter program[POLICY_FILTER_MAX];
    unsigned compiled = 0;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct policy_rule rules[RULES_MAX];
        unsigned n = 1 + pick(RULES_MAX);
        uint32_t default_action = PICK(defaults), length;

        for (unsigned i = 0; i < n; i++)
            random_rule(&rules[i]);
        if (!compile(rules, n, default_action, program, &length))
            continue;
        compiled++;
        assert_int_equal(bpf_check(program, length), 0);
        for (unsigned i = 0; i < CALLS; i++) {
            struct seccomp_data data;
            uint32_t expected, got;

            random_call(&data, rules, n);
            expected = reference(rules, n, default_action, &data);
            got = bpf_run(program, length, &data);
            if (expected != got)
                fail_msg("round %u, call %u: 0x%08x, not 0x%08x", round, i, got, expected);
        }
    }
    assert_true(compiled > ROUNDS / 2);
}

/* libseccomp 2.5 keeps what it replaces when an unconditional rule makes others of
 * the same call superfluous; that is its own affair. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libseccomp.so";
}
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
