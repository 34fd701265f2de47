#include "front/learning.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/session.h"
#include "front/spawn.h"
#include "quiesce/outcome.h"

#define PROGRAM "quiesce-learn"
enum { END_WAIT_MS = 12000, OUTPUT_WAIT_MS = 200 };

/* Sockets by who holds which end; MONITOR and SUPERVISOR are whom the program takes us for. */
enum fd { AS_MONITOR, TO_MONITOR, AS_SUPERVISOR, TO_SUPERVISOR, LOG_READ, LOG_WRITE, FDS };

struct setting {
    char id[WIRE_RUN_ID_MAX];
    struct cgroup cgroup;
    struct machine machine;
    int fds[FDS];
    int pidfd;
    int signals;     /* signalfd of INT, TERM, HUP */
    int interrupted; /* the signal that came, or 0 */
    struct relay log;
};

/* ---- beginning ------------------------------------------------------------------------------ */

static int make_fds(struct setting *s)
{
    for (int i = 0; i < FDS; i += 2) {
        int ends[2] = { -1, -1 };
        int status = i == LOG_READ ? pipe2(ends, O_CLOEXEC) : socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
        s->fds[i] = status == 0 ? machine_move(ends[0]) : -1;
        s->fds[i + 1] = status == 0 ? machine_move(ends[1]) : -1;
        if (s->fds[i] < 0 || s->fds[i + 1] < 0) {
            return -errno;
        }
    }
    return fcntl(s->fds[LOG_READ], F_SETFL, O_NONBLOCK) == 0 ? 0 : -errno;
}

static void shut(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static int start_program(struct setting *s)
{
    const int *machine = s->machine.fds;
    const struct spawn what = {
        .program = PROGRAM, .machine = machine, .log = s->fds[LOG_WRITE],
        .cgroup = s->machine.has.has_cgroup != 0 ? machine[MACHINE_CGROUP_LAUNCHER] : -1,
        /* No controllers: a script that is learned from has no limits of processes and memory. */
        .count = 5, .fds = { s->fds[TO_MONITOR], s->fds[TO_SUPERVISOR], machine[MACHINE_CGROUP], machine[MACHINE_PIDS],
                             machine[MACHINE_MEMORY] },
    };
    int error = spawn(&what, &s->pidfd) < 0 ? -errno : 0;
    shut(&s->fds[TO_MONITOR]); /* else no end of file would come */
    shut(&s->fds[TO_SUPERVISOR]);
    shut(&s->fds[LOG_WRITE]);
    return error;
}

/* What a monitor tells a launcher. */
static int tell(const struct setting *s, const struct learning *l)
{
    static struct msg_policy policy;
    static struct msg_seal seal;
    policy.plan = *l->base;
    if (learning_filter(&policy.plan) != 0) {
        return -E2BIG;
    }
    memcpy(seal.run_id, s->id, sizeof seal.run_id);
    snprintf(seal.program_dir, sizeof seal.program_dir, "%s", s->machine.programs);
    int error = wire_send(s->fds[AS_MONITOR], MSG_POLICY, &policy, NULL, 0);
    for (uint32_t phase = 0; error == 0 && phase < PHASES; phase++) {
        const struct course *c = &l->courses[phase];
        if (c->hook != NULL) {
            c->hook->slot = WIRE_SLOT(0, phase);
            error = wire_send(s->fds[AS_MONITOR], MSG_HOOK, c->hook, &c->script, 1);
        }
    }
    error = error != 0 ? error : wire_send(s->fds[AS_MONITOR], MSG_SEAL, &seal, NULL, 0);
    /* One that has ended has said on the log why; its end of file follows. */
    return error == -EPIPE || error == -ECONNRESET ? 0 : error;
}

static int take_signals(struct setting *s, sigset_t *before)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN); /* whoever reads our lines may go away; the script must still be ended */
    if (sigprocmask(SIG_BLOCK, &ours, before) != 0) {
        return -errno;
    }
    s->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals >= 0 ? 0 : -errno;
}

/* Returns 0, or an exit status with a sentence in message. */
static int begin(struct setting *s, const struct learning *l, char *message, size_t capacity)
{
    const char *what = "no random id";
    int error = session_make_id(s->id);
    if (error == 0) {
        struct cgroup_mount mounts[HIERARCHIES];
        cgroup_mounts_read(mounts, "/proc/self/mountinfo");
        cgroup_create(&s->cgroup, &mounts[HIERARCHY_V2], s->id);
        int status = machine_open(&s->machine, s->id, &s->cgroup, MACHINE_LEARNS, false, message, capacity);
        if (status != 0) {
            return status;
        }
        cgroup_sweep(&s->cgroup);
        what = "sockets cannot be made";
        error = make_fds(s);
    }
    if (error == 0) {
        what = PROGRAM " cannot be started";
        error = start_program(s);
        s->log.in = s->fds[LOG_READ];
        s->fds[LOG_READ] = -1;
    }
    if (error == 0) {
        what = PROGRAM " cannot be told what to start";
        error = tell(s, l);
    }
    if (error == -E2BIG) {
        snprintf(message, capacity, "the filter of the base is too long to be learned from");
        return EXIT_CONFIGURATION;
    }
    if (error != 0) {
        snprintf(message, capacity, "%s: %s", what, strerror(-error));
        return EXIT_INTERNAL;
    }
    return 0;
}

/* ---- while it runs ------------------------------------------------------------------------------ */

static bool is_there(const struct course *c)
{
    return c->hook != NULL;
}

static bool is_over(const struct course *c)
{
    return !is_there(c) || (c->state > LEARNING_STARTING && c->keeper < 0);
}

/* Milliseconds until the first of the scripts' times is up, -1: none has one.  Does what
 * is due. */
static int look_at_time(struct learning *l)
{
    uint64_t now = clock_monotonic_ns(), first = UINT64_MAX;
    for (int i = 0; i < PHASES; i++) {
        struct course *c = &l->courses[i];
        if (c->deadline_ns != 0 && c->deadline_ns <= now) {
            course_time_up(l, c);
        }
        if (c->deadline_ns != 0 && c->deadline_ns < first) {
            first = c->deadline_ns;
        }
    }
    return first == UINT64_MAX ? -1 : first <= now ? 0 : (int)((first - now) / NS_PER_MS) + 1;
}

/* What follows one from the other.  Returns false when all is over. */
static bool go_on(struct learning *l)
{
    struct course *pre = &l->courses[PHASE_PRE], *post = &l->courses[PHASE_POST];
    if (is_there(pre) && pre->state == LEARNING_IDLE) {
        course_start(l, pre);
    } else if (is_there(post) && post->state == LEARNING_IDLE && (!is_there(pre) || course_passed(pre))) {
        pre->deadline_ns = 0; /* it has the post-script's time now */
        course_start(l, post);
    } else if (is_there(post) && post->state == LEARNING_IDLE && is_over(pre)) {
        return false; /* the pre-script failed */
    } else if (is_there(pre) && is_there(post) && is_over(post) && pre->state == LEARNING_RUNNING && !is_over(pre)) {
        course_kill(l, pre);
    }
    return l->failure == NULL && !(is_over(pre) && is_over(post));
}

/* Returns false at the end of file, or of what can be trusted. */
static bool read_peer(struct learning *l, struct course *c, int socket, enum wire_peer peer)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;
    int status = wire_receive(socket, &buffer, &packet);
    if (status == -EPROTO) {
        l->failure = "a message of " PROGRAM " is malformed";
    }
    if (status != 1) {
        return false;
    }
    if (c == NULL) { /* of the launcher's one socket */
        bool post = packet.type == MSG_STARTED && ((const struct msg_started *)packet.body)->slot == WIRE_SLOT(0, PHASE_POST);
        c = &l->courses[post ? PHASE_POST : PHASE_PRE];
    }
    course_message(l, c, peer, &packet);
    return true;
}

enum { LEARNER, SIGNALS, LOG, KEEPERS, OUTS = KEEPERS + PHASES, ERRS = OUTS + PHASES, SOURCES = ERRS + PHASES };

static void serve(struct setting *s, struct learning *l, const struct pollfd watched[SOURCES])
{
    struct signalfd_siginfo info;
    struct relay *relays[SOURCES] = { [LOG] = &s->log };
    for (int i = 0; i < PHASES; i++) {
        relays[OUTS + i] = &l->courses[i].out;
        relays[ERRS + i] = &l->courses[i].err;
    }
    for (int i = 0; i < SOURCES; i++) {
        if (relays[i] != NULL && watched[i].revents != 0) {
            (void)relay_read(relays[i]); /* what cannot be printed is lost, but read */
        }
    }
    if (watched[SIGNALS].revents != 0 && read(s->signals, &info, sizeof info) == sizeof info) {
        s->interrupted = (int)info.ssi_signo;
    }
    for (int i = 0; i < PHASES; i++) {
        struct course *c = &l->courses[i];
        if (watched[KEEPERS + i].revents != 0 && !read_peer(l, c, c->keeper, PEER_KEEPER)) {
            course_keeper_gone(l, c);
        }
    }
    if (watched[LEARNER].revents != 0 && !read_peer(l, NULL, l->learner, PEER_LAUNCHER)) {
        l->failure = l->failure != NULL ? l->failure : PROGRAM " ended early";
    }
}

static void loop(struct setting *s, struct learning *l)
{
    while (go_on(l) && s->interrupted == 0) {
        struct pollfd watched[SOURCES] = {
            [LEARNER] = { l->learner, POLLIN, 0 }, [SIGNALS] = { s->signals, POLLIN, 0 }, [LOG] = { s->log.in, POLLIN, 0 },
        };
        for (int i = 0; i < PHASES; i++) {
            watched[KEEPERS + i] = (struct pollfd){ l->courses[i].keeper, POLLIN, 0 };
            watched[OUTS + i] = (struct pollfd){ l->courses[i].out.in, POLLIN, 0 };
            watched[ERRS + i] = (struct pollfd){ l->courses[i].err.in, POLLIN, 0 };
        }
        if (poll(watched, SOURCES, look_at_time(l)) < 0 && errno != EINTR) {
            l->failure = "poll failed";
            continue;
        }
        serve(s, l, watched);
    }
}

/* ---- the end --------------------------------------------------------------------------------------- */

/* Prints what is left in a pipe that has ended or holds nothing more. */
static void drain(struct relay *relay)
{
    struct pollfd end = { relay->in, POLLIN, 0 };
    while (relay->in >= 0 && poll(&end, 1, OUTPUT_WAIT_MS) > 0 && relay_read(relay) == 0) {
    }
    shut(&relay->in);
}

/* Our ends gone, the program kills what is left and ends.  Says what was amiss, or "". */
static void finish(struct setting *s, struct learning *l, char *amiss, size_t capacity)
{
    amiss[0] = '\0';
    shut(&s->fds[AS_MONITOR]);
    shut(&s->fds[AS_SUPERVISOR]);
    if (s->pidfd >= 0) {
        siginfo_t info = { 0 };
        struct pollfd end = { s->pidfd, POLLIN, 0 };
        if (poll(&end, 1, END_WAIT_MS) <= 0) {
            (void)pidfd_send_signal(s->pidfd, SIGKILL, NULL, 0);
        }
        if (waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED) != 0 || info.si_code != CLD_EXITED) {
            snprintf(amiss, capacity, PROGRAM " was killed by SIG%s", sigabbrev_np(info.si_status));
        } else if (info.si_status != 0) {
            snprintf(amiss, capacity, PROGRAM " ended with status %d", info.si_status);
        }
        shut(&s->pidfd);
    }
    cgroup_kill(&s->cgroup);
    drain(&s->log);
    for (int i = 0; i < PHASES; i++) {
        shut(&l->courses[i].keeper);
        shut(&l->courses[i].events);
        drain(&l->courses[i].out);
        drain(&l->courses[i].err);
    }
    int error = cgroup_remove(&s->cgroup);
    if (error != 0 && amiss[0] == '\0') {
        snprintf(amiss, capacity, "the cgroup %s could not be removed: %s", s->cgroup.name, strerror(-error));
    }
}

/* Returns 0, or an exit status with a sentence in message. */
static int conclude(const struct setting *s, const struct learning *l, const char *amiss, char *message, size_t capacity)
{
    if (s->interrupted != 0) {
        snprintf(message, capacity, "SIG%s: the script was ended, and nothing was written", sigabbrev_np(s->interrupted));
        return outcome_table[OUTCOME_PRE_FAILED].exit_stop;
    }
    if (l->failure != NULL || amiss[0] != '\0') {
        snprintf(message, capacity, "learning broke off: %s", amiss[0] != '\0' ? amiss : l->failure);
        return EXIT_INTERNAL;
    }
    return 0;
}

int learning_run(struct learning *l, char *message, size_t capacity)
{
    static struct setting s;
    char amiss[256];
    sigset_t before;
    s = (struct setting){
        .cgroup = { .parent = -1, .directory = -1 }, .fds = { -1, -1, -1, -1, -1, -1 }, .pidfd = -1, .signals = -1,
        .log = { .in = -1, .out = stderr },
    };
    for (int i = 0; i < MACHINE_FDS; i++) {
        s.machine.fds[i] = -1;
    }
    l->learner = -1;
    for (int i = 0; i < PHASES; i++) {
        struct course *c = &l->courses[i];
        c->phase = (enum hook_phase)i;
        c->keeper = c->events = -1;
        c->out = c->err = (struct relay){ .in = -1, .out = stderr };
    }
    int error = take_signals(&s, &before);
    if (error != 0) {
        snprintf(message, capacity, "signals cannot be taken over: %s", strerror(-error));
        return EXIT_INTERNAL;
    }
    int status = begin(&s, l, message, capacity);
    if (status == 0) {
        l->learner = s.fds[AS_SUPERVISOR];
        loop(&s, l);
    }
    finish(&s, l, amiss, sizeof amiss);
    status = status == 0 ? conclude(&s, l, amiss, message, capacity) : status;
    close(s.signals);
    machine_close(&s.machine);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
