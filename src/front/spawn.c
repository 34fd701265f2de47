#include "front/spawn.h"

#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/drop.h"
#include "quiesce/outcome.h"

_Static_assert(ROLE_FD_CONTROL + SPAWN_FDS_MAX <= ROLE_FD_EMPTY_ROOT, "a role has more descriptors than places");
_Static_assert((int)MACHINE_FD_LEAST > (int)ROLE_FD_EMPTY_ROOT, "dup2 would overwrite what it still needs");

static bool lay_out(const struct spawn *what)
{
    const int *machine = what->machine;
    bool good = dup2(machine[MACHINE_NULL], ROLE_FD_NULL_IN) >= 0 && dup2(machine[MACHINE_NULL], ROLE_FD_NULL_OUT) >= 0
        && dup2(what->log, ROLE_FD_LOG) >= 0 && dup2(machine[MACHINE_EMPTY_ROOT], ROLE_FD_EMPTY_ROOT) >= 0;
    for (unsigned i = 0; good && i < what->count; i++) {
        good = dup2(what->fds[i], ROLE_FD_CONTROL + (int)i) >= 0;
    }
    /* What the caller left open is nobody's; our own, above, close on exec anyway. */
    return good && close_range((unsigned)ROLE_FD_CONTROL + what->count, ROLE_FD_EMPTY_ROOT - 1, 0) == 0
        && close_range(ROLE_FD_EMPTY_ROOT + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

/* What the caller ignores or blocks is its own affair: a role that ignored a signal,
 * and the hooks after it, could not be ended by it. */
enum { FIRST_REALTIME = 32 };
static bool forget_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* KILL and STOP cannot be set */
    }
    /* Nor those of the C library, by the C library, whose posix_spawn(3) leaves them ignored. */
    const uint64_t unset[4] = { 0 }; /* the kernel's struct sigaction */
    for (long number = FIRST_REALTIME; number < SIGRTMIN; number++) {
        (void)syscall(SYS_rt_sigaction, number, unset, NULL, sizeof(uint64_t));
    }
    return sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* Between fork and exec: nothing here allocates, locks or prints. */
static _Noreturn void become(const struct spawn *what)
{
    static const char failed[] = "quiesce: a role could not be executed\n";
    char *const arguments[] = { (char *)(uintptr_t)what->program, NULL }, *const environment[] = { NULL };
    /* A session of its own: a Ctrl-C at the terminal is for the front, which then
     * lets the run end in order. */
    if (setsid() >= 0 && lay_out(what) && forget_signals()) {
        (void)umask(0077);
        if (what->priority != NULL) {
            footing_give_priority(what->priority);
        }
        (void)execveat(what->machine[MACHINE_PROGRAMS], what->program, arguments, environment, 0);
    }
    if (write(ROLE_FD_LOG, failed, sizeof failed - 1) < 0) {
        _exit(EXIT_INTERNAL); /* nobody is left to be told */
    }
    _exit(EXIT_INTERNAL);
}

pid_t spawn(const struct spawn *what, int *pidfd)
{
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | (what->cgroup >= 0 ? CLONE_INTO_CGROUP : 0) | (what->init ? CLONE_NEWPID : 0),
        .pidfd = (uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = what->cgroup >= 0 ? (uint64_t)what->cgroup : 0,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        become(what);
    }
    return pid;
}
