/*
 * The one function that takes a role's rights away.
 *
 * MUST be called after the exec and before the first byte from outside is read.
 * MUST NOT return unless every step held.
 *
 * Order, and why:
 *   descriptors  first, so that nothing inherited survives a later failure
 *   memory lock  needs CAP_IPC_LOCK
 *   root         needs CAP_SYS_CHROOT; after it no path leads anywhere
 *   bounding     needs CAP_SETPCAP
 *   groups, ids  need CAP_SETGID, CAP_SETUID; KEEPCAPS carries the permitted set over
 *   securebits   need CAP_SETPCAP, so before the last capset
 *   capset       exactly the role's set, ambient and inheritable empty
 *   proof        the old ids cannot come back
 *   rlimits      lowered, hard and soft
 *   dumpable     again 0: setresuid already did it, an exec would have undone it
 *   filter       last, since it forbids all of the above
 */
#include "base/drop.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/capset.h"
#include "base/fatal.h"
#include "quiesce/outcome.h"

/* Landlock's interface as of ABI 6 (Documentation/userspace-api/landlock.rst);
 * Debian 12's headers are older. */
struct landlock_ruleset_scope {
    uint64_t handled_access_fs, handled_access_net, scoped;
};
enum {
    LANDLOCK_CREATE_VERSION = 1,
    LANDLOCK_ABI_SCOPE = 6,
    LANDLOCK_SCOPE_ABSTRACT_UNIX = 1,
    LANDLOCK_SCOPE_SIGNALS = 2,
    LANDLOCK_NET_BIND = 1,
    LANDLOCK_NET_CONNECT = 2,
};

static void close_above(unsigned last_fd)
{
    if (syscall(SYS_close_range, last_fd + 1, ~0u, 0) != 0) {
        fatal("cannot close inherited descriptors", errno);
    }
}

static int restrict_self(const struct landlock_ruleset_scope *rules)
{
    long fd = syscall(SYS_landlock_create_ruleset, rules, sizeof *rules, 0);
    if (fd < 0) {
        return errno;
    }
    int error = syscall(SYS_landlock_restrict_self, (int)fd, 0) != 0 ? errno : 0;
    (void)close((int)fd);
    return error;
}

int landlock_scope(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_VERSION);
    if (abi < LANDLOCK_ABI_SCOPE) {
        return abi < 0 ? errno : EOPNOTSUPP;
    }
    return restrict_self(&(struct landlock_ruleset_scope){ .scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX | LANDLOCK_SCOPE_SIGNALS });
}

int landlock_isolate(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_VERSION);
    if (abi < 0) {
        return errno;
    }
    /* One right more in each ABI up to the fifth but the fourth, which has those of TCP. */
    unsigned rights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
    return restrict_self(&(struct landlock_ruleset_scope){
        .handled_access_fs = (1ull << rights) - 1,
        .handled_access_net = abi >= 4 ? LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT : 0,
        .scoped = abi >= LANDLOCK_ABI_SCOPE ? LANDLOCK_SCOPE_ABSTRACT_UNIX | LANDLOCK_SCOPE_SIGNALS : 0,
    });
}

void role_begin(void)
{
    static const char how[] = ": started by quiesce only\n";
    int type = 0;
    socklen_t length = sizeof type;
    if (getsockopt(ROLE_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) {
        bool said = write(STDERR_FILENO, program_name, strlen(program_name)) > 0 &&
            write(STDERR_FILENO, how, sizeof how - 1) > 0;
        _exit(said ? EXIT_USAGE : EXIT_INTERNAL);
    }
}

extern const char __executable_start[], etext[]; /* the linker's, end(3) */

/* The code is read in and locked now: its disk may be frozen or suspended when it is
 * needed.  All else is locked as it is touched; zero pages need no disk. */
static void lock_memory(const struct role *role)
{
    size_t length = (size_t)((uintptr_t)etext - (uintptr_t)__executable_start);
    if (mlockall(MCL_CURRENT | MCL_ONFAULT) != 0 || (role->lock_code && mlock(__executable_start, length) != 0)) {
        fatal("cannot lock memory", errno);
    }
}

static void enter_empty_root(void)
{
    if (fchdir(ROLE_FD_EMPTY_ROOT) != 0 || chroot(".") != 0) {
        fatal("cannot enter the empty root", errno);
    }
    (void)close(ROLE_FD_EMPTY_ROOT);
}

static void set_ids(uint32_t id)
{
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
        fatal("cannot keep capabilities", errno);
    }
    if (setgroups(0, NULL) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0) {
        fatal("cannot change ids", errno);
    }
}

/* What of passed_on this process has to pass on. */
static uint64_t inherited(const struct role *role)
{
    struct capset now;
    int error = capset_get(&now);
    if (error != 0) {
        fatal("cannot read capabilities", error);
    }
    return role->passed_on & now.permitted;
}

static void set_capabilities(const struct role *role, uint64_t passed_on)
{
    unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
        SECBIT_KEEP_CAPS_LOCKED;
    if (role->passed_on == 0) {
        bits |= SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    }
    /* Securebits need SETPCAP in the effective set, which the change of uid has emptied. */
    const uint64_t with_setpcap = role->capabilities | passed_on | 1ull << CAP_SETPCAP;
    int error = capset_set(&(struct capset){ with_setpcap, with_setpcap, 0 });
    if (error != 0) {
        fatal("cannot set capabilities", error);
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0) {
        fatal("cannot lock securebits", errno);
    }
    error = capset_set(&(struct capset){ role->capabilities | passed_on, role->capabilities, 0 });
    if (error != 0) {
        fatal("cannot set capabilities", error);
    }
}

/* That something is denied is worth nothing unless it was tried. */
static void prove(const struct role *role, uint32_t id, uint64_t passed_on)
{
    const uint64_t capabilities = role->capabilities;
    uid_t uids[3];
    gid_t gids[3];
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 || getresgid(&gids[0], &gids[1], &gids[2]) != 0) {
        fatal("cannot read ids", errno);
    }
    for (unsigned i = 0; i < 3; i++) {
        if (uids[i] != id || gids[i] != id) {
            fatal("ids are not those of the role", 0);
        }
    }
    if (getgroups(0, NULL) != 0) {
        fatal("supplementary groups are left", 0);
    }
    if ((capabilities >> CAP_SETUID & 1) == 0 && (setresuid(0, 0, 0) == 0 || setuid(0) == 0)) {
        fatal("uid 0 came back", 0);
    }
    if ((capabilities >> CAP_SETGID & 1) == 0 && (setresgid(0, 0, 0) == 0 || setgid(0) == 0)) {
        fatal("gid 0 came back", 0);
    }
    struct capset now = { 0, 0, 0 };
    int error = capset_get(&now);
    if (error != 0 || now.permitted != (capabilities | passed_on) || now.effective != capabilities ||
        now.inheritable != 0) {
        fatal("capabilities are not those of the role", error);
    }
}

static void set_limit(int resource, uint32_t value)
{
    struct rlimit limit = { value, value };
    if (value == ROLE_LIMIT_KEEP) {
        return;
    }
    if (setrlimit(resource, &limit) != 0) {
        fatal("cannot set a resource limit", errno);
    }
}

static void load_filter(const struct role *role)
{
    struct sock_fprog program = { role->filter_length, (struct sock_filter *)(uintptr_t)role->filter };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        fatal("cannot load the seccomp filter", errno);
    }
}

void drop_ids(const struct role *role)
{
    uint32_t id = QUIESCE_BASE_UID + (uint32_t)role->id;
    const uint64_t passed_on = inherited(role);
    int bound = capset_bound(role->capabilities | passed_on);
    if (bound != 0) {
        fatal("cannot drop from the bounding set", bound);
    }
    set_ids(id);
    set_capabilities(role, passed_on);
    prove(role, id, passed_on);

    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, role->nofile);
    set_limit(RLIMIT_NPROC, role->nproc);
    set_limit(RLIMIT_AS, role->memory != 0 ? role->memory : ROLE_LIMIT_KEEP);
    if (!role->may_write_files) {
        set_limit(RLIMIT_FSIZE, 0);
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fatal("cannot set dumpable and no_new_privs", errno);
    }
    int error = landlock_scope();
    if (error != 0 && error != ENOSYS && error != EOPNOTSUPP) {
        fatal("cannot enter the Landlock scope", error);
    }
}

void drop_privileges(const struct role *role)
{
    if (syscall(SYS_close_range, role->last_fd + 1, ROLE_FD_EMPTY_ROOT - 1, 0) != 0) {
        fatal("cannot close inherited descriptors", errno);
    }
    close_above(ROLE_FD_EMPTY_ROOT);
    if (role->works_frozen) {
        lock_memory(role);
    }
    enter_empty_root();
    drop_ids(role);
    load_filter(role);
}
