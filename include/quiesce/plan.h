/*
 * plan.h - what a parser says about one document: typed, bounded, fixed layout.
 *
 * A parser process answers with exactly one of these structures.  Everything
 * in them is data from an enemy until plan_check.c has looked at every count,
 * every offset and every terminating NUL: the monitor does that on arrival,
 * whoever receives a forwarded copy does it again.
 *
 * Text is UTF-8 without control characters unless a member says otherwise, in
 * arrays of fixed size, always with a terminating NUL.
 */
#ifndef QUIESCE_PLAN_H
#define QUIESCE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PLAN_PATH_MAX = 4096,     /* a path, with its NUL; PATH_MAX of Linux */
    PLAN_NAME_MAX = 65,       /* a plugin name, a user name, with NUL */
    PLAN_PLUGINS_MAX = 16,    /* plugins of one host configuration */
    PLAN_ARGS_COUNT_MAX = 64, /* parameters of one script */
    PLAN_ARGS_MAX = 16384,    /* all parameters of one script, each with its NUL */
    PLAN_ENV_COUNT_MAX = 64,  /* variables of one document */
    PLAN_ENV_MAX = 8192,      /* all of them, NAME=value, each with its NUL */
    PLAN_FINDINGS_MAX = 24,   /* findings about one document; the last says "and more" */
    PLAN_FS_MAX = 256,        /* file systems of one mount table that a run looks at */
    PLAN_FS_TEXT_MAX = 98304, /* their mount points and sources */
    PLAN_BELOW_MAX = 2048,    /* what of one machine lies on what: lines of TOPOLOGY */
    PLAN_GROUPS_MAX = 64,     /* supplementary groups of a user */
    PLAN_SKIP_MAX = 64,       /* MountsToSkip, --mount, --exclude */
    PLAN_SKIP_TEXT_MAX = 16384,

    PLAN_TIMEOUT_MAX = 1800,      /* seconds; larger values are lowered (contract) */
    PLAN_TIMEOUT_DEFAULT = 30,    /* seconds, a script's own */
    PLAN_POLL_MAX = 5,            /* seconds */
    PLAN_POLL_DEFAULT = 3,        /* seconds */
    PLAN_GRACE_MAX = 60,          /* seconds between TERM and KILL */
    PLAN_GRACE_DEFAULT = 5,       /* seconds */
    PLAN_FREEZE_TIMEOUT_DEFAULT = 60, /* seconds */
    PLAN_FREEZE_TIMEOUT_MAX = 1800,   /* seconds */
};

enum document_kind {
    DOC_HOST,     /* VMSnapshotPluginHost.conf, INI */
    DOC_VMBACKUP, /* vmbackup.conf, INI */
    DOC_PLUGIN,   /* VMSnapshotScriptPluginConfig.json */
    DOC_POLICY,   /* hook policy, OCI fragment; may come with its compiled form */
    DOC_PASSWD,   /* /etc/passwd, asked for one user */
    DOC_GROUP,    /* /etc/group, asked for one user */
    DOC_MOUNTS,   /* /proc/self/mountinfo */
    DOC_KINDS
};

/* How large a document of a kind may be, in bytes; the reader stops there. */
enum {
    DOC_CONFIG_BYTES_MAX = 65536,
    DOC_POLICY_BYTES_MAX = 262144,
    DOC_SYSTEM_BYTES_MAX = 4194304, /* passwd, group, mount table */
    DOC_SCRIPT_BYTES_MAX = 16777216,
};

enum finding_severity { FINDING_WARNING, FINDING_ERROR, FINDING_SEVERITIES };

enum finding_kind {
    FINDING_SYNTAX,     /* the text is not of the format */
    FINDING_SCHEMA,     /* a key or a type is wrong */
    FINDING_VALUE,      /* a value is out of its range */
    FINDING_PERMISSION, /* owner or mode of a path component */
    FINDING_MISSING,    /* no such file, user, mount */
    FINDING_DIGEST,     /* not the pinned script */
    FINDING_POLICY,     /* a policy asks for what cannot be given */
    FINDING_MOUNT,      /* a file system cannot be frozen as asked */
    FINDING_SYSTEM,     /* the kernel or machine lacks something */
    FINDING_KINDS
};

/* One thing that is wrong, or worth a warning, in one document. */
struct finding {
    uint32_t code;     /* numeric code of the contract, see outcome.def */
    uint8_t severity;  /* enum finding_severity */
    uint8_t kind;      /* enum finding_kind */
    uint16_t reserved; /* 0 */
    uint32_t line;     /* from 1; 0: of the whole document */
    uint32_t column;   /* from 1, in bytes; 0: of the whole line */
    char key[128];     /* dotted path of the key, "" if none */
    char message[256]; /* one sentence without a full stop */
};

/* The part that every answer begins with. */
struct plan_head {
    uint8_t usable;    /* 1: no error, the plan below holds. 0: only findings hold */
    uint8_t reserved[3];
    uint32_t findings_count;
    struct finding findings[PLAN_FINDINGS_MAX];
};

struct host_plugin {
    char name[PLAN_NAME_MAX];
    char path[PLAN_PATH_MAX];        /* pluginPath: of the framework's own host; not used */
    char config_path[PLAN_PATH_MAX]; /* absolute */
};

/* DOC_HOST */
struct host_plan {
    struct plan_head head;
    uint32_t timeout_seconds; /* 1..PLAN_TIMEOUT_MAX: for a whole phase */
    uint32_t plugins_count;   /* 0..PLAN_PLUGINS_MAX */
    struct host_plugin plugins[PLAN_PLUGINS_MAX];
};

/* A list of mount points: strings one after another, each with its NUL. */
struct mount_list {
    uint32_t count;  /* 0..PLAN_SKIP_MAX */
    uint32_t length; /* bytes used of text */
    char text[PLAN_SKIP_TEXT_MAX];
};

/* DOC_VMBACKUP */
struct vmbackup_plan {
    struct plan_head head;
    uint8_t freeze;           /* 1 or 0; default 1 */
    uint8_t reserved[3];
    uint32_t timeout_seconds; /* 1..PLAN_FREEZE_TIMEOUT_MAX */
    struct mount_list skip;   /* MountsToSkip */
};

enum hook_phase { PHASE_PRE, PHASE_POST, PHASES };

struct script_plan {
    char path[PLAN_PATH_MAX]; /* absolute; "" as the template ships it: not found */
    uint32_t retries;         /* further tries after a failure */
    uint32_t args_count;      /* 0..PLAN_ARGS_COUNT_MAX */
    uint32_t args_length;     /* bytes used of args */
    uint8_t pinned;           /* 1: sha256 holds and must match */
    uint8_t sha256[32];
    uint8_t reserved[3];
    char args[PLAN_ARGS_MAX]; /* any bytes of UTF-8 but NUL; each with its NUL */
};

/* DOC_PLUGIN */
struct plugin_plan {
    struct plan_head head;
    char name[PLAN_NAME_MAX];     /* pluginName */
    char app_name[PLAN_NAME_MAX]; /* appName, "" if none */
    char run_as[PLAN_NAME_MAX];   /* user name or decimal uid, "" = what the policy says, else root */
    char policy[PLAN_PATH_MAX];   /* a name ("default") or an absolute path */
    uint8_t continue_on_failure;  /* 1 or 0 */
    uint8_t freeze;               /* 1 or 0 */
    uint8_t reserved[2];
    uint32_t timeout_seconds;     /* 1..PLAN_TIMEOUT_MAX */
    uint32_t poll_seconds;        /* 1..PLAN_POLL_MAX */
    uint32_t grace_seconds;       /* 0..PLAN_GRACE_MAX */
    uint32_t env_count;           /* 0..PLAN_ENV_COUNT_MAX */
    uint32_t env_length;
    char env[PLAN_ENV_MAX];       /* NAME=value, each with its NUL; ends with QUIESCE_PLUGIN=name */
    struct script_plan scripts[PHASES];
};

/* DOC_PASSWD: the entry whose name, or else whose uid in decimal, was asked for. */
struct passwd_plan {
    struct plan_head head;
    uint32_t uid; /* never 4294967295 */
    uint32_t gid; /* never 4294967295 */
    char name[PLAN_NAME_MAX];
    char home[PLAN_PATH_MAX]; /* absolute, "/" if the entry has none */
};

/* DOC_GROUP: the groups that list the user that was asked for. */
struct group_plan {
    struct plan_head head;
    uint32_t count; /* 0..PLAN_GROUPS_MAX */
    uint32_t gids[PLAN_GROUPS_MAX];
};

/* Why a file system of the mount table is not frozen. */
enum fs_skip {
    FS_ELIGIBLE,
    FS_READ_ONLY,
    FS_NETWORK,
    FS_OVERLAY,
    FS_FUSE,
    FS_NO_DEVICE, /* memory-backed or pseudo */
    FS_UNKNOWN,   /* a type this program knows nothing about, without a block device */
    FS_HIDDEN,    /* writable and on a device, but none of its mounts can be reached */
    FS_BOOT,      /* where a boot loader reads, of a type that cannot be frozen (vfat) */
    FS_EXCLUDED,  /* set by the supervisor: MountsToSkip or --exclude */
    FS_NOT_NAMED, /* set by the supervisor: --mount names others */
    FS_SKIPS
};

/* One superblock; of several mounts of it, first the one nearest to "/" that shows its
 * root, then the others that can be reached. */
struct fs_entry {
    uint32_t major, minor; /* as the mount table says */
    uint32_t mount_id;
    uint8_t skip;          /* enum fs_skip */
    uint8_t is_root;       /* 1: it is mounted at "/" */
    uint16_t mount_points; /* how many, 1 or more: strings one after another */
    char type[16];
    uint32_t mount_point;  /* offset into text of the first; any bytes but NUL */
    uint32_t source;       /* offset into text; any bytes but NUL */
};

/* DOC_MOUNTS: block-backed file systems, and what else a user might expect to be frozen. */
struct mount_plan {
    struct plan_head head;
    uint32_t count; /* 0..PLAN_FS_MAX */
    uint32_t text_length;
    struct fs_entry entries[PLAN_FS_MAX];
    char text[PLAN_FS_TEXT_MAX];
};

#endif
