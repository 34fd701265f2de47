/*
 * report_names.c - the enumerations of a report in words.
 */
#include "base/report_names.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "quiesce/wire.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *word(const char *const *table, size_t count, uint32_t index)
{
    return index < count && table[index] ? table[index] : "unknown";
}

const char *finding_kind_name(uint32_t kind)
{
    static const char *const words[FINDING_KINDS] = {
        [FINDING_SYNTAX] = "syntax",   [FINDING_SCHEMA] = "schema",   [FINDING_VALUE] = "value",
        [FINDING_PERMISSION] = "permission", [FINDING_MISSING] = "missing", [FINDING_DIGEST] = "digest",
        [FINDING_POLICY] = "policy",   [FINDING_MOUNT] = "mount",     [FINDING_SYSTEM] = "system",
    };
    return word(words, COUNT(words), kind);
}

const char *fs_skip_name(uint32_t skip)
{
    static const char *const words[FS_SKIPS] = {
        [FS_ELIGIBLE] = "eligible", [FS_READ_ONLY] = "read-only", [FS_NETWORK] = "network",
        [FS_OVERLAY] = "overlay",   [FS_FUSE] = "fuse",           [FS_NO_DEVICE] = "no block device",
        [FS_UNKNOWN] = "unknown type", [FS_EXCLUDED] = "excluded", [FS_NOT_NAMED] = "not named",
        [FS_HIDDEN] = "hidden under other mounts", [FS_BOOT] = "a boot loader's, of a type that cannot be frozen",
    };
    return word(words, COUNT(words), skip);
}

const char *document_kind_name(uint32_t kind)
{
    static const char *const words[DOC_KINDS + 1] = {
        [DOC_HOST] = "host",     [DOC_VMBACKUP] = "vmbackup", [DOC_PLUGIN] = "plugin", [DOC_POLICY] = "policy",
        [DOC_PASSWD] = "passwd", [DOC_GROUP] = "group",       [DOC_MOUNTS] = "mounts", [DOC_KINDS] = "script",
    };
    return word(words, COUNT(words), kind);
}

const char *start_step_name(uint32_t step)
{
    static const char *const words[START_STEPS] = {
        [START_FORK] = "fork",         [START_CGROUP] = "cgroup",     [START_NAMESPACE] = "namespaces",
        [START_TMP] = "private /tmp",  [START_SCRIPT] = "script copy",
        [START_READONLY] = "read-only paths", [START_LIMITS] = "resource limits", [START_STDIO] = "stdio", [START_RLIMIT] = "rlimits",
        [START_IDS] = "user and groups", [START_CAPABILITIES] = "capabilities", [START_LANDLOCK] = "landlock",
        [START_SECCOMP] = "seccomp",   [START_EXEC] = "exec",
    };
    return word(words, COUNT(words), step);
}

const char *start_error_text(uint32_t step, uint32_t error)
{
    static const struct {
        uint32_t step, error;
        const char *text;
    } known[] = {
        { START_SCRIPT, E2BIG, "more than 1024 files lie beside it; give it a directory of its own" },
        { START_EXEC, ENOENT, "the interpreter that its \"#!\" line names does not exist" },
        { START_EXEC, EACCES, "its user may not execute the interpreter that its \"#!\" line names" },
        { START_CAPABILITIES, EPERM, "its policy grants what the caller of quiesce does not have" },
        { START_CGROUP, EBUSY, "processes of an earlier attempt are left" },
        { START_LIMITS, EBUSY, "processes of an earlier attempt are left" },
    };
    for (size_t i = 0; i < COUNT(known); i++) {
        if (known[i].step == step && known[i].error == error) {
            return known[i].text;
        }
    }
    const char *text = error != 0 ? strerrordesc_np((int)error) : "";
    return text != NULL ? text : "unknown error";
}

const char *fs_state_name(uint32_t state)
{
    static const char *const words[FS_STATES] = {
        [FS_IDLE] = "idle", [FS_FREEZING] = "freezing", [FS_FROZEN] = "frozen", [FS_THAWED] = "thawed",
        [FS_REFUSED] = "refused",
    };
    return word(words, COUNT(words), state);
}

const char *run_step_name(uint32_t step)
{
    static const char *const words[RUN_STEPS] = {
        [STEP_LOAD] = "load",         [STEP_PRE] = "pre",   [STEP_FLUSH] = "flush", [STEP_FREEZE] = "freeze",
        [STEP_SNAPSHOT] = "snapshot", [STEP_THAW] = "thaw", [STEP_POST] = "post",   [STEP_RECORD] = "record",
    };
    return word(words, COUNT(words), step);
}

const char *release_cause_name(uint32_t cause)
{
    static const char *const words[RELEASE_CAUSES] = {
        [RELEASE_COMMAND] = "command", [RELEASE_THAW] = "thaw",         [RELEASE_DEADLINE] = "deadline",
        [RELEASE_SIGNAL] = "signal",   [RELEASE_CALLER] = "callerGone", [RELEASE_LATE] = "late",
    };
    return word(words, COUNT(words), cause);
}
