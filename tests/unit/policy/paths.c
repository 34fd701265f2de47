/*
 * The symbolic walk: its paths are disjoint, complete, and each ends where the
 * interpreter ends, on small programs, on random ones and on emitted ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bpf.h"
#include "base/syscall_names.h"
#include "parser/policy.h"
#include "policy/paths.h"

const char program_name[] = "paths";

#if defined(__x86_64__)
enum { NATIVE = (int)AUDIT_ARCH_X86_64 };
#else
enum { NATIVE = (int)AUDIT_ARCH_AARCH64 };
#endif

static uint64_t state = 88172645463325252u;
static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}
static uint32_t below(uint32_t n)
{
    return next() % n;
}

static struct paths paths;

/* ---- conditions --------------------------------------------------------------------- */

static struct condition condition(uint8_t word, bool equal, uint32_t mask, uint32_t value)
{
    return (struct condition){ .word = word, .equal = equal, .mask = mask, .value = value & mask };
}

static void solving(void **unused)
{
    (void)unused;
    uint32_t words[CALL_WORDS];
    struct condition list[40];
    /* Nothing asked: zeros. */
    assert_int_equal(conditions_solve(NULL, 0, NULL, 0, words), CONDITIONS_SOLVED);
    assert_int_equal(words[3], 0);
    /* All of four values of two bits are excluded. */
    for (uint32_t i = 0; i < 4; i++) {
        list[i] = condition(2, false, 3, i);
    }
    assert_int_equal(conditions_solve(list, 4, NULL, 0, words), CONDITIONS_NEVER);
    assert_int_equal(conditions_solve(list, 3, NULL, 0, words), CONDITIONS_SOLVED);
    assert_int_equal(words[2] & 3, 3);
    /* The same from two lists. */
    assert_int_equal(conditions_solve(list, 2, list + 2, 2, words), CONDITIONS_NEVER);
    /* Equalities that contradict each other. */
    list[0] = condition(1, true, 0xf0, 0x10);
    list[1] = condition(1, true, 0x3f, 0x20);
    assert_int_equal(conditions_solve(list, 1, list + 1, 1, words), CONDITIONS_NEVER);
    list[1] = condition(1, true, 0x1f, 0x15);
    assert_int_equal(conditions_solve(list, 1, list + 1, 1, words), CONDITIONS_SOLVED);
    assert_int_equal(words[1], 0x15);
}

/* Against trying all values of a word of eight bits. */
static void solving_random(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 4000; round++) {
        struct condition list[24], simple[24];
        unsigned count = 1 + below(23);
        for (unsigned i = 0; i < count; i++) {
            uint32_t mask = below(8) == 0 ? 1u << below(8) : 1 + below(255);
            list[i] = condition(0, below(6) == 0, mask, next());
        }
        bool possible = false, possible_set[256];
        for (uint32_t v = 0; v < 256; v++) {
            uint32_t words[CALL_WORDS] = { v };
            possible_set[v] = conditions_hold(list, count, words);
            possible = possible || possible_set[v];
        }
        uint32_t words[CALL_WORDS];
        unsigned half = below(count);
        assert_int_equal(conditions_solve(list, half, list + half, count - half, words), possible ? CONDITIONS_SOLVED
                                                                                                    : CONDITIONS_NEVER);
        if (!possible) {
            continue;
        }
        assert_true(conditions_hold(list, count, words));
        unsigned less = conditions_simplify(list, count, simple);
        assert_true(less <= count);
        for (uint32_t v = 0; v < 256; v++) {
            uint32_t each[CALL_WORDS] = { v };
            assert_int_equal(conditions_hold(simple, less, each), possible_set[v]);
        }
    }
}

/* ---- programs ------------------------------------------------------------------------- */

static uint32_t run(const struct sock_filter *filter, unsigned n, const uint32_t words[CALL_WORDS])
{
    struct seccomp_data data;
    conditions_to_data(words, &data);
    return bpf_run(filter, n, &data);
}

/* Each path can be taken, ends as it says, and is not also another one. */
static void check_paths(const struct sock_filter *filter, unsigned n, const struct condition *given, unsigned given_count)
{
    for (uint32_t i = 0; i < paths.count; i++) {
        uint32_t words[CALL_WORDS];
        const struct path *p = &paths.list[i];
        assert_int_equal(conditions_solve(path_conditions(&paths, p), p->count, given, given_count, words), CONDITIONS_SOLVED);
        assert_int_equal(run(filter, n, words), p->action);
        for (uint32_t j = 0; j < i && paths.count < 300; j++) {
            const struct path *q = &paths.list[j];
            assert_int_equal(conditions_solve(path_conditions(&paths, p), p->count, path_conditions(&paths, q), q->count,
                                              words), CONDITIONS_NEVER);
        }
    }
}

static void check_call(const struct sock_filter *filter, unsigned n, uint32_t words[CALL_WORDS])
{
    const struct path *p = paths_find(&paths, words);
    assert_non_null(p);
    assert_int_equal(run(filter, n, words), p->action);
}

enum { RETURN = BPF_RET | BPF_K, LOAD = BPF_LD | BPF_W | BPF_ABS };

/* Instructions of which nothing is left out but sums of arguments. */
static void random_program(struct sock_filter *f, unsigned n)
{
    static const uint16_t codes[] = {
        LOAD, LOAD, LOAD, LOAD, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM, BPF_MISC | BPF_TXA, BPF_ALU | BPF_AND, BPF_ALU | BPF_AND,
        BPF_ALU | BPF_OR, BPF_ALU | BPF_XOR, BPF_ALU | BPF_LSH, BPF_ALU | BPF_RSH, BPF_JMP | BPF_JA,
        BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JGT, BPF_JMP | BPF_JGE,
        BPF_JMP | BPF_JSET, BPF_JMP | BPF_JSET, BPF_JMP | BPF_JEQ | BPF_X, BPF_JMP | BPF_JGT | BPF_X, RETURN,
    };
    static const uint32_t offsets[] = { 0, 16, 16, 24, 20 };
    for (unsigned i = 0; i < n; i++) {
        uint16_t code = i + 1 == n ? RETURN : codes[below(sizeof codes / sizeof *codes)];
        unsigned left = n - i - 1;
        f[i] = (struct sock_filter){ .code = code, .k = below(8) };
        if (code == LOAD) {
            f[i].k = offsets[below(5)];
        } else if (code == RETURN) {
            f[i].k = SECCOMP_RET_ERRNO | (1 + below(40));
        } else if (code == (BPF_JMP | BPF_JA)) {
            f[i].k = below(left < 3 ? left : 3);
        } else if (BPF_CLASS(code) == BPF_JMP) {
            f[i].jt = (uint8_t)below(left < 6 ? left : 6);
            f[i].jf = (uint8_t)below(left < 6 ? left : 6);
        } else if (BPF_CLASS(code) == BPF_ALU && BPF_OP(code) == BPF_AND) {
            f[i].k = below(3) == 0 ? 1 + below(15) : ~0u << below(4);
        }
    }
}

static void random_programs(void **unused)
{
    (void)unused;
    unsigned walked = 0, most = 0;
    for (unsigned round = 0; round < 3000; round++) {
        struct sock_filter f[40];
        unsigned n = 2 + below(38);
        random_program(f, n);
        assert_int_equal(bpf_check(f, n), 0);
        enum paths_error error = paths_walk(&paths, f, n, NULL, 0);
        assert_true(error == PATHS_OK || error == PATHS_ARITHMETIC || error == PATHS_MANY);
        if (error != PATHS_OK) {
            continue;
        }
        walked++;
        most = paths.count > most ? paths.count : most;
        check_paths(f, n, NULL, 0);
        for (unsigned i = 0; i < 60; i++) {
            uint32_t words[CALL_WORDS] = { 0 };
            words[0] = below(2) == 0 ? below(10) : next();
            words[1] = below(10);
            words[4] = below(10);
            words[WORD_NR] = below(10);
            check_call(f, n, words);
        }
    }
    assert_true(walked > 2000);
    assert_true(most > 60);
}

static void arithmetic(void **unused)
{
    (void)unused;
    const struct sock_filter sums[] = {
        { LOAD, 0, 0, 16 }, { BPF_ALU | BPF_ADD, 0, 0, 1 }, { BPF_JMP | BPF_JEQ, 0, 1, 7 },
        { RETURN, 0, 0, SECCOMP_RET_ALLOW }, { RETURN, 0, 0, SECCOMP_RET_KILL_PROCESS },
    };
    assert_int_equal(paths_walk(&paths, sums, 5, NULL, 0), PATHS_ARITHMETIC);
    /* Of what is known it can be done. */
    const struct condition six = condition(0, true, ~0u, 6);
    assert_int_equal(paths_walk(&paths, sums, 5, &six, 1), PATHS_OK);
    assert_int_equal(paths.count, 1);
    assert_int_equal(paths.list[0].action, SECCOMP_RET_ALLOW);
}

/* Thirteen bits, each looked at alone, are 8,192 cases. */
static void too_many(void **unused)
{
    (void)unused;
    struct sock_filter f[64];
    unsigned n = 0;
    for (unsigned bit = 0; bit < 13; bit++) {
        f[n++] = (struct sock_filter){ LOAD, 0, 0, 16 };
        f[n++] = (struct sock_filter){ BPF_JMP | BPF_JSET, 1, 0, 1u << bit };
        f[n++] = (struct sock_filter){ BPF_LD | BPF_IMM, 0, 0, 0 };
    }
    f[n++] = (struct sock_filter){ RETURN, 0, 0, SECCOMP_RET_ALLOW };
    assert_int_equal(bpf_check(f, n), 0);
    assert_int_equal(paths_walk(&paths, f, n, NULL, 0), PATHS_MANY);
    assert_string_equal(paths_message(PATHS_MANY), "has more cases than can be looked at");
}

/* ---- what is emitted ------------------------------------------------------------------ */

static struct policy_plan plan;

static void load(const char *path)
{
    static char source[DOC_POLICY_BYTES_MAX];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t n = fread(source, 1, sizeof source, file);
    fclose(file);
    policy_compile(&plan, source, n, POLICY_FOR_EITHER);
    assert_int_equal(plan.head.usable, 1);
}

static void emitted(void **unused)
{
    (void)unused;
    static const char *const documents[] = {
        "policy/hooks/default.json", "policy/hooks/strict.json", "policy/roles/monitor.json", "policy/roles/launcher.json",
    };
    for (size_t d = 0; d < sizeof documents / sizeof *documents; d++) {
        load(documents[d]);
        for (uint32_t number = 0; number < 480; number++) {
            const struct condition given[] = { condition(WORD_NR, true, ~0u, number), condition(WORD_ARCH, true, ~0u, NATIVE) };
            assert_int_equal(paths_of_call(&paths, plan.filter, plan.filter_length, (uint32_t)NATIVE, number), PATHS_OK);
            check_paths(plan.filter, plan.filter_length, given, 2);
            for (unsigned i = 0; i < 20; i++) {
                uint32_t words[CALL_WORDS];
                for (unsigned w = 0; w < CALL_WORDS; w++) {
                    words[w] = below(3) == 0 ? next() : below(20);
                }
                words[WORD_NR] = number;
                words[WORD_ARCH] = (uint32_t)NATIVE;
                check_call(plan.filter, plan.filter_length, words);
            }
        }
    }
}

/* Conditions as they are read: sockets of the default policy. */
static void sockets(void **unused)
{
    (void)unused;
    uint32_t allowed = 0, refused = 0;
    load("policy/hooks/default.json");
    assert_int_equal(paths_of_call(&paths, plan.filter, plan.filter_length, (uint32_t)NATIVE,
                                   (uint32_t)syscall_number("socket")), PATHS_OK);
    for (uint32_t i = 0; i < paths.count; i++) {
        const struct condition *c = path_conditions(&paths, &paths.list[i]);
        if (paths.list[i].action == SECCOMP_RET_ALLOW) {
            allowed++;
            assert_true(c[0].equal && c[0].word == 0 && c[0].mask == ~0u);
            assert_int_equal(paths.list[i].count, c[0].value == 16 ? 2 : 1);
        } else {
            refused++;
        }
    }
    assert_int_equal(allowed, 4); /* AF_UNIX, AF_INET, AF_INET6, AF_NETLINK with protocol 0 */
    assert_true(refused >= 2);
}

/* All other ABIs at once: whatever the number, one answer. */
static void foreign(void **unused)
{
    (void)unused;
    load("policy/hooks/default.json");
    const struct condition other = condition(WORD_ARCH, false, ~0u, NATIVE);
    assert_int_equal(paths_walk(&paths, plan.filter, plan.filter_length, &other, 1), PATHS_OK);
    assert_int_equal(paths.count, 1);
    assert_int_equal(paths.list[0].action, SECCOMP_RET_KILL_PROCESS);
    const struct condition none[] = { condition(WORD_NR, true, ~0u, 1), condition(WORD_NR, true, ~0u, 2) };
    assert_int_equal(paths_walk(&paths, plan.filter, plan.filter_length, none, 2), PATHS_OK);
    assert_int_equal(paths.count, 0);
    paths_free(&paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(solving),  cmocka_unit_test(solving_random), cmocka_unit_test(random_programs),
        cmocka_unit_test(arithmetic), cmocka_unit_test(too_many),     cmocka_unit_test(emitted),
        cmocka_unit_test(sockets),  cmocka_unit_test(foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
