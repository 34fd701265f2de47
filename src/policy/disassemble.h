/*
 * disassemble.h - a filter's program as text.
 */
#ifndef QUIESCE_POLICY_DISASSEMBLE_H
#define QUIESCE_POLICY_DISASSEMBLE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum { INSTRUCTION_MAX = 160 };

/* What the accumulator holds before an instruction, as far as all ways there agree. */
struct loaded {
    uint32_t offset; /* into struct seccomp_data */
    uint8_t state;   /* 0: nothing is known of it yet; 1: offset holds; 2: several, or computed */
};

/* Fills loaded, one for each of length instructions of a program that passed bpf_check(). */
void disassemble_prepare(const struct sock_filter *filter, unsigned length, struct loaded *loaded);

/*
 * Writes one instruction: "12: jeq 0x29 ? 15 : 13    ; socket".  Jumps name the numbers
 * of the instructions they lead to; the comment names what is loaded, which call or
 * machine a number is, and what is returned.
 */
void disassemble(char text[INSTRUCTION_MAX], const struct sock_filter *filter, unsigned at, const struct loaded *loaded);

#endif
