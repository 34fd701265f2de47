#include "policy/disassemble.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/native.h"
#include "base/syscall_names.h"
#include "policy/terms.h"

enum { UNKNOWN, LOADED, MIXED, COMMENT_COLUMN = 40 };

/* ---- what is in the accumulator ------------------------------------------------------- */

static void arrive(struct loaded *at, struct loaded with)
{
    if (at->state == UNKNOWN) {
        *at = with;
    } else if (at->state != with.state || at->offset != with.offset) {
        at->state = MIXED;
    }
}

/* Jumps go forward only: one look at each instruction is enough. */
void disassemble_prepare(const struct sock_filter *filter, unsigned length, struct loaded *loaded)
{
    memset(loaded, 0, length * sizeof *loaded);
    loaded[0].state = MIXED;
    for (unsigned i = 0; i < length; i++) {
        const struct sock_filter *f = &filter[i];
        struct loaded after = loaded[i];
        bool is_jump = BPF_CLASS(f->code) == BPF_JMP;
        if (f->code == (BPF_LD | BPF_W | BPF_ABS)) {
            after = (struct loaded){ .offset = f->k, .state = LOADED };
        } else if (BPF_CLASS(f->code) == BPF_LD || f->code == (BPF_MISC | BPF_TXA)) {
            after.state = MIXED;
        } /* A mask leaves it what it is. */
        if (BPF_CLASS(f->code) == BPF_RET || loaded[i].state == UNKNOWN) {
            continue;
        }
        if (is_jump && BPF_OP(f->code) != BPF_JA) {
            arrive(&loaded[i + 1 + f->jt], after);
            arrive(&loaded[i + 1 + f->jf], after);
        } else {
            arrive(&loaded[i + 1 + (is_jump ? f->k : 0)], after);
        }
    }
}

/* ---- words --------------------------------------------------------------------------------- */

static void say_offset(char *text, size_t capacity, uint32_t offset)
{
    static const char *const heads[] = { "number of the call", "architecture", "instruction pointer, low half",
                                         "instruction pointer, high half" };
    if (offset / 4 < sizeof heads / sizeof *heads) {
        snprintf(text, capacity, "%s", heads[offset / 4]);
    } else {
        uint32_t word = offset / 4 - 4;
        snprintf(text, capacity, "args[%u], %s half", word / 2, word % 2 == 0 ? "low" : "high");
    }
}

static const char *arch_name(uint32_t arch)
{
    static const struct {
        const char *name;
        uint32_t arch;
    } names[] = {
        { "x86-64", AUDIT_ARCH_X86_64 }, { "i386", AUDIT_ARCH_I386 }, { "arm64", AUDIT_ARCH_AARCH64 }, { "arm", AUDIT_ARCH_ARM },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].arch == arch) {
            return names[i].name;
        }
    }
    return NULL;
}

/* What the number that is compared with means. */
static const char *number_name(const struct sock_filter *f, const struct loaded *loaded)
{
    if (loaded->state != LOADED || BPF_SRC(f->code) == BPF_X) {
        return NULL;
    }
    return loaded->offset == offsetof(struct seccomp_data, nr)   ? syscall_name(f->k)
        : loaded->offset == offsetof(struct seccomp_data, arch) ? arch_name(f->k) : NULL;
}

static const char *operation(uint16_t code)
{
    static const struct {
        uint16_t code;
        const char *name;
    } names[] = {
        { BPF_ALU | BPF_ADD, "add" }, { BPF_ALU | BPF_SUB, "sub" }, { BPF_ALU | BPF_MUL, "mul" }, { BPF_ALU | BPF_AND, "and" },
        { BPF_ALU | BPF_OR, "or" },   { BPF_ALU | BPF_XOR, "xor" }, { BPF_ALU | BPF_LSH, "lsh" }, { BPF_ALU | BPF_RSH, "rsh" },
        { BPF_ALU | BPF_NEG, "neg" }, { BPF_JMP | BPF_JEQ, "jeq" }, { BPF_JMP | BPF_JGT, "jgt" }, { BPF_JMP | BPF_JGE, "jge" },
        { BPF_JMP | BPF_JSET, "jset" }, { BPF_MISC | BPF_TAX, "tax" }, { BPF_MISC | BPF_TXA, "txa" },
    };
    uint16_t bare = BPF_CLASS(code) == BPF_MISC ? code : BPF_CLASS(code) | BPF_OP(code);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].code == bare) {
            return names[i].name;
        }
    }
    return "?";
}

static void say_instruction(char *text, size_t capacity, const struct sock_filter *f, unsigned at)
{
    switch (BPF_CLASS(f->code)) {
    case BPF_LD:
        snprintf(text, capacity, BPF_MODE(f->code) == BPF_ABS ? "ld [%" PRIu32 "]" : "ld 0x%" PRIx32, f->k);
        break;
    case BPF_LDX:
        snprintf(text, capacity, "ldx 0x%" PRIx32, f->k);
        break;
    case BPF_RET:
        snprintf(text, capacity, "ret 0x%08" PRIx32, f->k);
        break;
    case BPF_JMP:
        if (BPF_OP(f->code) == BPF_JA) {
            snprintf(text, capacity, "ja %u", at + 1 + f->k);
        } else if (BPF_SRC(f->code) == BPF_X) {
            snprintf(text, capacity, "%s x ? %u : %u", operation(f->code), at + 1 + f->jt, at + 1 + f->jf);
        } else {
            snprintf(text, capacity, "%s 0x%" PRIx32 " ? %u : %u", operation(f->code), f->k, at + 1 + f->jt, at + 1 + f->jf);
        }
        break;
    case BPF_ALU:
        snprintf(text, capacity, BPF_OP(f->code) == BPF_NEG ? "%s" : "%s 0x%" PRIx32, operation(f->code), f->k);
        break;
    default:
        snprintf(text, capacity, "%s", operation(f->code));
        break;
    }
}

void disassemble(char text[INSTRUCTION_MAX], const struct sock_filter *filter, unsigned at, const struct loaded *loaded)
{
    const struct sock_filter *f = &filter[at];
    char instruction[64], comment[64] = "", words[ACTION_WORDS_MAX];
    const char *name = BPF_CLASS(f->code) == BPF_JMP && BPF_OP(f->code) != BPF_JA ? number_name(f, &loaded[at]) : NULL;
    say_instruction(instruction, sizeof instruction, f, at);
    if (f->code == (BPF_LD | BPF_W | BPF_ABS)) {
        say_offset(comment, sizeof comment, f->k);
    } else if (f->code == (BPF_RET | BPF_K)) {
        snprintf(comment, sizeof comment, "%s", action_words(words, f->k));
    } else if (name != NULL) {
        snprintf(comment, sizeof comment, "%s", name);
    }
    int length = snprintf(text, INSTRUCTION_MAX, "%4u: %s", at, instruction);
    if (comment[0] != '\0') {
        snprintf(text + length, INSTRUCTION_MAX - (size_t)length, "%*s; %s", length < COMMENT_COLUMN ? COMMENT_COLUMN - length : 1,
                 "", comment);
    }
}
