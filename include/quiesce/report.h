/*
 * report.h - what a run leaves behind: one flat structure in a memfd.
 *
 * The supervisor fills it while the run goes on, seals it and hands it to the
 * front; both print it with the same code (src/base/report_json.c), the front
 * for --json, the supervisor into the journal.  Flat and fixed, so that the
 * front, which has the caller's rights, parses nothing: it checks counts and
 * offsets (report_valid) and prints.
 *
 * Pages that are not used are never touched, so a small run costs a few pages.
 */
#ifndef QUIESCE_REPORT_H
#define QUIESCE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quiesce/wire.h"

enum {
    REPORT_VERSION = 1,
    REPORT_ATTEMPTS_MAX = 512,
    REPORT_ATTEMPTS_PER_HOOK = 16, /* the first eight and the last eight; the rest counted */
    REPORT_DENIED_MAX = 8192,      /* rows of all attempts */
    REPORT_DENIED_PER_ATTEMPT = 1000,
    REPORT_FINDINGS_MAX = 512,
    REPORT_DENIED_TEXT = 640,
    REPORT_STREAM_KEEP = 65536,    /* bytes kept of the head, and of the tail, of a stream */
    REPORT_TEXT_MAX = 33554432,
};

/* Why nothing is frozen, whatever is chosen. */
enum no_freeze {
    NO_FREEZE_NONE,    /* what is chosen is frozen */
    NO_FREEZE_PLUGIN,  /* a plugin's fsFreezeEnabled is false */
    NO_FREEZE_HOST,    /* fsfreeze of vmbackup.conf is false */
    NO_FREEZE_PLAN,    /* what is chosen cannot be frozen as asked; the findings say why */
    NO_FREEZE_REASONS
};

/* A piece of text: UTF-8, no NUL, in report.text. */
struct report_text {
    uint32_t offset, length;
};

struct report_document {
    uint32_t kind; /* enum document_kind; DOC_KINDS: a script */
    uint8_t present;
    uint8_t reserved[3];
    struct report_text path;
    uint8_t sha256[32]; /* of the bytes that were used, if present */
};

struct report_stream {
    uint64_t bytes; /* all that was written */
    struct report_text head, tail;
};

struct report_attempt {
    uint32_t slot;    /* WIRE_SLOT */
    uint32_t number;  /* from 1 */
    uint8_t ran;      /* 0: it could not be started; start_step and start_error say why */
    uint8_t timed_out;
    uint8_t recorder_full; /* denials were only counted from some point on */
    uint8_t reserved;
    uint32_t start_step, start_error;
    int32_t exit_code; /* -1: none */
    uint32_t signal;   /* 0: none */
    uint64_t duration_ns, cpu_us, max_rss_kib;
    uint32_t survivors;     /* processes a successful pre-script left running; of others: left and killed */
    uint32_t layers;        /* bit n: enum start_step n was applied, or not asked for */
    uint32_t memory_killed; /* processes that the kernel ended at the policy's limit of memory */
    uint32_t forks_refused; /* at the policy's limit of processes */
    uint64_t denied_total;
    struct report_stream out, err;
};

/* Refused calls that read alike: the same call by a process of the same name, with
 * the same arguments in words. */
struct report_denied {
    uint32_t attempt; /* index into attempts */
    uint32_t number;  /* system call */
    uint32_t arch;    /* AUDIT_ARCH_* */
    uint32_t error;   /* errno it was answered with */
    uint8_t only_counted; /* 1: beyond what is looked at; number and count hold alone, of
                           * number DENIED_NUMBERS - 1 and higher ones */
    uint8_t reserved[7];
    uint64_t args[6]; /* of the first one */
    uint64_t count;
    char comm[16];
    char text[REPORT_DENIED_TEXT]; /* the arguments in words, base/call_text.h */
};

struct report_hook {
    uint8_t used;
    uint8_t has_sha256;
    uint8_t failed;
    uint8_t skipped; /* not to be run (another document is wrong) */
    uint32_t attempts_total;
    struct report_text plugin, path, policy;
    uint8_t sha256[32];
};

struct report_fs {
    uint32_t major, minor;
    uint32_t level;
    uint32_t error;      /* errno that made it fail, or 0 */
    uint8_t skip;        /* enum fs_skip: 0 if it was to be frozen */
    uint8_t state;       /* enum fs_state */
    uint8_t reserved[2];
    char type[16];
    struct report_text mount_point, device;
    uint64_t flush_ns, freeze_ns, frozen_ns, thaw_ns;
};

struct report_finding {
    uint32_t code;
    uint8_t severity; /* enum finding_severity */
    uint8_t kind;     /* enum finding_kind */
    uint16_t reserved;
    uint32_t line, column;
    struct report_text file, key, message;
};

/* What explain needs of a plugin; check and run fill it as well. */
struct report_plugin {
    struct report_text name, app_name, config_path, policy, user;
    uint8_t used, continue_on_failure, freeze, has_policy;
    uint32_t timeout_seconds, poll_seconds, grace_seconds;
    uint32_t retries[PHASES];
    uint32_t uid, gid;
    struct policy_plan effective; /* if has_policy; head is zero */
};

struct report {
    uint32_t version;
    uint32_t mode;        /* enum run_mode */
    char run_id[WIRE_RUN_ID_MAX];
    uint8_t continue_on_failure; /* which side of the outcome's row held */
    uint8_t finished;     /* 1: outcome and what follows hold */
    uint32_t outcome;     /* enum outcome */
    uint32_t grade;       /* enum grade: what was achieved */
    uint32_t exit_status;
    uint64_t started_realtime_ns, duration_ns;
    uint64_t step_at_ns[8], step_took_ns[8]; /* by enum run_step, since the run began; 0: not taken */
    struct {
        uint8_t ran, reserved[3];
        uint32_t exit_code, signal;
        uint64_t duration_ns;
    } snapshot;
    struct {
        uint8_t held;     /* 1: it was a held session; else all is 0 */
        uint8_t released; /* 1: what follows holds; 0: the session ended without a word */
        uint8_t cause;    /* enum release_cause */
        uint8_t reserved;
        uint32_t uid, pid, refused; /* as in RELEASE */
    } held;
    struct report_text message; /* one or two sentences about this very run */
    uint32_t host_timeout_seconds, freeze_timeout_seconds;
    uint8_t has_cgroup, has_expedite, has_journal;
    uint8_t limits; /* bit n: enum limit n can be held */
    uint8_t has_record;
    uint8_t no_freeze; /* enum no_freeze */
    uint8_t reserved[2];
    uint32_t documents_count, attempts_count, denied_count, fs_count, findings_count, plugins_count;
    struct report_document documents[WIRE_DOCUMENTS_MAX + WIRE_HOOKS_MAX];
    struct report_hook hooks[WIRE_HOOKS_MAX]; /* by slot; used says which */
    struct report_attempt attempts[REPORT_ATTEMPTS_MAX];
    struct report_denied denied[REPORT_DENIED_MAX];
    struct report_fs fs[PLAN_FS_MAX];
    struct report_finding findings[REPORT_FINDINGS_MAX];
    struct report_plugin plugins[PLAN_PLUGINS_MAX];
    uint32_t text_length;
    char text[REPORT_TEXT_MAX];
};

/* True if a run freezes file system fs of the report. */
static inline bool report_freezes(const struct report *r, uint32_t fs)
{
    return r->no_freeze == NO_FREEZE_NONE && r->fs[fs].skip == FS_ELIGIBLE;
}

/* True if every count, enum, offset and length of r lies in its bounds.
 * size: of the mapping that holds it. */
bool report_valid(const struct report *r, size_t size);

#endif
