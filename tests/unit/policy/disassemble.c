/* The program as text: every kind of instruction, where jumps lead, what is loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/bpf.h"
#include "base/native.h"
#include "base/syscall_names.h"
#include "policy/disassemble.h"

const char program_name[] = "disassemble";

enum { LOAD = BPF_LD | BPF_W | BPF_ABS, RETURN = BPF_RET | BPF_K, N = 22 };

static void lines(void **state)
{
    (void)state;
    const uint32_t read_number = (uint32_t)syscall_number("read");
    const struct sock_filter f[N] = {
        { LOAD, 0, 0, 4 },
        { BPF_JMP | BPF_JEQ, 1, 0, NATIVE_ARCH },
        { RETURN, 0, 0, SECCOMP_RET_KILL_PROCESS },
        { LOAD, 0, 0, 0 },
        { BPF_JMP | BPF_JEQ, 0, 14, read_number },
        { LOAD, 0, 0, 24 },
        { BPF_ALU | BPF_AND, 0, 0, 0xff },
        { BPF_JMP | BPF_JSET, 0, 1, 4 },
        { LOAD, 0, 0, 0 },
        { BPF_JMP | BPF_JGT, 0, 0, read_number }, /* from a load of the number, and of an argument */
        { BPF_LD | BPF_IMM, 0, 0, 7 },
        { BPF_LDX | BPF_IMM, 0, 0, 8 },
        { BPF_JMP | BPF_JGE | BPF_X, 1, 0, 0 },
        { BPF_MISC | BPF_TAX, 0, 0, 0 },
        { BPF_MISC | BPF_TXA, 0, 0, 0 },
        { BPF_ALU | BPF_NEG, 0, 0, 0 },
        { BPF_JMP | BPF_JA, 0, 0, 1 },
        { BPF_ALU | BPF_LSH, 0, 0, 3 },
        { RETURN, 0, 0, SECCOMP_RET_ALLOW },
        { LOAD, 0, 0, 60 },
        { LOAD, 0, 0, 8 },
        { RETURN, 0, 0, SECCOMP_RET_ERRNO | 38 },
    };
#ifdef __x86_64__
    const char *const arch = "1: jeq 0xc000003e ? 3 : 2 ; x86-64", *const call = "4: jeq 0x0 ? 5 : 19 ; read";
#else
    const char *const arch = "1: jeq 0xc00000b7 ? 3 : 2 ; arm64", *const call = "4: jeq 0x3f ? 5 : 19 ; read";
#endif
    const char *const expected[N] = {
        "0: ld [4] ; architecture",
        arch,
        "2: ret 0x80000000 ; killed",
        "3: ld [0] ; number of the call",
        call,
        "5: ld [24] ; args[1], low half",
        "6: and 0xff",
        "7: jset 0x4 ? 8 : 9",
        "8: ld [0] ; number of the call",
        NULL, /* below: no name, for it is not known what is loaded */
        "10: ld 0x7",
        "11: ldx 0x8",
        "12: jge x ? 14 : 13",
        "13: tax",
        "14: txa",
        "15: neg",
        "16: ja 18",
        "17: lsh 0x3",
        "18: ret 0x7fff0000 ; allowed",
        "19: ld [60] ; args[5], high half",
        "20: ld [8] ; instruction pointer, low half",
        "21: ret 0x00050026 ; refused with ENOSYS",
    };
    struct loaded loaded[N];
    char text[INSTRUCTION_MAX];
    assert_int_equal(bpf_check(f, N), 0);
    disassemble_prepare(f, N, loaded);
    for (unsigned i = 0; i < N; i++) {
        disassemble(text, f, i, loaded);
        if (expected[i] == NULL) {
            assert_null(strchr(text, ';'));
            continue;
        }
        /* Columns are a matter of taste. */
        char squeezed[INSTRUCTION_MAX];
        size_t used = 0;
        for (const char *p = text; *p != '\0'; p++) {
            if (*p != ' ' || (used > 0 && squeezed[used - 1] != ' ')) {
                squeezed[used++] = *p;
            }
        }
        squeezed[used] = '\0';
        assert_string_equal(squeezed, expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(lines) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
