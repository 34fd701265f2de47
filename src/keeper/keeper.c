/*
 * The keeper: between the launcher and one attempt of a hook.
 *
 * It is not in the hook's cgroup, so "populated" of that cgroup speaks of the
 * hook's processes alone.  Without cgroup v2 it is init of the hook's PID
 * namespace instead: everything the hook starts dies with it.
 */
#include <errno.h>
#include <linux/sched.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/capset.h"
#include "base/fatal.h"
#include "base/message.h"
#include "keeper/keeper.h"

static _Noreturn void fail(const struct start *s, uint32_t step, int error)
{
    const struct msg_exec_failed failed = { step, (uint32_t)error };
    (void)wire_send(s->report, MSG_EXEC_FAILED, &failed, NULL, 0); /* nobody else could be told */
    _exit(0);
}

/* Clones the hook.  Returns when its script runs, or could not be executed. */
static pid_t clone_hook(const struct start *s, struct handover *handover, int *pidfd)
{
    static struct environment environment;
    environment_build(&environment, s);
    struct clone_args clone = {
        .flags = CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | (s->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = s->cgroup >= 0 ? (uint64_t)s->cgroup : 0,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &clone, sizeof clone);
    if (pid == 0) {
        hook_main(s, &environment, handover);
        _exit(127);
    }
    return pid;
}

static void report_exit(const struct start *s, int status, const struct rusage *used)
{
    const struct timeval *user = &used->ru_utime, *system = &used->ru_stime;
    siginfo_t left = { 0 };
    struct msg_exited exited = {
        .code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0,
        .cpu_us = (uint64_t)(user->tv_sec + system->tv_sec) * 1000000u + (uint64_t)(user->tv_usec + system->tv_usec),
        .max_rss_kib = (uint64_t)used->ru_maxrss,
    };
    exited.left = waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT) == 0;
    (void)wire_send(s->report, MSG_EXITED, &exited, NULL, 0); /* gone: then its end of the run is, too */
}

/* init of the hook's PID namespace: passes SIGTERM on, reaps, ends when it is alone.
 * The signals are blocked, so that none interrupts and none is lost. */
static void be_init(const struct start *s, pid_t hook, const sigset_t *signals)
{
    for (;;) {
        int status;
        struct rusage used;
        pid_t pid = wait4(-1, &status, WNOHANG, &used);
        if (pid == hook) {
            report_exit(s, status, &used);
        } else if (pid == 0) {
            int signal = sigwaitinfo(signals, NULL);
            if (signal == SIGTERM) {
                (void)kill(-1, SIGTERM); /* everybody in this namespace but init */
            }
        } else if (pid < 0) {
            return;
        }
    }
}

static void become_harmless(bool init)
{
    uint64_t kept = init ? 1ull << CAP_KILL : 0;
    int error = capset_set(&(struct capset){ kept, kept, 0 });
    if (error != 0) {
        fatal("a keeper cannot drop its capabilities", error);
    }
}

/* After the last change of ids, each of which clears the parent-death signal. */
static void die_with_launcher(const struct start *s)
{
    struct pollfd gone = { s->launcher, POLLIN, 0 };
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || poll(&gone, 1, 0) != 0) {
        fail(s, START_FORK, ESRCH);
    }
}

_Noreturn void keeper_main(const struct start *s)
{
    bool init = s->cgroup < 0;
    int pidfd = -1, status = 0;
    struct rusage used = { 0 };
    uint32_t step = START_NAMESPACE;
    sigset_t signals;
    (void)signal(SIGCHLD, SIG_DFL); /* the launcher ignores it */
    struct handover *handover = mmap(NULL, sizeof *handover, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (handover == MAP_FAILED) {
        fail(s, START_FORK, errno);
    }
    int error = sandbox_mounts(s, &step);
    if (error != 0) {
        fail(s, step, error);
    }
    die_with_launcher(s);
    handover->listener = -1;
    handover->keeper = getpid();
    handover->layers = 1u << START_NAMESPACE | 1u << START_TMP | 1u << START_SCRIPT | 1u << START_READONLY |
        (init ? 0 : 1u << START_CGROUP);
    pid_t hook = clone_hook(s, handover, &pidfd);
    if (hook < 0) {
        fail(s, START_FORK, errno);
    }
    if (init) { /* after the clone: the hook must not begin with blocked signals */
        (void)sigemptyset(&signals);
        (void)sigaddset(&signals, SIGTERM);
        (void)sigaddset(&signals, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    }
    (void)close(STDOUT_FILENO); /* the hook's, as the table was shared until its exec */
    (void)close(STDERR_FILENO);
    (void)close(s->out);
    (void)close(s->err);
    if (handover->error != 0) {
        (void)wait4(hook, &status, 0, NULL);
        fail(s, handover->step, (int)handover->error);
    }
    const struct msg_execed execed = { (uint32_t)hook, handover->layers };
    int fds[2] = { pidfd, handover->listener };
    if (wire_send(s->report, MSG_EXECED, &execed, fds, 2) != 0) {
        _exit(0); /* no supervisor: the hook dies with its parent */
    }
    (void)close(pidfd);
    (void)close(handover->listener);
    become_harmless(init);
    if (init) {
        be_init(s, hook, &signals);
    } else if (wait4(hook, &status, 0, &used) == hook) {
        report_exit(s, status, &used);
    }
    _exit(0);
}
