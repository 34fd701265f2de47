/*
 * The keeper: between the launcher and one attempt of a hook.
 *
 * It is not in the hook's cgroup, so "populated" of that cgroup speaks of the
 * hook's processes alone.  Without cgroup v2 it is init of the hook's PID
 * namespace instead: everything the hook starts dies with it.  Either way it lives
 * as long as anything of the hook does, and answers the calls that are denied to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/capset.h"
#include "base/fatal.h"
#include "base/message.h"
#include "base/tmpfs.h"
#include "keeper/denials.h"
#include "keeper/keeper.h"
#include "keeper/limits.h"

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

static void tell_limits(const struct start *s, const struct limits *limits)
{
    const struct msg_limited m = limits_count(limits);
    if (m.killed != 0 || m.refused != 0) {
        (void)wire_send(s->report, MSG_LIMITED, &m, NULL, 0); /* nobody there: the run ends */
    }
}

/* ---- while the hook runs ------------------------------------------------------------- */

enum watched { LISTENER, SUPERVISOR, TREE, WATCHED };

/* Waits for one event; denied calls are answered here.  The supervisor being gone ends
 * the keeper, and with it the hook.  Returns whether the tree may have changed. */
static bool wait_for_event(struct pollfd watched[WATCHED], struct denials *d)
{
    if (poll(watched, WATCHED, -1) < 0 && errno != EINTR) {
        fatal("a keeper cannot wait", errno);
    }
    if (watched[SUPERVISOR].revents != 0) {
        _exit(0);
    }
    if ((watched[LISTENER].revents & POLLIN) != 0) {
        denials_serve(d);
    } else if (watched[LISTENER].revents != 0) {
        watched[LISTENER].fd = -1; /* no process has the filter any more */
    }
    return watched[TREE].revents != 0;
}

/* init of the hook's PID namespace: passes SIGTERM on, reaps, ends when it is alone. */
static void be_init(const struct start *s, pid_t hook, int signals, struct denials *d)
{
    struct pollfd watched[WATCHED] = { { d->listener, POLLIN, 0 }, { s->report, 0, 0 }, { signals, POLLIN, 0 } };
    for (;;) {
        int status;
        struct rusage used;
        struct signalfd_siginfo signal;
        pid_t pid = wait4(-1, &status, WNOHANG, &used);
        if (pid == hook) {
            report_exit(s, status, &used);
        } else if (pid < 0) {
            return;
        } else if (pid == 0 && wait_for_event(watched, d) && read(signals, &signal, sizeof signal) == sizeof signal &&
                   signal.ssi_signo == SIGTERM) {
            (void)kill(-1, SIGTERM); /* everybody in this namespace but init */
        }
    }
}

/* Whether something lives in the hook's cgroup. */
static bool populated(int events)
{
    char text[128];
    ssize_t got = pread(events, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return strstr(text, "populated 1") != NULL;
}

/* Waits for the script, then for what it has left running, whose calls are answered too. */
static void look_after(const struct start *s, pid_t hook, int pidfd, int events, struct denials *d)
{
    struct pollfd watched[WATCHED] = { { d->listener, POLLIN, 0 }, { s->report, 0, 0 }, { pidfd, POLLIN, 0 } };
    int status;
    struct rusage used;
    while (!wait_for_event(watched, d)) {
    }
    if (wait4(hook, &status, 0, &used) != hook) {
        fatal("a keeper cannot look after its hook", errno);
    }
    report_exit(s, status, &used);
    watched[TREE] = (struct pollfd){ events, POLLPRI, 0 };
    while (populated(events)) {
        (void)wait_for_event(watched, d);
    }
}

/* No right is left but the hook's own, with which its memory is read (denials.h), and
 * of init that to pass SIGTERM on.  Its uid stays the launcher's, whom no hook reaches. */
static void become_harmless(const struct start *s, struct denials *d)
{
    uint64_t kept = s->policy->cap_ambient | (s->cgroup < 0 ? 1ull << CAP_KILL : 0);
    denials_become(d, s->hook->uid, s->hook->gid);
    int error = capset_set(&(struct capset){ kept, kept, 0 });
    if (error != 0) {
        fatal("a keeper cannot drop its capabilities", error);
    }
}

/* From here on they wait until they are read. */
static int take_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

/* After the last change of ids, each of which clears the parent-death signal. */
static void die_with_launcher(const struct start *s)
{
    struct pollfd gone = { s->launcher, POLLIN, 0 };
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || poll(&gone, 1, 0) != 0) {
        fail(s, START_FORK, ESRCH);
    }
}

/* The hook shares the descriptor table until its exec and is its user's before that: none
 * may be left by which more can be reached than from the sandbox (the cgroup's directory
 * is closed by the hook).  Returns cgroup.events, or of init -1. */
static int leave_machine(const struct start *s)
{
    int events = openat(s->cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (s->cgroup >= 0 && events < 0) {
        fail(s, START_CGROUP, errno);
    }
    (void)close(s->root);
    for (unsigned i = 0; i < WIRE_CONTROLLERS; i++) {
        (void)close(s->controllers[i]);
    }
    return events;
}

/* All that is made before the hook.  Returns cgroup.events, or of init -1. */
static int make_sandbox(const struct start *s, struct handover *handover, struct limits *limits)
{
    uint32_t step = START_NAMESPACE;
    int error = sandbox_mounts(s, &step);
    if (error == 0) {
        step = START_LIMITS;
        error = limits_apply(s, limits);
    }
    if (error != 0) {
        fail(s, step, error);
    }
    die_with_launcher(s);
    handover->limits = limits;
    handover->listener = -1;
    handover->keeper = getpid();
    handover->layers = 1u << START_NAMESPACE | 1u << START_TMP | 1u << START_SCRIPT | 1u << START_READONLY |
        (s->cgroup < 0 ? 0 : 1u << START_CGROUP) | (limits->held ? 1u << START_LIMITS : 0);
    return leave_machine(s);
}

_Noreturn void keeper_main(const struct start *s)
{
    bool init = s->cgroup < 0;
    int pidfd = -1, status = 0;
    static struct denials denials; /* large */
    static struct limits limits;
    int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), signals = -1;
    (void)signal(SIGCHLD, SIG_DFL); /* the launcher ignores it */
    struct handover *handover = mmap(NULL, sizeof *handover, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (handover == MAP_FAILED) {
        fail(s, START_FORK, errno);
    }
    int events = make_sandbox(s, handover, &limits);
    pid_t hook = clone_hook(s, handover, &pidfd);
    if (hook < 0) {
        fail(s, START_FORK, errno);
    }
    if (init) { /* after the clone: the hook must not begin with blocked signals */
        signals = take_signals();
    }
    /* 1 and 2 are the hook's, as the table was shared until its exec. */
    (void)close(STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    (void)close(log);
    (void)close(s->out);
    (void)close(s->err);
    if (handover->error != 0) {
        (void)wait4(hook, &status, 0, NULL);
        fail(s, handover->step, (int)handover->error);
    }
    const struct msg_execed execed = { (uint32_t)hook, handover->layers };
    int self = init ? (int)syscall(SYS_pidfd_open, getpid(), 0) : -1;
    if ((init && self < 0) || wire_send(s->report, MSG_EXECED, &execed, &self, init) != 0) {
        _exit(0); /* no supervisor: the hook dies with its parent */
    }
    (void)close(self);
    denials.listener = handover->listener;
    denials.report = s->report;
    denials.proc = init ? procfs_create() : procfs_open();
    denials.policy = s->policy;
    denials.launcher = s->launcher;
    become_harmless(s, &denials);
    if (init) {
        be_init(s, hook, signals, &denials);
    } else {
        look_after(s, hook, pidfd, events, &denials);
    }
    denials_end(&denials);
    tell_limits(s, &limits);
    _exit(0);
}
