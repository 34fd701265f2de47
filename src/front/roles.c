#include "front/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "quiesce/outcome.h"

/* Both ends of every socket, and what comes from the machine, under one numbering.
 * A_B is the end that A holds of the socket between A and B. */
enum source {
    FRONT_MONITOR = MACHINE_FDS,
    MONITOR_FRONT,
    FRONT_SUPERVISOR,
    SUPERVISOR_FRONT,
    MONITOR_SUPERVISOR,
    SUPERVISOR_MONITOR,
    MONITOR_LAUNCHER,
    LAUNCHER_MONITOR,
    MONITOR_GUARDIAN,
    GUARDIAN_MONITOR,
    MONITOR_PARSER,
    PARSER_MONITOR,
    SUPERVISOR_LAUNCHER,
    LAUNCHER_SUPERVISOR,
    LOG_READ,
    LOG_WRITE,
    MONITOR_PIDFD, /* known as soon as the monitor is started, which is first */
    SOURCES
};
enum { OWN_FDS_MAX = 11 };

/* The fd map of each role from ROLE_FD_CONTROL on.  0 and 1 are /dev/null, 2 is
 * the log, 15 the empty root; everything else is closed. */
static const struct {
    const char *program;
    uint8_t count;
    uint8_t fds[OWN_FDS_MAX];
} maps[ROLES] = {
    [ROLE_MONITOR] = { "quiesce-monitor", 11,
                       { MONITOR_FRONT, MONITOR_SUPERVISOR, MONITOR_LAUNCHER, MONITOR_GUARDIAN, MONITOR_PARSER, MACHINE_ROOT,
                         MACHINE_EXPEDITE, MACHINE_CGROUP_KILL, MACHINE_LOCK, MACHINE_MOUNTINFO, MACHINE_MAP } },
    [ROLE_GUARDIAN] = { "quiesce-guardian", 6,
                        { GUARDIAN_MONITOR, MACHINE_MAP, MACHINE_EXPEDITE, MACHINE_CGROUP_KILL, MACHINE_LOCK, MONITOR_PIDFD } },
    [ROLE_PARSER] = { "quiesce-parser", 1, { PARSER_MONITOR } },
    [ROLE_SUPERVISOR] = { "quiesce-supervisor", 6,
                          { SUPERVISOR_MONITOR, SUPERVISOR_FRONT, SUPERVISOR_LAUNCHER, MACHINE_REPORT, MACHINE_JOURNAL_APPEND,
                            MACHINE_JOURNAL_READ } },
    [ROLE_LAUNCHER] = { "quiesce-launcher", 3, { LAUNCHER_MONITOR, LAUNCHER_SUPERVISOR, MACHINE_CGROUP } },
};

/* In the order in which they are needed. */
static const enum role_id order[ROLES] = { ROLE_MONITOR, ROLE_PARSER, ROLE_SUPERVISOR, ROLE_LAUNCHER, ROLE_GUARDIAN };

_Static_assert(ROLE_FD_CONTROL + OWN_FDS_MAX <= ROLE_FD_EMPTY_ROOT, "a role has more descriptors than places");
_Static_assert((int)MACHINE_FD_LEAST > (int)ROLE_FD_EMPTY_ROOT, "dup2 would overwrite what it still needs");

/* ---- the child --------------------------------------------------------------------- */

static bool lay_out(const int sources[SOURCES], enum role_id role)
{
    bool good = dup2(sources[MACHINE_NULL], ROLE_FD_NULL_IN) >= 0 && dup2(sources[MACHINE_NULL], ROLE_FD_NULL_OUT) >= 0
        && dup2(sources[LOG_WRITE], ROLE_FD_LOG) >= 0 && dup2(sources[MACHINE_EMPTY_ROOT], ROLE_FD_EMPTY_ROOT) >= 0;
    for (int i = 0; good && i < maps[role].count; i++) {
        good = dup2(sources[maps[role].fds[i]], ROLE_FD_CONTROL + i) >= 0;
    }
    /* What the caller left open is nobody's; our own, above, close on exec anyway. */
    return good && close_range((unsigned)ROLE_FD_CONTROL + maps[role].count, ROLE_FD_EMPTY_ROOT - 1, 0) == 0
        && close_range(ROLE_FD_EMPTY_ROOT + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

/* Between fork and exec: nothing here allocates, locks or prints. */
static _Noreturn void become_role(const int sources[SOURCES], enum role_id role)
{
    static const char failed[] = "quiesce: a role could not be executed\n";
    char *const arguments[] = { (char *)(uintptr_t)maps[role].program, NULL }, *const environment[] = { NULL };
    sigset_t none;
    /* A session of its own: a Ctrl-C at the terminal is for the front, which then
     * lets the run end in order. */
    if (setsid() >= 0 && lay_out(sources, role) && signal(SIGPIPE, SIG_DFL) != SIG_ERR && sigemptyset(&none) == 0
        && sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        (void)umask(0077);
        (void)execveat(sources[MACHINE_PROGRAMS], maps[role].program, arguments, environment, 0);
    }
    if (write(ROLE_FD_LOG, failed, sizeof failed - 1) < 0) {
        _exit(EXIT_INTERNAL); /* nobody is left to be told */
    }
    _exit(EXIT_INTERNAL);
}

/*
 * Forks a role, the launcher straight into its cgroup: moving a process there
 * later waits for grace periods, about 10 ms.
 * Returns as fork(2) does, with *pidfd set in the parent.
 */
static pid_t fork_role(const int sources[SOURCES], bool has_cgroup, enum role_id role, int *pidfd)
{
    bool into = role == ROLE_LAUNCHER && has_cgroup;
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | (into ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = into ? (uint64_t)sources[MACHINE_CGROUP_LAUNCHER] : 0,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

/* ---- the parent ------------------------------------------------------------------------ */

static int make_sockets(int sources[SOURCES])
{
    for (int i = MACHINE_FDS; i < MONITOR_PIDFD; i += 2) {
        int ends[2] = { -1, -1 };
        int status = i == LOG_READ ? pipe2(ends, O_CLOEXEC) : socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
        if (status != 0) {
            return -errno;
        }
        sources[i] = machine_move(ends[0]);
        sources[i + 1] = machine_move(ends[1]);
        if (sources[i] < 0 || sources[i + 1] < 0) {
            return -errno;
        }
    }
    return fcntl(sources[LOG_READ], F_SETFL, O_NONBLOCK) == 0 ? 0 : -errno;
}

static int start_all(struct roles *roles, bool has_cgroup, int sources[SOURCES])
{
    for (int i = 0; i < ROLES; i++) {
        pid_t pid = fork_role(sources, has_cgroup, order[i], &roles->pidfds[order[i]]);
        if (pid == 0) {
            become_role(sources, order[i]);
        }
        if (pid < 0) {
            return -errno;
        }
        if (order[i] == ROLE_MONITOR) {
            sources[MONITOR_PIDFD] = fcntl(roles->pidfds[ROLE_MONITOR], F_DUPFD_CLOEXEC, MACHINE_FD_LEAST);
            if (sources[MONITOR_PIDFD] < 0) {
                return -errno;
            }
        }
    }
    return 0;
}

int roles_start(struct roles *roles, const struct machine *machine, const char **what)
{
    int sources[SOURCES];
    for (int i = 0; i < SOURCES; i++) {
        sources[i] = i < MACHINE_FDS ? machine->fds[i] : -1;
    }
    for (int i = 0; i < ROLES; i++) {
        roles->pidfds[i] = roles->statuses[i] = -1;
    }
    *what = "sockets for the roles cannot be made";
    int error = make_sockets(sources);
    if (error == 0) {
        *what = "a role cannot be started";
        error = start_all(roles, machine->has.has_cgroup != 0, sources);
    }
    roles->monitor = sources[FRONT_MONITOR];
    roles->supervisor = sources[FRONT_SUPERVISOR];
    roles->log = sources[LOG_READ];
    sources[FRONT_MONITOR] = sources[FRONT_SUPERVISOR] = sources[LOG_READ] = -1;
    for (int i = MACHINE_FDS; i < SOURCES; i++) {
        if (sources[i] >= 0) {
            close(sources[i]);
        }
    }
    return error;
}

void roles_close(struct roles *roles)
{
    int *const ours[] = { &roles->monitor, &roles->supervisor };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (*ours[i] >= 0) {
            close(*ours[i]);
            *ours[i] = -1;
        }
    }
}

static void take_status(struct roles *roles, int role)
{
    siginfo_t info = { 0 };
    if (waitid(P_PIDFD, (id_t)roles->pidfds[role], &info, WEXITED) == 0) {
        roles->statuses[role] = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status);
    }
    close(roles->pidfds[role]);
    roles->pidfds[role] = -1;
}

bool roles_wait(struct roles *roles, int timeout_ms)
{
    uint64_t until_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    for (;;) {
        struct pollfd ends[ROLES];
        bool left = false;
        for (int i = 0; i < ROLES; i++) {
            ends[i] = (struct pollfd){ .fd = roles->pidfds[i], .events = POLLIN };
            left = left || roles->pidfds[i] >= 0;
        }
        uint64_t now = clock_monotonic_ns();
        if (!left || now >= until_ns) {
            return !left;
        }
        int ready = poll(ends, ROLES, (int)((until_ns - now) / NS_PER_MS) + 1);
        for (int i = 0; ready > 0 && i < ROLES; i++) {
            if (ends[i].revents != 0) {
                take_status(roles, i);
            }
        }
    }
}

void roles_kill(const struct roles *roles, enum role_id role)
{
    if (roles->pidfds[role] >= 0) {
        (void)pidfd_send_signal(roles->pidfds[role], SIGKILL, NULL, 0); /* ESRCH: it ended meanwhile */
    }
}

/* ---- words ----------------------------------------------------------------------------- */

static int describe_one(char *text, size_t capacity, const char *program, int status)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        return snprintf(text, capacity, "%s was killed by SIG%s", program, name != NULL ? name : "?");
    }
    return snprintf(text, capacity, "%s ended with status %d", program, WEXITSTATUS(status));
}

bool roles_describe(const struct roles *roles, char *text, size_t capacity)
{
    size_t used = 0;
    text[0] = '\0';
    for (int killed = 1; killed >= 0; killed--) {
        for (int i = 0; i < ROLES; i++) {
            int status = roles->statuses[i];
            if (status == 0 || (status != -1 && WIFSIGNALED(status)) != (killed != 0) || used >= capacity) {
                continue;
            }
            used += (size_t)snprintf(text + used, capacity - used, "%s", used > 0 ? ", " : "");
            if (used < capacity && status == -1) {
                used += (size_t)snprintf(text + used, capacity - used, "%s has not ended", maps[i].program);
            } else if (used < capacity) {
                used += (size_t)describe_one(text + used, capacity - used, maps[i].program, status);
            }
        }
    }
    return used > 0;
}
