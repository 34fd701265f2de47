/*
 * quiesce-launcher: starts exactly the verified scripts, sandboxed, and ends
 * their whole trees.
 *
 * Descriptors: 3 socket to the monitor, 4 socket to the supervisor, 5 the run's
 * cgroup v2 directory, 6 and 7 directories of the controllers for processes and for
 * memory, each of them or /dev/null, 8 (opened here) the real root.
 * Runs as a uid of its own in an empty root, behind policy/roles/launcher.json,
 * with SETUID, SETGID, SETPCAP, SYS_ADMIN for the sandbox, SYS_CHROOT to give a
 * hook the real root back, KILL to signal a hook of another uid, and in its
 * permitted set alone what the policies grant: everything the caller had until
 * SEAL, then exactly their union.
 *
 * Its filter stacks with those of the hooks, so it allows by default and kills or
 * refuses only what no hook may do whatever its policy says.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/capset.h"
#include "base/drop.h"
#include "base/fatal.h"
#include "base/plan_check.h"
#include "base/walk.h"
#include "keeper/keeper.h"
#include "launcher/launcher.h"

const char program_name[] = "quiesce-launcher";

static const struct sock_filter role_filter[] = {
#include "filter_launcher.inc"
};

enum { STARTED_FDS = 5 };

static const struct role role = {
    .id = ROLE_LAUNCHER,
    .last_fd = FD_LAUNCHER_LAST,
    .capabilities = 1ull << CAP_SETUID | 1ull << CAP_SETGID | 1ull << CAP_SETPCAP | 1ull << CAP_SYS_ADMIN |
        1ull << CAP_SYS_CHROOT | 1ull << CAP_KILL,
    .passed_on = UINT64_MAX,
    .nofile = ROLE_LIMIT_KEEP, /* hooks inherit hard limits; policies lower them */
    .nproc = ROLE_LIMIT_KEEP,
    .may_write_files = true, .works_frozen = true,
    .filter = role_filter,
    .filter_length = sizeof role_filter / sizeof role_filter[0],
};

/* ---- from the monitor, before SEAL ---------------------------------------------- */

/* Denials become notifications; the keeper answers them with the errno, which stays. */
static void notify_denials(struct policy_plan *policy)
{
    for (uint32_t i = 0; i < policy->filter_length; i++) {
        struct sock_filter *f = &policy->filter[i];
        if (f->code == (BPF_RET | BPF_K) && (f->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
            f->k = SECCOMP_RET_USER_NOTIF | (f->k & SECCOMP_RET_DATA);
        }
    }
}

static void on_policy(void *context, const struct wire_packet *packet)
{
    struct launcher *l = context;
    const struct msg_policy *m = packet->body;
    if (m->index >= PLAN_PLUGINS_MAX || l->policy_loaded[m->index] || !m->plan.head.usable ||
        !plan_valid(DOC_POLICY, &m->plan)) {
        fatal("a POLICY out of its bounds", 0);
    }
    l->policies[m->index] = m->plan;
    l->policy_loaded[m->index] = true;
    l->granted |= m->plan.cap_bounding | m->plan.cap_inheritable | m->plan.cap_ambient;
    notify_denials(&l->policies[m->index]);
}

static void on_hook(void *context, const struct wire_packet *packet)
{
    struct launcher *l = context;
    const struct msg_hook *m = packet->body;
    if (m->slot >= WIRE_HOOKS_MAX || l->hooks[m->slot].loaded || m->policy >= PLAN_PLUGINS_MAX ||
        !l->policy_loaded[m->policy] || m->path[0] != '/') {
        fatal("a HOOK out of its bounds", 0);
    }
    int error = stage_add(m->slot, strrchr(m->path, '/') + 1, packet->fds[0]);
    if (error != 0) {
        fatal("cannot keep a verified script", error);
    }
    (void)close(packet->fds[0]);
    l->hooks[m->slot].spec = *m;
    l->hooks[m->slot].keeper = -1;
    l->hooks[m->slot].loaded = true;
}

/* Nothing more to load: only what the policies grant is kept to be passed on. */
static void on_seal(void *context, const struct wire_packet *packet)
{
    struct launcher *l = context;
    struct capset now = { 0, 0, 0 };
    l->seal = *(const struct msg_seal *)packet->body;
    int error = capset_get(&now);
    now.permitted &= role.capabilities | l->granted;
    error = error != 0 ? error : capset_bound(now.permitted);
    error = error != 0 ? error : capset_set(&now);
    if (error != 0) {
        fatal("cannot narrow capabilities", error);
    }
    l->state = LAUNCHER_SEALED;
}

/* ---- from the supervisor, after SEAL ------------------------------------------------ */

/* Descriptors of a start: what the supervisor gets (READ, as STARTED lists them)
 * and what the keeper gets. */
struct plumbing {
    int read[STARTED_FDS];
    int write[3]; /* report, out, err */
    int cgroup;
};

static int lay_plumbing(const struct launcher *l, uint32_t slot, struct plumbing *p)
{
    static const char *const files[2] = { "cgroup.events", "cgroup.procs" };
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return errno;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (i > 0 && pipe2(pair, O_CLOEXEC) != 0) {
            return errno;
        }
        p->read[i] = pair[0];
        p->write[i] = pair[1];
    }
    if (!l->has_cgroup) {
        return 0;
    }
    p->cgroup = slot_cgroup(slot);
    for (unsigned i = 0; p->cgroup >= 0 && i < 2; i++) {
        p->read[3 + i] = slot_open(slot, files[i], O_RDONLY);
        if (p->read[3 + i] < 0) {
            return -p->read[3 + i];
        }
    }
    return p->cgroup < 0 ? -p->cgroup : 0;
}

static void close_plumbing(const struct plumbing *p)
{
    for (unsigned i = 0; i < STARTED_FDS; i++) {
        (void)close(p->read[i]); /* -1 where there is none */
    }
    for (unsigned i = 0; i < 3; i++) {
        (void)close(p->write[i]);
    }
    (void)close(p->cgroup);
}

static int fork_keeper(const struct launcher *l, struct hook *h, const struct msg_start *m, const struct plumbing *p)
{
    const struct start start = {
        .facts = *m, .hook = &h->spec, .policy = &l->policies[h->spec.policy],
        .run_id = l->seal.run_id, .program_dir = l->seal.program_dir, .root = FD_ROOT, .launcher = FD_SELF,
        .controllers = { FD_PIDS, FD_MEMORY },
        .report = p->write[0], .out = p->write[1], .err = p->write[2], .cgroup = p->cgroup,
    };
    if (!l->has_cgroup) {
        slot_kill(l, m->slot); /* a cgroup would have said that the tree before is still there */
    }
    (void)close(h->keeper); /* of the attempt before, or -1 */
    h->keeper = -1;
    struct clone_args clone = {
        .flags = CLONE_PIDFD | (l->has_cgroup ? 0 : CLONE_NEWPID),
        .pidfd = (uintptr_t)&h->keeper,
        .exit_signal = SIGCHLD,
    };
    long pid = syscall(SYS_clone3, &clone, sizeof clone);
    if (pid == 0) {
        for (unsigned i = 0; i < STARTED_FDS; i++) {
            (void)close(p->read[i]);
        }
        (void)syscall(SYS_close_range, FD_MONITOR, FD_CGROUP, 0); /* the monitor, the supervisor, the cgroups */
        keeper_main(&start);
    }
    return pid < 0 ? errno : 0;
}

static void send_or_die(uint32_t type, const void *body, const int *fds, unsigned count)
{
    int error = wire_send(FD_SUPERVISOR, type, body, fds, count);
    if (error != 0) {
        fatal("cannot answer the supervisor", error);
    }
}

static void on_start(void *context, const struct wire_packet *packet)
{
    struct launcher *l = context;
    const struct msg_start *m = packet->body;
    if (m->slot >= WIRE_HOOKS_MAX || m->attempt == 0 || m->pre_result >= PRE_RESULTS ||
        m->snapshot_result >= SNAPSHOT_RESULTS) {
        fatal("a START out of its bounds", 0);
    }
    struct msg_started answer = { .slot = m->slot, .attempt = m->attempt, .with_cgroup = l->has_cgroup };
    struct plumbing p = { { -1, -1, -1, -1, -1 }, { -1, -1, -1 }, -1 };
    struct hook *h = &l->hooks[m->slot];
    answer.error = h->loaded ? (uint32_t)lay_plumbing(l, m->slot, &p) : ENOENT;
    answer.step = START_CGROUP;
    if (answer.error == 0) {
        answer.step = START_FORK;
        answer.error = (uint32_t)fork_keeper(l, h, m, &p);
    }
    send_or_die(MSG_STARTED, &answer, p.read, answer.error != 0 ? 0 : l->has_cgroup ? STARTED_FDS : 3);
    close_plumbing(&p);
}

static uint32_t checked_slot(const struct wire_packet *packet)
{
    const struct msg_slot *m = packet->body;
    if (m->slot >= WIRE_HOOKS_MAX) {
        fatal("a slot out of its bounds", 0);
    }
    return m->slot;
}

static void on_term(void *context, const struct wire_packet *packet)
{
    slot_term(context, checked_slot(packet));
}

static void on_kill(void *context, const struct wire_packet *packet)
{
    slot_kill(context, checked_slot(packet));
}

/* ---- the loop ------------------------------------------------------------------------ */

static const struct wire_rule rules[] = { LAUNCHER_RULES(WIRE_RULE) };
static wire_handler *const handlers[] = { LAUNCHER_RULES(WIRE_HANDLER) };

/* Monitor or supervisor are gone: no hook outlives a run. */
static _Noreturn void end_run(const struct launcher *l)
{
    for (uint32_t slot = 0; slot < WIRE_HOOKS_MAX; slot++) {
        if (l->hooks[slot].loaded) {
            slot_kill(l, slot);
        }
    }
    _exit(0);
}

int main(void)
{
    static struct launcher launcher; /* large */
    const struct wire_receiver receiver = {
        rules, handlers, sizeof rules / sizeof rules[0], &launcher.buffer, &launcher,
    };
    struct pollfd watched[2] = { { FD_MONITOR, POLLIN, 0 }, { -1, POLLIN, 0 } };
    role_begin();
    (void)umask(0); /* hooks of any uid read what is staged */
    launcher.has_cgroup = slots_prepare();
    stage_prepare();
    if (open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) != FD_ROOT || /* the lowest that is free */
        syscall(SYS_pidfd_open, getpid(), 0) != FD_SELF ||
        syscall(SYS_close_range, FD_MONITOR, FD_MEMORY, CLOSE_RANGE_CLOEXEC) != 0) {
        fatal("cannot lay out descriptors", errno);
    }
    (void)signal(SIGCHLD, SIG_IGN); /* keepers leave nothing behind */
    drop_privileges(&role);
    for (;;) {
        /* What the supervisor asks for waits until all has been loaded. */
        watched[1].fd = launcher.state == LAUNCHER_SEALED ? FD_SUPERVISOR : -1;
        if (poll(watched, 2, -1) < 0 && errno != EINTR) {
            fatal("cannot wait for messages", errno);
        }
        for (unsigned i = 0; i < 2; i++) {
            enum wire_peer peer = i == 0 ? PEER_MONITOR : PEER_SUPERVISOR;
            if (watched[i].revents != 0 && !wire_serve(&receiver, watched[i].fd, peer, launcher.state)) {
                end_run(&launcher);
            }
        }
    }
}
