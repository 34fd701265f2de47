/*
 * run_signals.c - the part of run.h that is asked to end a run.
 */
#include "front/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/held_session.h"

int run_take_signals(struct run *run)
{
    sigset_t ours, blocked;
    const struct sigaction fall = { .sa_handler = SIG_DFL }, ignore = { .sa_handler = SIG_IGN };
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    /* Nor are we to be stopped: by a Ctrl-Z, or by a line for a terminal that the snapshot
     * command has meanwhile ("stty tostop").  Everything would stay frozen until the deadline. */
    blocked = ours;
    sigaddset(&blocked, SIGTSTP);
    sigaddset(&blocked, SIGTTIN);
    sigaddset(&blocked, SIGTTOU);
    sigaddset(&blocked, SIGXFSZ); /* EFBIG says what is wrong */
    /* CHLD: a caller may have left it ignored, and then nobody can be waited for.
     * PIPE: whoever reads our lines may go away; the run goes on. */
    if (sigprocmask(SIG_BLOCK, &blocked, &run->mask) != 0 || sigaction(SIGCHLD, &fall, NULL) != 0
        || sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return -errno;
    }
    run->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->signals >= 0 ? 0 : -errno;
}

void run_give_up(struct run *run, const char *why)
{
    snprintf(run->failure, sizeof run->failure, "%s", why);
    run->over = true;
}

void run_read_signal(struct run *run)
{
    struct signalfd_siginfo info;
    if (read(run->signals, &info, sizeof info) != sizeof info) {
        return;
    }
    run_signal(run, (int)info.ssi_signo);
}

void run_signal(struct run *run, int number)
{
    run->signals_count++;
    if (run->signals_count == RUN_SIGNALS_MAX) {
        run_give_up(run, "it was to end at once");
    }
    run_interrupt(run, number, run->held != NULL ? RELEASE_SIGNAL : RELEASE_COMMAND);
}

/* What becomes of the snapshot. */
static const char *interrupted_snapshot(const struct run *run)
{
    if (run->state == FRONT_RUNNING) {
        return "no snapshot will be taken";
    }
    if (run->held != NULL) {
        return run->state == FRONT_SNAPSHOT ? "a snapshot that is being taken will not count" : "the snapshot is over already";
    }
    return run->state == FRONT_SNAPSHOT ? "the snapshot command is being ended" : "the snapshot command is over already";
}

void run_interrupt(struct run *run, int number, enum release_cause cause)
{
    if (run->interrupted != 0) {
        return;
    }
    run->interrupted = number;
    run->interrupted_by = cause;
    char text[160];
    snprintf(text, sizeof text, "SIG%s: %s; the run still ends in order: thaw, then post-scripts", sigabbrev_np(number),
             interrupted_snapshot(run));
    progress_say(&run->progress, text);
    snapshot_end(&run->snapshot, clock_monotonic_ns());
    if (run->held != NULL) {
        held_give_up(run->held, cause);
    }
}
