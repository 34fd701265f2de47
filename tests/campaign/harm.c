/*
 * harm.c - what is done to a run.
 */
#include "campaign.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"

#define FILLER "filler"

bool put_text(const char *directory, const char *name, const char *text)
{
    char path[2 * TEXT_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? write(fd, text, strlen(text)) : -1;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return n >= 0;
}

/* ---- ends of processes ------------------------------------------------------------- */

static bool signal_victim(struct harm *h, int number)
{
    return pidfd_send_signal(h->victim_fd, number, NULL, 0) == 0;
}

bool harm_pause(struct harm *h, bool stops)
{
    int number = stops ? SIGSTOP : SIGCONT;
    bool first = signal_victim(h, number);
    bool second = h->also_fd < 0 || pidfd_send_signal(h->also_fd, number, NULL, 0) == 0;
    return first && second;
}

/* Every cgroup of the run: each kill is one write, from which nobody can run away. */
bool kill_everything(void)
{
    DIR *entries = opendir(cgroups.root);
    bool done = put_text(cgroups.trial, "cgroup.kill", "1");
    if (cgroups.memory_v2 && cgroups.memory[0] != '\0') {
        (void)put_text(cgroups.memory, "cgroup.kill", "1"); /* instead of the trial's own, then */
    }
    for (const struct dirent *e; entries != NULL && (e = readdir(entries)) != NULL;) {
        char name[TEXT_MAX + 32];
        if (strncmp(e->d_name, RUN_CGROUP, sizeof RUN_CGROUP - 1) == 0) {
            snprintf(name, sizeof name, "%s/cgroup.kill", e->d_name);
            (void)put_text(cgroups.root, name, "1"); /* of an earlier run: empty */
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return done;
}

/* ---- memory ------------------------------------------------------------------------- */

enum { HOG_STEP = 1 << 20, HOG_STEPS = 64, HOG_WAIT_MS = 500, UNTOUCHABLE = -1000, FIRST_TO_GO = 1000 };

/* In the cgroup of the run, but never its victim: takes memory until the victim is gone. */
static _Noreturn void eat_memory(int victim_fd)
{
    char own[32];
    snprintf(own, sizeof own, "%d", UNTOUCHABLE);
    bool ready = put_text("/proc/self", "oom_score_adj", own) && put_text(cgroups.memory, "cgroup.procs", "0");
    uint64_t until = clock_monotonic_ns() + HOG_WAIT_MS * NS_PER_MS;
    unsigned steps = 0;
    while (ready && clock_monotonic_ns() < until) {
        struct pollfd end = { .fd = victim_fd, .events = POLLIN };
        if (poll(&end, 1, 0) != 0) {
            break;
        }
        void *more = steps < HOG_STEPS ? mmap(NULL, HOG_STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
        if (more == MAP_FAILED || madvise(more, HOG_STEP, MADV_POPULATE_WRITE) != 0) {
            (void)poll(&end, 1, 1); /* its end is under way */
        }
        steps++;
    }
    _exit(0);
}

static bool exhaust_memory(struct harm *h)
{
    char victim[64], first[32];
    snprintf(victim, sizeof victim, "/proc/%d", (int)h->victim);
    snprintf(first, sizeof first, "%d", FIRST_TO_GO);
    if (!put_text(victim, "oom_score_adj", first)) {
        return false;
    }
    h->hogs[0] = fork();
    if (h->hogs[0] == 0) {
        eat_memory(h->victim_fd);
    }
    return h->hogs[0] > 0;
}

/* ---- processor time and descriptors ----------------------------------------------------- */

enum { FEW_DESCRIPTORS = 8 }; /* as many as a role polls; it has them all */

static _Noreturn void eat_time(void)
{
    for (;;) {
        __asm__ volatile("");
    }
}

/* A role that may run only where nobody else wants to, while there is always somebody;
 * or one that gets no new descriptor. */
static bool starve(struct harm *h)
{
    pid_t role;
    if (h->plan->no_descriptors && h->plan->victim == VICTIM_FRONT && family_children(h->victim, &role, 1) == 0) {
        return false; /* of a front that has started nobody it would be the loader of its libraries, or not even that */
    }
    if (h->plan->no_descriptors) {
        const struct rlimit few = { FEW_DESCRIPTORS, FEW_DESCRIPTORS };
        return prlimit(h->victim, RLIMIT_NOFILE, &few, NULL) == 0;
    }
    const struct sched_param idle = { 0 };
    if (sched_setscheduler(h->victim, SCHED_IDLE, &idle) != 0) {
        return false;
    }
    for (size_t i = 0; i < LENGTH(h->hogs); i++) {
        h->hogs[i] = fork();
        if (h->hogs[i] == 0) {
            eat_time();
        }
    }
    return true;
}

/* ---- disks ------------------------------------------------------------------------------- */

/* Leaves no byte free on the tmpfs of this directory. */
static bool fill(const char *directory)
{
    char path[TEXT_MAX];
    struct statfs facts;
    snprintf(path, sizeof path, "%s/" FILLER, directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    off_t end = 0;
    /* Others take from it meanwhile. */
    while (fd >= 0 && fstatfs(fd, &facts) == 0 && facts.f_bavail > 0) {
        off_t more = (off_t)facts.f_bavail * (off_t)facts.f_bsize;
        end += posix_fallocate(fd, end, more) == 0 ? more : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static void empty(const char *directory)
{
    char path[TEXT_MAX];
    snprintf(path, sizeof path, "%s/" FILLER, directory);
    (void)unlink(path);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool at_once(struct harm *h)
{
    switch (h->plan->action) {
    case ACTION_RECOVER:
    case ACTION_WAITING:
        return kill_everything();
    case ACTION_FULL:
        return fill(QUIESCE_STATE_DIR) && fill(QUIESCE_RUN_DIR);
    case ACTION_DEVICE:
        return fill(PLACE "/device");
    case ACTION_KILL:
        return signal_victim(h, SIGKILL);
    case ACTION_PAUSE:
        if (harm_pause(h, true)) {
            return true;
        }
        (void)harm_pause(h, false); /* one is gone: the other is not to be left stopped */
        return false;
    case ACTION_STOP:
        return signal_victim(h, SIGSTOP);
    case ACTION_MEMORY:
        return exhaust_memory(h);
    case ACTION_STARVE:
        return starve(h);
    case ACTION_SIGNAL:
        for (int i = 0; i < h->plan->signals; i++) {
            if (!signal_victim(h, h->plan->signal)) {
                return false;
            }
        }
        return true;
    case ACTION_NONE:
    case ACTIONS:
    default:
        return true;
    }
}

static void forget_victims(struct harm *h)
{
    int *const fds[] = { &h->victim_fd, &h->also_fd };
    for (size_t i = 0; i < LENGTH(fds); i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
        }
        *fds[i] = -1;
    }
}

bool harm_find(struct harm *h, pid_t front)
{
    bool both = h->plan->also != VICTIM_NOBODY;
    h->victim = family_find(front, h->plan->victim, h->plan->held);
    h->victim_fd = h->victim != 0 ? pidfd_open(h->victim, 0) : -1;
    pid_t also = both ? family_find(front, h->plan->also, h->plan->held) : 0;
    h->also_fd = also != 0 ? pidfd_open(also, 0) : -1;
    if (h->victim_fd < 0 || (both && h->also_fd < 0)) {
        forget_victims(h);
        return false;
    }
    return true;
}

bool harm_do(struct harm *h, pid_t front, struct load *load)
{
    if (h->victim_fd < 0 && h->plan->victim <= VICTIM_ALL && !harm_find(h, front)) {
        return false;
    }
    uint64_t now = clock_monotonic_ns();
    atomic_store(&load->marked_ns, now);
    if (!at_once(h)) {
        atomic_store(&load->marked_ns, 0);
        forget_victims(h);
        return false;
    }
    h->done_ns = now;
    return true;
}

void harm_release(struct harm *h)
{
    for (size_t i = 0; i < LENGTH(h->hogs); i++) {
        if (h->hogs[i] > 0) {
            (void)kill(h->hogs[i], SIGKILL); /* a child that nobody else waits for */
            (void)waitpid(h->hogs[i], NULL, 0);
            h->hogs[i] = 0;
        }
    }
    if (h->done_ns != 0 && h->plan->action == ACTION_PAUSE) {
        (void)harm_pause(h, false);
    }
    if (h->done_ns != 0 && h->plan->action == ACTION_STOP) {
        (void)signal_victim(h, h->plan->kills_stopped ? SIGKILL : SIGCONT);
    }
}

void harm_end(struct harm *h)
{
    harm_release(h);
    forget_victims(h);
    empty(QUIESCE_STATE_DIR);
    empty(QUIESCE_RUN_DIR);
    empty(PLACE "/device");
}
