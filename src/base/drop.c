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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fatal.h"

enum { CAPABILITIES_MAX = 63 };

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
};

void close_above(unsigned last_fd)
{
    if (syscall(SYS_close_range, last_fd + 1, ~0u, 0) != 0) {
        fatal("cannot close inherited descriptors", errno);
    }
}

int landlock_scope(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_VERSION);
    if (abi < LANDLOCK_ABI_SCOPE) {
        return abi < 0 ? errno : EOPNOTSUPP;
    }
    struct landlock_ruleset_scope rules = { .scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX | LANDLOCK_SCOPE_SIGNALS };
    long fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (fd < 0) {
        return errno;
    }
    int error = syscall(SYS_landlock_restrict_self, (int)fd, 0) != 0 ? errno : 0;
    (void)close((int)fd);
    return error;
}

static void enter_empty_root(void)
{
    if (fchdir(ROLE_FD_EMPTY_ROOT) != 0 || chroot(".") != 0) {
        fatal("cannot enter the empty root", errno);
    }
    (void)close(ROLE_FD_EMPTY_ROOT);
}

static void set_bounding(uint64_t keep)
{
    for (unsigned cap = 0; cap <= CAPABILITIES_MAX; cap++) {
        if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0) {
            return; /* the kernel's last capability has been passed */
        }
        if ((keep >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            fatal("cannot drop from the bounding set", errno);
        }
    }
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

static void set_capabilities(uint64_t keep)
{
    /* capset may only take away from the permitted set; securebits need SETPCAP once more. */
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    uint64_t with_setpcap = keep | 1ull << CAP_SETPCAP;
    const uint64_t steps[2] = { with_setpcap, keep };
    for (unsigned i = 0; i < 2; i++) {
        struct __user_cap_data_struct data[2] = {
            { (uint32_t)steps[i], (uint32_t)steps[i], 0 },
            { (uint32_t)(steps[i] >> 32), (uint32_t)(steps[i] >> 32), 0 },
        };
        if (syscall(SYS_capset, &header, data) != 0) {
            fatal("cannot set capabilities", errno);
        }
        const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
            SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
        if (i == 0 && (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
                       prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0)) {
            fatal("cannot lock securebits", errno);
        }
    }
}

/* That something is denied is worth nothing unless it was tried. */
static void prove_ids(uint32_t id, uint64_t capabilities)
{
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
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    if (syscall(SYS_capget, &header, data) != 0) {
        fatal("cannot read capabilities", errno);
    }
    uint64_t permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    uint64_t effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    if (permitted != capabilities || effective != capabilities || (data[0].inheritable | data[1].inheritable) != 0) {
        fatal("capabilities are not those of the role", 0);
    }
}

static void set_limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit limit = { value, value };
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

void drop_privileges(const struct role *role)
{
    uint32_t id = QUIESCE_BASE_UID + (uint32_t)role->id;
    if (syscall(SYS_close_range, role->last_fd + 1, ROLE_FD_EMPTY_ROOT - 1, 0) != 0) {
        fatal("cannot close inherited descriptors", errno);
    }
    close_above(ROLE_FD_EMPTY_ROOT);
    if (role->lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        fatal("cannot lock memory", errno);
    }
    enter_empty_root();
    set_bounding(role->bounding);
    set_ids(id);
    set_capabilities(role->capabilities);
    prove_ids(id, role->capabilities);

    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, role->nofile);
    set_limit(RLIMIT_NPROC, role->nproc);
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
    load_filter(role);
}
