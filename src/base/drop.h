/*
 * drop.h - how a role gives up what it was started with.
 */
#ifndef QUIESCE_DROP_H
#define QUIESCE_DROP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* Numeric ids of the roles: QUIESCE_BASE_UID (a build setting, in the range that
 * systemd reserves for dynamic users) plus these. */
_Static_assert(QUIESCE_BASE_UID % 8 == 0, "policy/roles/launcher.json closes a block of eight uids to hooks");
enum role_id {
    ROLE_MONITOR, ROLE_GUARDIAN, ROLE_PARSER, ROLE_SUPERVISOR, ROLE_LAUNCHER,
    ROLES,              /* of a run */
    ROLE_POLICY = ROLES /* quiesce-policy, which is part of no run */
};

/* Fixed descriptors of every role; between them lie its own. */
enum {
    ROLE_FD_NULL_IN = 0,  /* /dev/null */
    ROLE_FD_NULL_OUT = 1, /* /dev/null */
    ROLE_FD_LOG = 2,      /* pipe to the front, which prints its lines */
    ROLE_FD_CONTROL = 3,  /* socket to the process that started it */
    ROLE_FD_EMPTY_ROOT = 15, /* empty read-only tmpfs without a path; closed by the drop */
};

#define ROLE_LIMIT_KEEP UINT32_MAX /* the caller's limit stays */

struct role {
    enum role_id id;
    unsigned last_fd;       /* descriptors 0..last_fd are kept */
    uint64_t capabilities;  /* permitted and effective after the drop, bit n = capability n */
    uint64_t passed_on;     /* permitted and bounding as far as the caller has them, not effective:
                             * what hooks may be given; then ambient capabilities may be raised */
    uint32_t nofile, nproc; /* RLIMIT_NOFILE, RLIMIT_NPROC, or ROLE_LIMIT_KEEP */
    uint32_t memory;        /* RLIMIT_AS, bytes; 0: the caller's limit stays */
    bool may_write_files;   /* false: RLIMIT_FSIZE 0 */
    bool works_frozen;      /* it works while file systems are frozen: its memory is locked */
    bool lock_code;         /* all of the program is in memory before it is needed */
    const struct sock_filter *filter;
    unsigned short filter_length;
};

/* The first call of a role: unless descriptor 3 is a message socket, nobody of us
 * has started this program; says so and ends with status 64. */
void role_begin(void);

/*
 * Turns a process that was just executed with the caller's rights into a role.
 * Everything that fails is fatal.  After it returns the process has the uid and
 * gid of the role, no supplementary groups, exactly the capabilities given, an
 * empty root, locked securebits, no_new_privs, dumpable 0 and its filter.
 */
void drop_privileges(const struct role *role);

/*
 * The part of drop_privileges() that needs no fixed descriptors, locks no memory,
 * changes no root and loads no filter: for quiesce-policy, which loads the filters
 * that it tests.  Needs CAP_SETUID, CAP_SETGID and CAP_SETPCAP.
 */
void drop_ids(const struct role *role);

/* Restricts signals and abstract sockets to this process's own Landlock domain.
 * Returns 0, or the errno where the kernel lacks it (ENOSYS, EOPNOTSUPP). */
int landlock_scope(void);

/* The same, and no file can be opened by path, no TCP port bound or connected to:
 * as much of it as the kernel has.  Needs no privilege but no_new_privs.
 * Returns 0, or the errno where the kernel has no Landlock (ENOSYS, EOPNOTSUPP). */
int landlock_isolate(void);

#endif
