/*
 * The checker against programs that must not pass, the interpreter against
 * answers worked out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bpf.h"

#define LD(k) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (k))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))
#define OK RET(SECCOMP_RET_ALLOW)

struct check_row {
    const char *name;
    int expected;
    unsigned n;
    struct sock_filter program[6];
};

static const struct check_row check_rows[] = {
    {"nothing", -1, 0, {OK}},
    {"one return", 0, 1, {OK}},
    {"no return", -1, 1, {LD(0)}},
    {"return not last", -1, 2, {OK, LD(0)}},
    {"load of arch", 0, 2, {LD(4), OK}},
    {"load of the last word", 0, 2, {LD(60), OK}},
    {"load behind the end", -1, 2, {LD(64), OK}},
    {"load far behind", -1, 2, {LD(0xfffffffc), OK}},
    {"load not aligned", -1, 2, {LD(2), OK}},
    {"load of a half word", -1, 2, {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), OK}},
    {"load through x", -1, 2, {BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), OK}},
    {"load of scratch memory", -1, 2, {BPF_STMT(BPF_LD | BPF_MEM, 0), OK}},
    {"store", -1, 2, {BPF_STMT(BPF_ST, 0), OK}},
    {"load of a constant", 0, 2, {BPF_STMT(BPF_LD | BPF_IMM, 77), OK}},
    {"jump to the end", 0, 3, {BPF_STMT(BPF_JMP | BPF_JA, 1), OK, OK}},
    {"jump behind the end", -1, 3, {BPF_STMT(BPF_JMP | BPF_JA, 2), OK, OK}},
    {"jump backwards", -1, 3, {OK, BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), OK}},
    {"true branch behind the end", -1, 3, {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 2, 0), OK, OK}},
    {"false branch behind the end", -1, 3, {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2), OK, OK}},
    {"branches inside", 0, 3, {BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0), OK, OK}},
    {"division", -1, 2, {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 1), OK}},
    {"remainder", -1, 2, {BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 1), OK}},
    {"shift by 31", 0, 2, {BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 31), OK}},
    {"shift by 32", -1, 2, {BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), OK}},
    {"return of the accumulator", -1, 1, {BPF_STMT(BPF_RET | BPF_A, 0)}},
    {"no such code", -1, 2, {BPF_STMT(0xffff, 0), OK}},
    {"errno 1", 0, 1, {RET(SECCOMP_RET_ERRNO | 1)}},
    {"errno 4095", 0, 1, {RET(SECCOMP_RET_ERRNO | 4095)}},
    {"errno 0 looks like success", -1, 1, {RET(SECCOMP_RET_ERRNO)}},
    {"errno too high", -1, 1, {RET(SECCOMP_RET_ERRNO | 4096)}},
    {"notify", -1, 1, {RET(SECCOMP_RET_USER_NOTIF)}},
    {"trace", -1, 1, {RET(SECCOMP_RET_TRACE)}},
    {"log", 0, 1, {RET(SECCOMP_RET_LOG)}},
    {"kill", 0, 1, {RET(SECCOMP_RET_KILL_PROCESS)}},
    {"allow with data", -1, 1, {RET(SECCOMP_RET_ALLOW | 1)}},
    {"no such action", -1, 1, {RET(0x12340000)}},
    {"a bad return that is never reached", -1, 3, {BPF_STMT(BPF_JMP | BPF_JA, 1), RET(SECCOMP_RET_TRACE), OK}},
};

static void check(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof check_rows / sizeof check_rows[0]; i++)
        if (bpf_check(check_rows[i].program, check_rows[i].n) != check_rows[i].expected)
            fail_msg("%s: not %d", check_rows[i].name, check_rows[i].expected);
}

static void check_length(void **state)
{
    static struct sock_filter program[BPF_MAXINSNS + 1];

    (void)state;
    for (unsigned i = 0; i <= BPF_MAXINSNS; i++)
        program[i] = (struct sock_filter)OK;
    assert_int_equal(bpf_check(program, BPF_MAXINSNS), 0);
    assert_int_equal(bpf_check(program, BPF_MAXINSNS + 1), -1);
}

struct run_row {
    const char *name;
    uint32_t expected;
    unsigned n;
    struct sock_filter program[6];
};

/* Run on nr 7, arch 0x11223344, arguments 0x0000000a_00000003, 5, ... */
static const struct run_row run_rows[] = {
    {"number", 1, 4, {LD(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"arch", 2, 4, {LD(4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"low half", 1, 4, {LD(16), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 1), RET(1), RET(2)}},
    {"high half", 1, 4, {LD(20), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 10, 0, 1), RET(1), RET(2)}},
    {"compared in 64 bits, a high bit hides the low half", 2, 6,
     {LD(20), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3), LD(16), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 1), RET(1), RET(2)}},
    {"greater, equal", 2, 4, {LD(0), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"greater or equal", 1, 4, {LD(0), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"unsigned", 2, 4, {LD(0), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80000000, 0, 1), RET(1), RET(2)}},
    {"bits, none", 2, 4, {LD(0), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 8, 0, 1), RET(1), RET(2)}},
    {"bits, one", 1, 4, {LD(0), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 12, 0, 1), RET(1), RET(2)}},
    {"always", 2, 4, {BPF_STMT(BPF_JMP | BPF_JA, 2), LD(0), RET(1), RET(2)}},
    {"and", 1, 5, {LD(0), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 5), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 1), RET(1), RET(2)}},
    {"negate", 1, 5, {LD(0), BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xfffffff9, 0, 1), RET(1), RET(2)}},
    {"shift", 1, 5, {LD(0), BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x70, 0, 1), RET(1), RET(2)}},
    {"with x", 1, 6, {LD(0), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), RET(1), RET(2)}},
    {"runs off the end", SECCOMP_RET_KILL_PROCESS, 1, {LD(0)}},
    {"jumps off the end", SECCOMP_RET_KILL_PROCESS, 2, {BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RET(1)}},
    {"no such code", SECCOMP_RET_KILL_PROCESS, 2, {BPF_STMT(BPF_LD | BPF_MEM, 0), RET(1)}},
    {"load behind the end", 2, 4, {LD(64), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"empty", SECCOMP_RET_KILL_PROCESS, 0, {RET(1)}},
};

static void run(void **state)
{
    const struct seccomp_data data = {.nr = 7, .arch = 0x11223344, .args = {0x0000000a00000003, 5}};

    (void)state;
    for (size_t i = 0; i < sizeof run_rows / sizeof run_rows[0]; i++) {
        uint32_t got = bpf_run(run_rows[i].program, run_rows[i].n, &data);

        if (got != run_rows[i].expected)
            fail_msg("%s: 0x%x, not 0x%x", run_rows[i].name, got, run_rows[i].expected);
    }
}

/* Which bits of the call an answer came from. */
static const struct {
    const char *name;
    struct {
        unsigned word;
        uint32_t bits;
    } noted[2];
    unsigned n;
    struct sock_filter program[6];
} note_rows[] = {
    {"nothing", {{0}}, 1, {RET(1)}},
    {"loaded, and not looked at", {{0}}, 2, {LD(0), RET(1)}},
    {"a word", {{0, UINT32_MAX}}, 4, {LD(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"high half of the first argument", {{5, UINT32_MAX}}, 4, {LD(20), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"masked", {{4, 0xf0}}, 5, {LD(16), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"single bits", {{4, 0x30}}, 4, {LD(16), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x30, 0, 1), RET(1), RET(2)}},
    {"moved", {{4, UINT32_MAX}}, 5, {LD(16), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), RET(1), RET(2)}},
    {"masked, then moved", {{4, 0xf0}}, 5, {LD(16), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1), RET(1), RET(2)}},
    {"two words", {{0, UINT32_MAX}, {4, UINT32_MAX}}, 6, {LD(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 2), LD(16), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 0), RET(1), RET(2)}},
    {"the way that is not taken", {{0, UINT32_MAX}}, 6, {LD(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 8, 0, 2), LD(16), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 0), RET(1), RET(2)}},
    {"by way of x", {{0, UINT32_MAX}}, 6, {LD(0), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), RET(1), RET(2)}},
    {"a constant", {{0}}, 4, {BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), RET(1), RET(2)}},
};

static void note(void **state)
{
    const struct seccomp_data data = {.nr = 7, .arch = 0x11223344, .args = {0x0000000a00000003, 5}};

    (void)state;
    for (size_t i = 0; i < sizeof note_rows / sizeof note_rows[0]; i++) {
        uint32_t noted[BPF_CALL_WORDS], expected[BPF_CALL_WORDS] = {0};
        uint32_t got = bpf_run_noting(note_rows[i].program, note_rows[i].n, &data, noted);

        for (unsigned j = 0; j < 2; j++)
            expected[note_rows[i].noted[j].word] |= note_rows[i].noted[j].bits;
        if (got != bpf_run(note_rows[i].program, note_rows[i].n, &data) || memcmp(noted, expected, sizeof noted) != 0)
            fail_msg("%s", note_rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check),
        cmocka_unit_test(check_length),
        cmocka_unit_test(run),
        cmocka_unit_test(note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
