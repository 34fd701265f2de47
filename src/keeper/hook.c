/*
 * The hook, from its clone to its script: everything is given up here.
 *
 * Order, and why:
 *   limits                a v1 cgroup is joined by the launcher's uid, whose it is
 *   session, descriptors  harmless, and may fail
 *   rlimits               hard limits only ever go down
 *   groups, ids           need SETGID, SETUID; the parent-death signal is cleared
 *                         by a change of uid, so it is set after it
 *   capabilities          ambient needs permitted and inheritable; securebits need
 *                         SETPCAP; the last capset leaves what the policy grants
 *   Landlock              signals and abstract sockets stay within the hook
 *   seccomp               last: the policy need not allow any of the above
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/capset.h"
#include "base/drop.h"
#include "keeper/keeper.h"
#include "keeper/limits.h"

static int set_stdio(const struct start *s)
{
    (void)close(s->cgroup); /* the keeper's too: the last directory in their table (keeper.c) */
    (void)umask(022);
    return setsid() < 0 || dup2(s->out, STDOUT_FILENO) < 0 || dup2(s->err, STDERR_FILENO) < 0 || chdir("/") != 0
        ? errno : 0;
}

static int set_rlimits(const struct start *s)
{
    for (uint32_t i = 0; i < s->policy->rlimits_count; i++) {
        const struct policy_rlimit *r = &s->policy->rlimits[i];
        struct rlimit now;
        if (getrlimit((int)r->resource, &now) != 0) {
            return errno;
        }
        /* Without CAP_SYS_RESOURCE a hard limit cannot go up: the lower one holds. */
        rlim_t hard = r->hard < now.rlim_max ? r->hard : now.rlim_max;
        struct rlimit limit = { r->soft < hard ? r->soft : hard, hard };
        if (setrlimit((int)r->resource, &limit) != 0) {
            return errno;
        }
    }
    return setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) != 0 ? errno : 0;
}

static int set_ids(const struct start *s, const struct handover *handover)
{
    const struct msg_hook *h = s->hook;
    if (setgroups(h->groups_count, h->groups) != 0 || setresgid(h->gid, h->gid, h->gid) != 0 ||
        setresuid(h->uid, h->uid, h->uid) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return errno;
    }
    return getppid() != handover->keeper ? ESRCH : 0;
}

static int set_capabilities(const struct policy_plan *p)
{
    const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
        SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    const uint64_t first = p->cap_ambient | p->cap_inheritable | 1ull << CAP_SETPCAP;
    int error = capset_set(&(struct capset){ first, first, p->cap_inheritable });
    error = error != 0 ? error : capset_raise_ambient(p->cap_ambient);
    error = error != 0 ? error : capset_bound(p->cap_bounding);
    if (error == 0 && prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0) {
        error = errno;
    }
    return error != 0 ? error : capset_set(&(struct capset){ p->cap_ambient, p->cap_ambient, p->cap_inheritable });
}

/* Landlock may be missing; then the layer is not reported. */
static int set_landlock(struct handover *handover)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return errno;
    }
    int error = landlock_scope();
    if (error == ENOSYS || error == EOPNOTSUPP) {
        handover->layers &= ~(1u << START_LANDLOCK);
        return 0;
    }
    return error;
}

static int set_seccomp(const struct start *s, struct handover *handover)
{
    struct sock_fprog program = {
        (unsigned short)s->policy->filter_length, (struct sock_filter *)(uintptr_t)s->policy->filter,
    };
    handover->listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return handover->listener < 0 ? errno : 0;
}

void hook_main(const struct start *s, const struct environment *e, struct handover *h)
{
    int error = limits_join(h->limits);
    h->step = START_LIMITS;
    for (uint32_t step = START_STDIO; error == 0 && step <= START_SECCOMP; step++) {
        h->step = step;
        h->layers |= 1u << step;
        error = step == START_STDIO ? set_stdio(s)
            : step == START_RLIMIT ? set_rlimits(s)
            : step == START_IDS ? set_ids(s, h)
            : step == START_CAPABILITIES ? set_capabilities(s->policy)
            : step == START_LANDLOCK ? set_landlock(h) : set_seccomp(s, h);
    }
    if (error == 0) {
        h->step = START_EXEC;
        (void)execve(e->executed, e->argv, e->envp);
        if (errno == ENOEXEC) { /* no "#!" line */
            (void)execve("/bin/sh", e->shell_argv, e->envp);
        }
        error = errno;
    }
    h->error = (uint32_t)error;
}
