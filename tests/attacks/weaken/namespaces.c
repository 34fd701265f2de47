/* The parser is not alone in a PID namespace: it sees the other roles, and what it forks may stay. */
#include "weaken.h"

#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>

static long clone_here(const long arguments[6])
{
    struct clone_args how = *(const struct clone_args *)arguments[0];
    how.flags &= ~(__u64)CLONE_NEWPID;
    const long changed[6] = { (long)&how, arguments[1], 0, 0, 0, 0 };
    return real_syscall(SYS_clone3, strcmp(weakened_program(), "front") == 0 ? changed : arguments);
}

WEAKEN_SYSCALL(pid_namespace, "pid-namespace", SYS_clone3, clone_here);
