#include "front/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/sanitise.h"

/* Makes group the terminal's foreground group.  SIGTTOU stops a background group
 * that does so (tcsetpgrp(3)), so it is blocked meanwhile. */
static void give_terminal(pid_t group)
{
    sigset_t ttou, before;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    sigprocmask(SIG_BLOCK, &ttou, &before);
    (void)tcsetpgrp(STDIN_FILENO, group); /* without a terminal there is nothing to give */
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static _Noreturn void become_command(char *const *argv, const sigset_t *mask, const struct footing *footing, bool to_stderr,
                                     bool terminal)
{
    char name[256];
    /* A group of its own, made here as well as in the parent: whoever is first. */
    (void)setpgid(0, 0);
    if (terminal) {
        give_terminal(getpid());
    }
    footing_give(footing);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (!to_stderr || dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
        execvp(argv[0], argv);
    }
    int error = errno;
    sanitise(name, sizeof name, argv[0], strlen(argv[0]));
    dprintf(STDERR_FILENO, "quiesce: snapshot command %s: %s\n", name, strerror(error));
    _exit(error == ENOENT ? 127 : 126);
}

int snapshot_start(struct snapshot *snapshot, char *const *argv, const sigset_t *mask, const struct footing *footing,
                   bool to_stderr)
{
    bool terminal = tcgetpgrp(STDIN_FILENO) == getpgrp();
    snapshot->began_ns = clock_monotonic_ns();
    snapshot->kill_at_ns = 0;
    snapshot->gave_terminal = terminal;
    pid_t pid = fork();
    if (pid == 0) {
        become_command(argv, mask, footing, to_stderr, terminal);
    }
    if (pid < 0) {
        return -errno;
    }
    (void)setpgid(pid, pid); /* EACCES: it has executed already, and did it itself */
    snapshot->pid = pid;
    snapshot->pidfd = pidfd_open(pid, 0);
    if (snapshot->pidfd < 0) {
        int error = -errno;
        kill(-pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return error;
    }
    return 0;
}

void snapshot_end(struct snapshot *snapshot, uint64_t now_ns)
{
    if (snapshot->pidfd >= 0 && snapshot->kill_at_ns == 0) {
        snapshot->kill_at_ns = now_ns + SNAPSHOT_GRACE_MS * NS_PER_MS;
        /* Not reaped, so the number is still its own.  A stopped one must run to hear it. */
        kill(-snapshot->pid, SIGTERM);
        kill(-snapshot->pid, SIGCONT);
    }
}

int snapshot_timeout(struct snapshot *snapshot, uint64_t now_ns)
{
    if (snapshot->pidfd < 0 || snapshot->kill_at_ns == 0) {
        return -1;
    }
    if (now_ns >= snapshot->kill_at_ns) {
        kill(-snapshot->pid, SIGKILL);
        snapshot->kill_at_ns = now_ns + SNAPSHOT_GRACE_MS * NS_PER_MS;
    }
    return (int)((snapshot->kill_at_ns - now_ns) / NS_PER_MS) + 1;
}

void snapshot_reap(struct snapshot *snapshot, uint64_t now_ns, struct msg_release *release)
{
    siginfo_t info = { 0 };
    if (snapshot->kill_at_ns != 0) {
        kill(-snapshot->pid, SIGKILL); /* what of its group is left, while the number is still its own */
    }
    int status = waitid(P_PIDFD, (id_t)snapshot->pidfd, &info, WEXITED);
    close(snapshot->pidfd);
    snapshot->pidfd = -1;
    if (snapshot->gave_terminal) {
        give_terminal(getpgrp());
    }
    memset(release, 0, sizeof *release);
    release->duration_ns = now_ns - snapshot->began_ns;
    if (status != 0) {
        release->exit_code = 126;
    } else if (info.si_code == CLD_EXITED) {
        release->exit_code = (uint32_t)info.si_status & 0xff;
    } else {
        release->signal = (uint32_t)info.si_status;
    }
}
