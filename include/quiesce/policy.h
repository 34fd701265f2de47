/*
 * policy.h - a hook policy after compilation: what the launcher applies.
 *
 * The same structure is DOC_POLICY's answer and, behind a header, the content
 * of a compiled policy file.  No field needs a parser to be used.
 */
#ifndef QUIESCE_POLICY_H
#define QUIESCE_POLICY_H

#include <linux/filter.h>

#include "quiesce/plan.h"

enum {
    POLICY_RLIMITS_MAX = 16,  /* RLIM_NLIMITS of Linux */
    POLICY_PATHS_MAX = 48,    /* read-only, masked and tmpfs paths together */
    POLICY_PATHS_TEXT_MAX = 8192,
    POLICY_FILTER_MAX = 4096, /* BPF_MAXINSNS: the kernel takes no more */
};

enum policy_flag {
    POLICY_READONLY_ROOT = 1u << 0,   /* root.readonly: everything but policy tmpfs and /tmp */
    POLICY_FORBID_SURVIVORS = 1u << 1,/* annotation org.quiesce.survivors = forbid */
    POLICY_HAS_USER = 1u << 2,        /* process.user given */
    POLICY_NEW_NET = 1u << 3,         /* linux.namespaces of type network, ipc, uts */
    POLICY_NEW_IPC = 1u << 4,
    POLICY_NEW_UTS = 1u << 5,
    POLICY_FLAGS = (1u << 6) - 1,
};

struct policy_rlimit {
    uint32_t resource; /* RLIMIT_* of the native ABI, 0..15 */
    uint32_t reserved;
    uint64_t soft, hard;
};

/* linux.resources; 0: no limit. */
struct policy_limits {
    uint64_t pids;        /* processes and threads together, 1..POLICY_PIDS_MAX */
    uint64_t memory;      /* bytes, POLICY_MEMORY_MIN..POLICY_MEMORY_MAX */
    uint64_t swap;        /* bytes of memory and swap together, from memory to POLICY_MEMORY_MAX */
    uint64_t reservation; /* bytes, at most memory where that is given */
};
#define POLICY_PIDS_MAX 4194304u /* PID_MAX_LIMIT of Linux */
#define POLICY_MEMORY_MIN (UINT64_C(1) << 20) /* no script starts with less */
#define POLICY_MEMORY_MAX (UINT64_C(1) << 50)

enum policy_path_kind { PATH_READONLY, PATH_MASKED, PATH_TMPFS, POLICY_PATH_KINDS };

struct policy_path {
    uint32_t kind;   /* enum policy_path_kind */
    uint32_t offset; /* into paths_text; an absolute path with its NUL; absent paths are passed over */
};

/* DOC_POLICY */
struct policy_plan {
    struct plan_head head;
    uint32_t flags; /* enum policy_flag */
    uint32_t uid, gid;
    uint32_t groups_count;
    uint32_t groups[PLAN_GROUPS_MAX];
    /* Capability sets, bit n = capability n of capability(7).  permitted and
     * effective of a hook are its ambient set: a script's interpreter has no
     * file capabilities and SECBIT_NOROOT is locked, so nothing else can be. */
    uint64_t cap_bounding, cap_inheritable, cap_ambient;
    uint32_t rlimits_count;
    struct policy_rlimit rlimits[POLICY_RLIMITS_MAX];
    struct policy_limits limits;
    uint32_t env_count, env_length;
    char env[PLAN_ENV_MAX];
    uint32_t paths_count, paths_length;
    struct policy_path paths[POLICY_PATHS_MAX];
    char paths_text[POLICY_PATHS_TEXT_MAX];
    /* The seccomp program, denials as SECCOMP_RET_ERRNO.  It is loaded with those
     * returns replaced by SECCOMP_RET_USER_NOTIF, the errno kept as their data, which
     * the keeper learns by interpreting it and answers with. */
    uint32_t filter_length; /* instructions, 1..POLICY_FILTER_MAX */
    struct sock_filter filter[POLICY_FILTER_MAX];
};

/*
 * A compiled policy file, NAME.json.qpol beside NAME.json:
 *
 *   +--------+---------+------+---------------+-----------+--------------------+
 *   | magic  | version | arch | libseccomp    | SHA-256 of| struct policy_plan |
 *   | 8 bytes| u32     | u32  | 3 x u32       | NAME.json | to the last byte   |
 *   +--------+---------+------+---------------+-----------+--------------------+
 *
 * Deterministic: unused bytes are 0.  Used only if digest, arch, version and
 * size all match; anything else means the source is compiled again.
 */
#define POLICY_FILE_MAGIC "QPOLICY" /* with its NUL: 8 bytes */
enum { POLICY_FILE_VERSION = 2 };
struct policy_file {
    char magic[8];
    uint32_t version;
    uint32_t arch; /* AUDIT_ARCH_* */
    uint32_t libseccomp[3];
    uint32_t reserved;
    uint8_t source_sha256[32];
    struct policy_plan plan;
};

#endif
