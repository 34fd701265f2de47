#include "front/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/spawn.h"

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

/* The fd map of each role from ROLE_FD_CONTROL on.  0 and 1 are /dev/null, 2 is
 * the log, 15 the empty root; everything else is closed. */
static const struct {
    const char *program;
    uint8_t count;
    uint8_t fds[SPAWN_FDS_MAX];
} maps[ROLES] = {
    [ROLE_MONITOR] = { "quiesce-monitor", 11,
                       { MONITOR_FRONT, MONITOR_SUPERVISOR, MONITOR_LAUNCHER, MONITOR_GUARDIAN, MONITOR_PARSER, MACHINE_ROOT,
                         MACHINE_EXPEDITE, MACHINE_CGROUP_KILL, MACHINE_LOCK, MACHINE_MOUNTINFO, MACHINE_RECORD } },
    [ROLE_GUARDIAN] = { "quiesce-guardian", 6,
                        { GUARDIAN_MONITOR, MACHINE_RECORD, MACHINE_EXPEDITE, MACHINE_CGROUP_KILL, MACHINE_LOCK, MONITOR_PIDFD } },
    [ROLE_PARSER] = { "quiesce-parser", 1, { PARSER_MONITOR } },
    [ROLE_SUPERVISOR] = { "quiesce-supervisor", 6,
                          { SUPERVISOR_MONITOR, SUPERVISOR_FRONT, SUPERVISOR_LAUNCHER, MACHINE_REPORT, MACHINE_JOURNAL_APPEND,
                            MACHINE_JOURNAL_READ } },
    [ROLE_LAUNCHER] = { "quiesce-launcher", 5,
                        { LAUNCHER_MONITOR, LAUNCHER_SUPERVISOR, MACHINE_CGROUP, MACHINE_PIDS, MACHINE_MEMORY } },
};

/* In the order in which they are needed. */
static const enum role_id order[ROLES] = { ROLE_MONITOR, ROLE_PARSER, ROLE_SUPERVISOR, ROLE_LAUNCHER, ROLE_GUARDIAN };

/* Starts a role.  The launcher straight into its cgroup: moving a process there
 * later waits for grace periods, about 10 ms.  The parser, which forks, in a PID
 * namespace: nothing that it leaves running outlives it. */
static pid_t start_role(const int sources[SOURCES], bool has_cgroup, const struct footing *caller, enum role_id role, int *pidfd)
{
    struct spawn what = {
        .program = maps[role].program, .machine = sources, .log = sources[LOG_WRITE],
        .cgroup = role == ROLE_LAUNCHER && has_cgroup ? sources[MACHINE_CGROUP_LAUNCHER] : -1,
        .priority = role == ROLE_LAUNCHER ? caller : NULL, .init = role == ROLE_PARSER, .count = maps[role].count,
    };
    for (unsigned i = 0; i < what.count; i++) {
        what.fds[i] = sources[maps[role].fds[i]];
    }
    return spawn(&what, pidfd);
}

enum { PARSER_READS_S = 10 };

/* A parser that does not read must not keep the monitor for ever. */
static int limit_sending(int socket)
{
    const struct timeval most = { .tv_sec = PARSER_READS_S };
    return setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) == 0 ? 0 : -errno;
}

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
    return fcntl(sources[LOG_READ], F_SETFL, O_NONBLOCK) == 0 ? limit_sending(sources[MONITOR_PARSER]) : -errno;
}

static int start_all(struct roles *roles, bool has_cgroup, const struct footing *caller, int sources[SOURCES])
{
    for (int i = 0; i < ROLES; i++) {
        if (start_role(sources, has_cgroup, caller, order[i], &roles->pidfds[order[i]]) < 0) {
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

int roles_start(struct roles *roles, const struct machine *machine, const struct footing *caller, const char **what)
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
        error = start_all(roles, machine->has.has_cgroup != 0, caller, sources);
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

/* If it has ended; if its status is somebody else's to take, it counts as ended too. */
static void take_status(struct roles *roles, int role)
{
    siginfo_t info = { 0 };
    int error = waitid(P_PIDFD, (id_t)roles->pidfds[role], &info, WEXITED | WNOHANG);
    if (error == 0 && info.si_pid == 0) {
        return;
    }
    if (error == 0) {
        roles->statuses[role] = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status);
    }
    close(roles->pidfds[role]);
    roles->pidfds[role] = -1;
}

bool roles_wait(struct roles *roles, int timeout_ms)
{
    static const struct timespec blind_pause = { .tv_nsec = 10 * (long)NS_PER_MS };
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
        bool blind = ready < 0 && errno != EINTR; /* somebody has lowered RLIMIT_NOFILE below ROLES, poll(2) */
        for (int i = 0; (ready > 0 || blind) && i < ROLES; i++) {
            if (roles->pidfds[i] >= 0 && (blind || ends[i].revents != 0)) {
                take_status(roles, i);
            }
        }
        if (blind) {
            (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &blind_pause, NULL); /* no event can be waited for */
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
