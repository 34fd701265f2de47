/*
 * verdict.c - what must hold after a trial, whatever was done in it.
 */
#include "campaign.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"

enum {
    LEAVE_MS = 5000,  /* for processes that lost their run to end */
    THAWED_MS = 2000, /* for the next writes, once the run is over */
    STALL_MS = 1500,  /* no write takes longer, beyond the deadline where that must thaw */
    OUTPUT_MAX = 65536,
    FAMILY_MAX = 64,
};

/* Exit statuses of "quiesce run" that a run may have to which something was done: quiesce(1).
 * No other: a crash-consistent snapshot was not allowed, the lock was free, the configuration good. */
enum { APP_CONSISTENT = 0, FS_CONSISTENT = 10, HOOK_FAILED = 20, FREEZE_FAILED = 21, DEADLINE = 22, SNAPSHOT_FAILED = 23, INTERNAL = 70,
       NOTHING_HELD = 69 /* of a held session that was killed */ };

#define EXPEDITED "/sys/kernel/rcu_expedited"
static char expedited_before[16];

static void read_text(const char *path, char *text, size_t capacity)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, capacity - 1) : 0;
    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

void verdict_prepare(void)
{
    read_text(EXPEDITED, expedited_before, sizeof expedited_before);
}

static void keep_family(void)
{
    FILE *out = fopen(PLACE "/family.txt", "we");
    if (out != NULL) {
        family_print(out);
        fclose(out);
    }
}

/* The front's own death fits where it, or everything, was to die. */
static bool may_be_killed(const struct plan *p, const struct result *o)
{
    bool deadly = p->action == ACTION_KILL || p->action == ACTION_MEMORY || p->action == ACTION_RECOVER
                  || p->action == ACTION_WAITING || (p->action == ACTION_STOP && p->kills_stopped);
    return o->harmed && deadly && (p->victim == VICTIM_FRONT || p->victim == VICTIM_ALL);
}

/* ---- processes ---------------------------------------------------------------------- */

/* Orphans are ours, so the end of the last one is the end of the run. */
static unsigned others(pid_t beside)
{
    pid_t children[FAMILY_MAX];
    unsigned count = family_children(0, children, FAMILY_MAX), left = 0;
    for (unsigned i = 0; i < count; i++) {
        left += children[i] != beside;
    }
    return left;
}

bool verdict_await_end(pid_t beside, unsigned ms)
{
    uint64_t now, until = clock_monotonic_ns() + ms * NS_PER_MS;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        pid_t children[FAMILY_MAX];
        unsigned count = family_children(0, children, FAMILY_MAX);
        for (unsigned i = 0; i < count; i++) {
            if (children[i] != beside) {
                (void)waitpid(children[i], NULL, WNOHANG);
            }
        }
        now = clock_monotonic_ns();
        if (others(beside) == 0 || now >= until) {
            return others(beside) == 0;
        }
        const struct timespec left = { (time_t)((until - now) / NS_PER_S), (long)((until - now) % NS_PER_S) };
        (void)sigtimedwait(&child, NULL, &left);
    }
}

/* A session whose caller was killed keeps its result for whoever asks for it; nothing else
 * of the run lives then, and it ends when it is told to. */
static void end_idle_session(pid_t beside, unsigned ms)
{
    uint64_t until = clock_monotonic_ns() + ms * NS_PER_MS;
    while (others(beside) > 0 && clock_monotonic_ns() < until) {
        pid_t child, session = family_find(0, VICTIM_FRONT, true);
        if (session != 0 && family_children(session, &child, 1) == 0) {
            (void)kill(session, SIGTERM); /* our child by now, and not reaped */
            return;
        }
        (void)verdict_await_end(beside, 1);
    }
}

static void processes(const struct plan *p, pid_t beside, struct result *o)
{
    if (p->held && p->victim == VICTIM_SNAPSHOT && o->harmed) {
        end_idle_session(beside, LEAVE_MS);
    }
    if (verdict_await_end(beside, LEAVE_MS)) {
        return;
    }
    result_fail(o, "%u processes of the run still live", others(beside));
    keep_family();
    (void)kill_everything();
    if (!verdict_await_end(beside, LEAVE_MS)) {
        pid_t children[FAMILY_MAX];
        unsigned count = family_children(0, children, FAMILY_MAX);
        for (unsigned i = 0; i < count; i++) {
            if (children[i] != beside) {
                (void)kill(children[i], SIGKILL); /* our own child: the number is still its */
            }
        }
        if (!verdict_await_end(beside, LEAVE_MS)) {
            result_fail(o, "and cannot be killed");
        }
    }
}

/* Whose cgroup is a run's and is still there: populated it may not be, and after a front
 * that could clean up it is gone. */
static void run_cgroups(bool front_could_not, struct result *o)
{
    DIR *entries = opendir(cgroups.root);
    for (const struct dirent *e; entries != NULL && (e = readdir(entries)) != NULL;) {
        char path[2 * TEXT_MAX + 32], events[TEXT_MAX];
        if (strncmp(e->d_name, RUN_CGROUP, sizeof RUN_CGROUP - 1) != 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s/cgroup.events", cgroups.root, e->d_name);
        read_text(path, events, sizeof events);
        if (strstr(events, "populated 1") != NULL) {
            result_fail(o, "the cgroup %s is not empty", e->d_name);
        } else if (!front_could_not) {
            result_fail(o, "the cgroup %s was left", e->d_name);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

/* ---- file systems --------------------------------------------------------------------- */

/* At the same time: an inner one cannot be thawed before the outer one that it is written to. */
void rescue_thaw(const struct load *load)
{
    pid_t pids[STORES_MAX];
    for (uint32_t i = 0; i < load->count; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            char path[TEXT_MAX];
            snprintf(path, sizeof path, MOUNTS "/%s", load->writers[i].name);
            int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            _exit(fd >= 0 && ioctl(fd, FITHAW, 0) == 0 ? 0 : 1);
        }
    }
    for (uint32_t i = 0; i < load->count; i++) {
        if (pids[i] > 0) {
            (void)waitpid(pids[i], NULL, 0);
        }
    }
}

static bool closed(const struct writer *w)
{
    return atomic_load(&w->error) == EROFS && strstr(w->name, "btrfs") != NULL;
}

/*
 * Linux (6.18 here) reads the super block of a btrfs when it thaws it; if the process that
 * thaws is killed in that moment the read is interrupted, and it goes read-only: "super
 * block got modified unexpectedly".  Nothing is lost (what lies on it has errors as well), no process can do anything about it,
 * and it is counted apart.  Any other error of a writer whose device is sound is a failure.
 */
static void damaged_by_kernel(const struct plan *p, struct load *load, uint32_t mask, struct result *o)
{
    for (uint32_t i = 0; i < load->count; i++) {
        const struct writer *w = &load->writers[i];
        int error = atomic_load(&w->error);
        if ((mask >> i & 1) == 0 || error == 0 || w->appends) {
            continue;
        }
        bool killed = o->harmed && p->victim <= VICTIM_ALL && p->action != ACTION_STARVE
                      && (o->moment == MOMENT_FREEZE || o->moment == MOMENT_FROZEN || o->moment == MOMENT_THAW);
        if (killed && (closed(w) || (stores_outer(i) >= 0 && closed(&load->writers[stores_outer(i)])))) {
            o->read_only = true;
        } else {
            result_fail(o, "a write to %s: %s", w->name, strerror(error));
        }
    }
}

/* How long there is nobody who could thaw: of a pause of both. */
static uint64_t unguarded_ns(const struct plan *p)
{
    bool both = (p->victim == VICTIM_MONITOR && p->also == VICTIM_GUARDIAN) || (p->victim == VICTIM_GUARDIAN && p->also == VICTIM_MONITOR);
    uint64_t each = (p->pause_us > 0 ? (uint64_t)p->pause_us * 1000ull : 0) + p->timeout_s * NS_PER_S;
    return p->action == ACTION_PAUSE && both ? p->pauses * each : 0;
}

static void thawed(const struct plan *p, struct load *load, uint32_t mask, struct result *o)
{
    uint32_t blocked;
    if (!load_moves(load, mask, THAWED_MS, &blocked)) {
        for (uint32_t i = 0; i < load->count; i++) {
            if ((blocked >> i & 1) != 0) {
                result_fail(o, "left frozen: %s", load->writers[i].name);
            }
        }
        keep_family();
        rescue_thaw(load);
        if (!load_moves(load, mask, LEAVE_MS, &blocked)) {
            result_fail(o, "and cannot be thawed");
        }
    }
    bool late = p->action == ACTION_PAUSE || p->action == ACTION_STOP || p->action == ACTION_STARVE;
    uint64_t limit = STALL_MS * NS_PER_MS + (late ? p->timeout_s * NS_PER_S : 0) + unguarded_ns(p);
    for (uint32_t i = 0; i < load->count; i++) {
        uint64_t longest = atomic_load(&load->writers[i].longest_ns);
        if ((mask >> i & 1) != 0 && longest > limit) {
            result_fail(o, "a write to %s took %.0f ms", load->writers[i].name, (double)longest / (double)NS_PER_MS);
        }
    }
}

/* ---- what was said ------------------------------------------------------------------------ */

/* The snapshot command has seen the same newest record twice: nothing was written meanwhile. */
static bool was_at_rest(const struct load *load, uint32_t mask)
{
    bool rest = atomic_load(&load->snapshot_ended) != 0;
    for (uint32_t i = 0; i < load->count; i++) {
        const struct writer *w = &load->writers[i];
        if ((mask >> i & 1) != 0 && (w->first[0] == 0 || w->last[0] == 0 || w->first[1] != w->last[1])) {
            rest = false;
        }
    }
    return rest;
}

static void exit_status(const struct plan *p, const struct load *load, uint32_t mask, struct result *o)
{
    static const int expected[] = { APP_CONSISTENT, FS_CONSISTENT, HOOK_FAILED, FREEZE_FAILED, DEADLINE, SNAPSHOT_FAILED, INTERNAL };
    int code = WEXITSTATUS(o->status);
    bool fits = false;
    if (o->status == -1) {
        result_fail(o, "the run did not end");
        return;
    }
    if (WIFSIGNALED(o->status)) {
        /* A signal may come before it has been taken over, which is before anything is started. */
        bool early = p->action == ACTION_SIGNAL && o->moment == MOMENT_LOAD && WTERMSIG(o->status) == p->signal;
        if (!early && (!may_be_killed(p, o) || WTERMSIG(o->status) != SIGKILL)) {
            result_fail(o, "the front was killed by signal %d", WTERMSIG(o->status));
        }
        return;
    }
    for (size_t i = 0; i < LENGTH(expected); i++) {
        fits = fits || code == expected[i];
    }
    fits = fits || (code == NOTHING_HELD && p->held && o->harmed);
    if (!fits) {
        result_fail(o, "exit status %d", code);
    }
    if (!o->harmed && code != APP_CONSISTENT) {
        result_fail(o, "nothing was done to the run, and its exit status is %d", code);
    }
    if ((code == APP_CONSISTENT || code == FS_CONSISTENT) && !was_at_rest(load, mask)) {
        result_fail(o, "exit status %d, but something was written while the snapshot was taken", code);
    }
}

/* A result on standard output that says the same as the exit status, or a journal record. */
static void told(struct result *o)
{
    static char text[OUTPUT_MAX];
    struct stat journal;
    char said[32];
    read_text(PLACE "/out.json", text, sizeof text);
    bool recorded = stat(QUIESCE_STATE_DIR "/" QUIESCE_JOURNAL, &journal) == 0 && journal.st_size > 0;
    if (o->status == -1 || WIFSIGNALED(o->status)) {
        return;
    }
    snprintf(said, sizeof said, "\"exitStatus\":%d,", WEXITSTATUS(o->status));
    if (text[0] == '\0' && !recorded) {
        result_fail(o, "neither a result nor a journal record");
    } else if (text[0] != '\0' && strstr(text, said) == NULL) {
        result_fail(o, "the exit status is %d, and the result says something else", WEXITSTATUS(o->status));
    }
}

/* ---- the machine ------------------------------------------------------------------------------ */

static void machine(struct result *o)
{
    char now[sizeof expedited_before];
    read_text(EXPEDITED, now, sizeof now);
    if (atoi(now) != atoi(expedited_before)) {
        result_fail(o, "rcu_expedited is %d, and was %d", atoi(now), atoi(expedited_before));
        (void)put_text("/sys/kernel", "rcu_expedited", expedited_before);
    }
    int lock = open(QUIESCE_RUN_DIR "/" QUIESCE_LOCK, O_RDWR | O_CLOEXEC);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0) {
        result_fail(o, "the lock is still held");
    }
    if (lock >= 0) {
        close(lock);
    }
}

void verdict_running(const struct plan *p, struct load *load, uint32_t mask, pid_t beside, struct result *o)
{
    if (o->status == -1) {
        keep_family();
        (void)kill_everything();
    }
    thawed(p, load, mask, o);
    damaged_by_kernel(p, load, mask, o);
    processes(p, beside, o);
}

void verdict(const struct plan *p, const struct load *load, uint32_t mask, struct result *o)
{
    /* "quiesce freeze" is the front until the session has taken over. */
    bool before_session = p->held && p->victim == VICTIM_SNAPSHOT && o->harmed;
    /* Without a descriptor it cannot look into what it has to remove, and says so; the next run does. */
    bool no_descriptor = p->action == ACTION_STARVE && p->no_descriptors && p->victim == VICTIM_FRONT;
    run_cgroups(o->status == -1 || WIFSIGNALED(o->status) || may_be_killed(p, o) || before_session || no_descriptor, o);
    machine(o);
    exit_status(p, load, mask, o);
    told(o);
}
