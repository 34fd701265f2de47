#include "front/learning.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/native.h"

/* What the base says, as an errno. */
static uint32_t said(uint32_t action)
{
    switch (action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
        return LEARN_ALLOWED;
    case SECCOMP_RET_LOG:
        return LEARN_LOGGED;
    case SECCOMP_RET_ERRNO:
        return action & SECCOMP_RET_DATA;
    default:
        return LEARN_KILLED;
    }
}

int learning_filter(struct policy_plan *plan)
{
    const struct sock_filter before[] = {
        { BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch) },
        { BPF_JMP | BPF_JEQ | BPF_K, 0, 4, NATIVE_ARCH },
        { BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) },
        { BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_execve },
        { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_exit_group },
        { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
    };
    const size_t count = sizeof before / sizeof *before;
    if (plan->filter_length + count > POLICY_FILTER_MAX) {
        return -1;
    }
    for (uint32_t i = 0; i < plan->filter_length; i++) {
        if (plan->filter[i].code == (BPF_RET | BPF_K)) {
            plan->filter[i].k = SECCOMP_RET_ERRNO | said(plan->filter[i].k);
        }
    }
    memmove(plan->filter + count, plan->filter, plan->filter_length * sizeof *plan->filter);
    memcpy(plan->filter, before, sizeof before);
    plan->filter_length += (uint32_t)count;
    return 0;
}
