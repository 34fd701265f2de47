#include "base/bpf.h"

#include <stdbool.h>
#include <string.h>

enum { ERRNO_MAX = 4095 }; /* MAX_ERRNO of Linux: more would not be an error to libc */

/* The instructions there are; anything else is refused. */
static bool known_code(uint16_t code)
{
    static const uint16_t codes[] = {
        BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM,
        BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_SUB | BPF_K, BPF_ALU | BPF_MUL | BPF_K,
        BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_OR | BPF_K, BPF_ALU | BPF_XOR | BPF_K,
        BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_RSH | BPF_K, BPF_ALU | BPF_NEG,
        BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_K,
        BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JSET | BPF_K,
        BPF_JMP | BPF_JEQ | BPF_X, BPF_JMP | BPF_JGT | BPF_X,
        BPF_JMP | BPF_JGE | BPF_X, BPF_JMP | BPF_JSET | BPF_X,
        BPF_RET | BPF_K, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
    };

    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static bool valid_action(uint32_t k)
{
    uint32_t data = k & SECCOMP_RET_DATA;

    switch (k & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_KILL_PROCESS:
        return data == 0;
    case SECCOMP_RET_ERRNO:
        return data >= 1 && data <= ERRNO_MAX;
    default: /* TRACE and USER_NOTIF would ask somebody who is not there */
        return false;
    }
}

/* left: instructions that follow this one. */
static bool valid_instruction(const struct sock_filter *f, unsigned left)
{
    if (!known_code(f->code))
        return false;
    switch (BPF_CLASS(f->code)) {
    case BPF_LD:
        return BPF_MODE(f->code) != BPF_ABS || (f->k % 4 == 0 && f->k < sizeof(struct seccomp_data));
    case BPF_ALU:
        return (BPF_OP(f->code) != BPF_LSH && BPF_OP(f->code) != BPF_RSH) || f->k < 32;
    case BPF_JMP:
        return BPF_OP(f->code) == BPF_JA ? f->k < left : f->jt < left && f->jf < left;
    case BPF_RET:
        return valid_action(f->k);
    default:
        return true;
    }
}

int bpf_check(const struct sock_filter *filter, unsigned n)
{
    if (n == 0 || n > BPF_MAXINSNS)
        return -1;
    for (unsigned i = 0; i < n; i++)
        if (!valid_instruction(&filter[i], n - i - 1))
            return -1;
    return BPF_CLASS(filter[n - 1].code) == BPF_RET ? 0 : -1;
}

static uint32_t calculate(uint16_t op, uint32_t a, uint32_t k)
{
    switch (op) {
    case BPF_ADD: return a + k;
    case BPF_SUB: return a - k;
    case BPF_MUL: return a * k;
    case BPF_AND: return a & k;
    case BPF_OR:  return a | k;
    case BPF_XOR: return a ^ k;
    case BPF_LSH: return k < 32 ? a << k : 0;
    case BPF_RSH: return k < 32 ? a >> k : 0;
    default:      return -a; /* BPF_NEG */
    }
}

static bool compare(uint16_t op, uint32_t a, uint32_t b)
{
    switch (op) {
    case BPF_JEQ: return a == b;
    case BPF_JGT: return a > b;
    case BPF_JGE: return a >= b;
    default:      return (a & b) != 0; /* BPF_JSET */
    }
}

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word = 0;

    if (offset <= sizeof *data - sizeof word)
        memcpy(&word, (const char *)data + offset, sizeof word);
    return word;
}

/* Where a register's value comes from: bits of a word of the call.  Mask 0: from none. */
struct origin {
    uint32_t word, mask;
};

static void note(uint32_t *noted, const struct origin *from, uint32_t bits)
{
    if (noted != NULL && from->word < BPF_CALL_WORDS)
        noted[from->word] |= from->mask & bits;
}

/* What an instruction of arithmetic keeps of where A comes from.  But for a mask the bits
 * move or mix: then all of them count. */
static void follow(uint32_t *noted, struct origin *from, const struct sock_filter *f)
{
    if (BPF_OP(f->code) == BPF_AND) {
        from->mask &= f->k;
    } else {
        note(noted, from, UINT32_MAX);
        from->mask = 0;
    }
}

static uint32_t run(const struct sock_filter *filter, unsigned n, const struct seccomp_data *data, uint32_t *noted)
{
    struct origin from_a = {0}, from_x = {0};
    uint32_t a = 0, x = 0;

    /* Every jump adds to pc, so the loop ends after at most n rounds. */
    for (uint64_t pc = 0; pc < n; pc++) {
        const struct sock_filter *f = &filter[pc];

        if (!known_code(f->code))
            break;
        switch (BPF_CLASS(f->code)) {
        case BPF_LD:
            a = BPF_MODE(f->code) == BPF_ABS ? load(data, f->k) : f->k;
            from_a = (struct origin){f->k / sizeof a, BPF_MODE(f->code) == BPF_ABS ? UINT32_MAX : 0};
            break;
        case BPF_LDX:
            x = f->k;
            from_x = (struct origin){0};
            break;
        case BPF_ALU:
            a = calculate(BPF_OP(f->code), a, f->k);
            follow(noted, &from_a, f);
            break;
        case BPF_JMP:
            if (BPF_OP(f->code) == BPF_JA) {
                pc += f->k;
                break;
            }
            note(noted, &from_a, BPF_OP(f->code) == BPF_JSET && BPF_SRC(f->code) == BPF_K ? f->k : UINT32_MAX);
            if (BPF_SRC(f->code) == BPF_X)
                note(noted, &from_x, UINT32_MAX);
            pc += compare(BPF_OP(f->code), a, BPF_SRC(f->code) == BPF_X ? x : f->k) ? f->jt : f->jf;
            break;
        case BPF_RET:
            return f->k;
        default: /* BPF_MISC */
            if (f->code == (BPF_MISC | BPF_TAX)) {
                x = a;
                from_x = from_a;
            } else {
                a = x;
                from_a = from_x;
            }
            break;
        }
    }
    return SECCOMP_RET_KILL_PROCESS;
}

uint32_t bpf_run(const struct sock_filter *filter, unsigned n, const struct seccomp_data *data)
{
    return run(filter, n, data, NULL);
}

uint32_t bpf_run_noting(const struct sock_filter *filter, unsigned n, const struct seccomp_data *data,
                        uint32_t noted[BPF_CALL_WORDS])
{
    memset(noted, 0, BPF_CALL_WORDS * sizeof *noted);
    return run(filter, n, data, noted);
}
