/*
 * bpf.h - the classic BPF of seccomp: is it well formed, and what does it say?
 *
 * Only what a filter of this project is made of (kernel documentation,
 * userspace-api/seccomp_filter and networking/filter): loads of struct
 * seccomp_data, forward jumps, arithmetic without division, returns of a
 * constant.  No scratch memory and no return of the accumulator: every action of
 * a program can be read off its instructions, which the launcher relies on when
 * it turns denials into notifications.
 */
#ifndef QUIESCE_BASE_BPF_H
#define QUIESCE_BASE_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

enum { BPF_CALL_WORDS = sizeof(struct seccomp_data) / sizeof(uint32_t) };

/*
 * Looks at n instructions.  Returns 0 if the kernel would take them, every jump
 * goes forward and stays inside, every end is a return of a constant, and that
 * constant is ALLOW, LOG, TRAP, KILL_THREAD, KILL_PROCESS without data, or ERRNO
 * with 1..4095.  Else -1.
 */
int bpf_check(const struct sock_filter *filter, unsigned n);

/*
 * What the program answers to one system call: SECCOMP_RET_* with its data.
 * The program must have passed bpf_check(); of one that has not, anything that
 * makes no sense answers SECCOMP_RET_KILL_PROCESS.
 */
uint32_t bpf_run(const struct sock_filter *filter, unsigned n, const struct seccomp_data *data);

/* The same, and in noted which bits of each of the sixteen words of struct seccomp_data
 * the answer came from: a call of which those bits are equal is answered alike. */
uint32_t bpf_run_noting(const struct sock_filter *filter, unsigned n, const struct seccomp_data *data,
                        uint32_t noted[BPF_CALL_WORDS]);

#endif
