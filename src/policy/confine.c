#include "policy/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/capset.h"
#include "base/drop.h"
#include "base/fatal.h"
#include "base/policy_job.h"

enum {
    CHILD_MEMORY_MAX = 64 * 1024 * 1024, /* as of the parser's children */
    CHILD_CPU_SECONDS = 5,
    CHILD_WAIT_MS = 60000, /* a child that sleeps uses no CPU time */
    FILE_BYTES_MAX = 16 * POLICY_OUTPUT_MAX,
};

static const struct sock_filter parser_filter[] = {
#include "filter_parser.inc"
};

/* At most this much; the caller may have less, which nobody without rights can raise. */
static void limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) {
        fatal("cannot read a limit", errno);
    }
    now.rlim_max = now.rlim_max < value ? now.rlim_max : value;
    now.rlim_cur = now.rlim_max;
    if (setrlimit(resource, &now) != 0) {
        fatal("cannot set a limit", errno);
    }
}

/* ---- this process ----------------------------------------------------------------- */

/* A directory that is removed already: nothing is in it, and nothing can be put there.
 * It needs no mount, so that it works in a container. */
static void enter_empty_root(void)
{
    char path[] = "/tmp/quiesce-XXXXXX";
    int fd = mkdtemp(path) != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0 || rmdir(path) != 0) {
        fatal("cannot make an empty directory in /tmp", errno);
    }
    if (fchdir(fd) != 0 || chroot(".") != 0) {
        fatal("cannot enter the empty root", errno);
    }
    (void)close(fd);
}

/* Root of a user namespace that has no other ids, where groups cannot be given up, is
 * somebody else outside of it. */
static bool may_drop(void)
{
    const uint64_t needed = 1ull << CAP_SETUID | 1ull << CAP_SETGID | 1ull << CAP_SETPCAP | 1ull << CAP_SYS_CHROOT;
    struct capset now;
    int error = capset_get(&now);
    if (error != 0) {
        fatal("cannot read capabilities", error);
    }
    return (now.effective & needed) == needed && setgroups(0, NULL) == 0;
}

void confine_self(unsigned last_fd)
{
    static const struct role role = {
        .id = ROLE_POLICY, .nofile = POLICY_FD_FIRST + POLICY_FILES_MAX + 32, .nproc = 512, .may_write_files = true,
    };
    if (syscall(SYS_close_range, last_fd + 1, ~0u, 0) != 0) {
        fatal("cannot close inherited descriptors", errno);
    }
    if (may_drop()) {
        enter_empty_root();
        drop_ids(&role);
    } else {
        int error = capset_set(&(struct capset){ 0, 0, 0 });
        if (error != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
            fatal("cannot give up rights", error != 0 ? error : errno);
        }
        limit(RLIMIT_CORE, 0);
    }
    limit(RLIMIT_FSIZE, FILE_BYTES_MAX);
    int error = landlock_isolate();
    if (error != 0 && error != ENOSYS && error != EOPNOTSUPP) {
        fatal("cannot enter a Landlock domain", error);
    }
    /* After the change of ids, which clears it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        fatal("cannot tie this process to its parent", errno);
    }
}

/* ---- children ------------------------------------------------------------------------ */

/* libseccomp, in the parser's filter, takes the descriptors 0 and 1 for itself. */
static _Noreturn void child(confined_work *work, const void *context, void *shared)
{
    const struct sock_fprog program = { sizeof parser_filter / sizeof *parser_filter,
                                        (struct sock_filter *)(uintptr_t)parser_filter };
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        fatal("cannot confine a child", errno);
    }
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_AS, CHILD_MEMORY_MAX);
    limit(RLIMIT_CPU, CHILD_CPU_SECONDS);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        fatal("cannot load the parser's filter", errno);
    }
    work(shared, context);
    /* Not _exit(3): before a function that does not return, a sanitizer makes calls of its own. */
    for (;;) {
        (void)syscall(SYS_exit_group, 0);
    }
}

/* Waits until the child has ended, at most CHILD_WAIT_MS.  Returns its wait status, or -1. */
static int wait_for(pid_t pid)
{
    int status = -1;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd end = { .fd = pidfd, .events = POLLIN };
    int ready;
    do {
        ready = poll(&end, 1, CHILD_WAIT_MS);
    } while (ready < 0 && errno == EINTR);
    if (pidfd < 0 || ready <= 0) {
        (void)kill(pid, SIGKILL);
    }
    if (pidfd >= 0) {
        (void)close(pidfd);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

static void say_ending(const char *name, int status)
{
    const char *signal = status != -1 && WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    if (signal != NULL) {
        fprintf(stderr, "%s: the process that reads it was ended by SIG%s%s\n", name, signal,
                WTERMSIG(status) == SIGXCPU  ? ": it takes too long"
                : WTERMSIG(status) == SIGSYS ? ": it did what reading does not need"
                                             : "");
    } else {
        fprintf(stderr, "%s: the process that reads it failed (wait status %d)\n", name, status);
    }
}

int confined_run(const char *name, confined_work *work, const void *context, void *answer, size_t size)
{
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)fflush(NULL);
    pid_t pid = shared != MAP_FAILED ? fork() : -1;
    if (pid == 0) {
        child(work, context, shared);
    }
    if (pid < 0) {
        fprintf(stderr, "%s: it cannot be read: %s\n", name, strerror(errno));
    }
    int status = pid > 0 ? wait_for(pid) : -1;
    if (pid > 0 && status != 0) {
        say_ending(name, status);
    }
    if (status == 0) {
        /* A copy: what is checked must not change any more. */
        memcpy(answer, shared, size);
    }
    if (shared != MAP_FAILED) {
        (void)munmap(shared, size);
    }
    return status == 0 ? 0 : -1;
}
