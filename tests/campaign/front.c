/*
 * front.c - starting a run, and what undoes one.
 */
#include "sight.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

bool front_configure(const struct plan *p)
{
    FILE *out = fopen(PLACE "/plugin.json", "we");
    if (out == NULL) {
        return false;
    }
    fprintf(out, "{\"preScriptLocation\": \"" PLACE "/pre\", \"postScriptLocation\": \"" PLACE "/post\", \"preScriptParams\": "
            "[\"%u\", \"%d\"], \"postScriptParams\": [\"%u\", \"%s\"], \"timeoutInSeconds\": 5, \"preScriptNoOfRetries\": %d, "
            "\"quiesce\": {\"killGraceSeconds\": 0}}\n", p->pre_us, p->leaves, p->post_us,
            p->action == ACTION_PAUSE || p->action == ACTION_NONE ? "write" : "pause", (int)(p->number % 2));
    bool done = fchmod(fileno(out), 0600) == 0;
    return fclose(out) == 0 && done;
}

static _Noreturn void become_front(const struct settings *s, const struct plan *p, const struct load *load, int errors)
{
    static char mounts[STORES_MAX][TEXT_MAX];
    char timeout[16], hold[16];
    const char *argv[64];
    unsigned n = 0;
    sigset_t none;
    snprintf(timeout, sizeof timeout, "%u", p->timeout_s);
    snprintf(hold, sizeof hold, "%u", p->hold_us);
    const char *const run[] = { s->quiesce, "run" }, *const held[] = { PLACE "/campaign-actor", "held", hold, s->quiesce, "freeze" };
    const char *const begin[] = { "--json", "--config", PLACE "/plugin.json", "--freeze-timeout", timeout,
                                  "--allow-crash-consistent", "never" };
    for (size_t i = 0; i < (p->held ? LENGTH(held) : LENGTH(run)); i++) {
        argv[n++] = p->held ? held[i] : run[i];
    }
    for (size_t i = 0; i < LENGTH(begin); i++) {
        argv[n++] = begin[i];
    }
    uint32_t mask = stores_of(p);
    for (uint32_t i = 0; i < load->count; i++) {
        if ((mask >> i & 1) != 0) {
            snprintf(mounts[i], sizeof mounts[i], MOUNTS "/%s", load->writers[i].name);
            argv[n++] = "--mount";
            argv[n++] = mounts[i];
        }
    }
    const char *const end[] = { "--", PLACE "/campaign-actor", "snapshot", hold };
    for (size_t i = 0; i < LENGTH(end) && !p->held; i++) {
        argv[n++] = end[i];
    }
    argv[n] = NULL;
    if (p->action == ACTION_MEMORY && !put_text(cgroups.memory, "cgroup.procs", "0")) {
        _exit(125);
    }
    int input = open("/dev/null", O_RDONLY), output = open(PLACE "/out.json", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setsid();
    if (input < 0 || output < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0
        || close_range(3, ~0u, 0) != 0) {
        _exit(125);
    }
    char weaken[TEXT_MAX] = "";
    snprintf(weaken, sizeof weaken, "QUIESCE_WEAKEN=%s", s->weaken != NULL ? s->weaken : "");
    char *const environment[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, s->weaken != NULL ? weaken : NULL, NULL };
    execve(argv[0], (char *const *)(uintptr_t)argv, environment);
    _exit(125);
}

bool front_start(struct sight *sight, const struct settings *s, const struct plan *p, const struct load *load)
{
    int ends[2] = { -1, -1 }, group = open(cgroups.trial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group < 0 || pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        return false;
    }
    struct clone_args how = { .flags = CLONE_INTO_CGROUP | CLONE_PIDFD, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group,
                              .pidfd = (uint64_t)(uintptr_t)&sight->front_fd };
    sight->began_ns = clock_monotonic_ns();
    sight->front = (pid_t)syscall(SYS_clone3, &how, sizeof how);
    if (sight->front == 0) {
        become_front(s, p, load, ends[1]);
    }
    close(group);
    close(ends[1]);
    sight->lines = ends[0];
    return sight->front > 0;
}

pid_t front_recover(const struct settings *s, bool waits)
{
    sigset_t all, before, none;
    sigfillset(&all);
    sigemptyset(&none);
    /* A SIGTERM that ends it may come before it has executed anything: our handler must not have it. */
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        (void)signal(SIGTERM, SIG_DFL);
        (void)signal(SIGINT, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        int log = open(PLACE "/recover.log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) {
            _exit(125);
        }
        (void)setsid();
        execl(s->quiesce, s->quiesce, "recover", waits ? "--wait" : NULL, NULL);
        _exit(125);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}
