/*
 * instruction.h - one system call, as the machine makes it.
 *
 * Nothing of the C library stands between: no errno, no truncated argument, no
 * cancellation point.  The six argument words arrive as they are, 64 bits each; the
 * kernel shows a filter all 64 bits also of a call by int 0x80.
 */
#ifndef QUIESCE_POLICY_INSTRUCTION_H
#define QUIESCE_POLICY_INSTRUCTION_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Makes the call of number and arguments by the instruction of call->arch, which must
 * be one of which instruction_exists() is true.  Returns what the kernel leaves in the
 * register of the result: -1 to -4095 is an errno.
 */
long instruction_call(const struct seccomp_data *call);

/*
 * True if a process of this program can make calls of this architecture (AUDIT_ARCH_*):
 * its own, and int 0x80 where the kernel has it, which a process that dies of it finds
 * out.
 */
bool instruction_exists(uint32_t arch);

/*
 * Calls about which Linux 6.14 and later ask no filter (seccomp_uprobe_exception() of
 * kernel/seccomp.c): those of uprobes, which end the process or fail anywhere but in
 * the kernel's own trampolines.  Making one would show nothing of a filter.
 */
bool instruction_unfiltered(const struct seccomp_data *call);

/* Two ways to end a process from where it can make no call: SIGILL and SIGTRAP.  They do
 * not return, but the compiler is not told: before a function that does not, a sanitizer
 * makes system calls. */
void instruction_illegal(void);
void instruction_breakpoint(void);

#endif
