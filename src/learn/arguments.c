/*
 * Of which calls an argument decides what is asked for.
 */
#include <stddef.h>
#include <sys/syscall.h>

#include "learn/learn.h"

#define INT UINT64_C(0xffffffff) /* the kernel looks at 32 bits: parser/policy_compare.c */
#define LONG UINT64_MAX
/* CLONE_NEW* of linux/sched.h but for NEWTIME, which clone(2) has no room for: NEWNS
 * 0x00020000, NEWCGROUP 0x02000000, and NEWUTS 0x04000000 .. NEWNET 0x40000000. */
#define NAMESPACES UINT64_C(0x7e020000)
#define FILE_TYPE UINT64_C(0170000) /* S_IFMT: a FIFO is not a disk */

static const struct {
    uint32_t number;
    uint8_t index;
    uint64_t mask;
} table[] = {
    { SYS_socket, 0, INT },     { SYS_socket, 2, INT },      { SYS_socketpair, 0, INT }, { SYS_ioctl, 1, INT },
    { SYS_prctl, 0, INT },      { SYS_clone, 0, NAMESPACES }, { SYS_unshare, 0, LONG },   { SYS_setns, 1, INT },
    { SYS_personality, 0, INT }, { SYS_seccomp, 0, INT },     { SYS_bpf, 0, INT },        { SYS_keyctl, 0, LONG },
    { SYS_quotactl, 0, INT },   { SYS_mknodat, 2, FILE_TYPE },
#ifdef SYS_mknod
    { SYS_mknod, 1, FILE_TYPE },
#endif
};

void arguments_that_decide(uint32_t number, uint64_t masks[6])
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].number == number) {
            masks[table[i].index] |= table[i].mask;
        }
    }
}
