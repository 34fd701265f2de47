#include "base/policy_words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#include "base/capability.h"

/* By number of linux/capability.h, after capability(7). */
static const char *const capabilities[] = {
    "change the owner of any file",
    "read, write and execute files whatever their mode says",
    "read files and search directories whatever their mode says",
    "do to any file what only its owner may",
    "keep set-id bits of files it changes",
    "signal processes of other users",
    "change to other groups",
    "change to other users",
    "take and give capabilities",
    "change immutable and append-only flags",
    "listen on ports below 1024",
    "send broadcasts and listen to multicast",
    "administer the network",
    "use raw and packet sockets",
    "lock memory",
    "use other users' IPC objects",
    "load and unload kernel modules",
    "use I/O ports and raw devices",
    "change its root directory",
    "trace and inspect other processes",
    "write process accounting",
    "administer the system (mounts, namespaces and much more)",
    "reboot",
    "change priorities of other processes",
    "exceed resource limits and quotas",
    "set the clock",
    "configure terminals",
    "make device files",
    "lease files of other users",
    "write audit records",
    "change the audit configuration",
    "give files capabilities",
    "override mandatory access control",
    "change mandatory access control",
    "read and configure the kernel's log",
    "wake the system up",
    "keep the system from sleeping",
    "read the audit log",
    "use performance counters",
    "use privileged BPF",
    "checkpoint and restore processes",
};

static const char *const rlimits[] = {
    [RLIMIT_CPU] = "seconds of CPU time",
    [RLIMIT_FSIZE] = "bytes of a file it writes",
    [RLIMIT_DATA] = "bytes of data",
    [RLIMIT_STACK] = "bytes of stack",
    [RLIMIT_CORE] = "bytes of core dump",
    [RLIMIT_RSS] = "bytes of resident memory",
    [RLIMIT_NPROC] = "processes of its user",
    [RLIMIT_NOFILE] = "open files",
    [RLIMIT_MEMLOCK] = "bytes of locked memory",
    [RLIMIT_AS] = "bytes of address space",
    [RLIMIT_LOCKS] = "file locks",
    [RLIMIT_SIGPENDING] = "pending signals",
    [RLIMIT_MSGQUEUE] = "bytes of message queues",
    [RLIMIT_NICE] = "as its ceiling of niceness",
    [RLIMIT_RTPRIO] = "as its ceiling of real-time priority",
    [RLIMIT_RTTIME] = "microseconds of real-time CPU",
};

const char *capability_words(unsigned number)
{
    return number < sizeof capabilities / sizeof *capabilities ? capabilities[number] : NULL;
}

const char *rlimit_words(uint32_t resource)
{
    return resource < sizeof rlimits / sizeof *rlimits ? rlimits[resource] : NULL;
}

/* ---- what it may do -------------------------------------------------------------- */

static void say_capabilities(const struct policy_plan *p, statement_sink *sink, void *context)
{
    struct statement has = { 0 }, bounding = { 0 };
    unsigned count = 0, bounding_count = 0;
    for (unsigned i = 0; i < 64; i++) {
        const char *name = capability_name(i), *words = capability_words(i);
        if ((p->cap_ambient >> i & 1) != 0) {
            statement_item(&has, &count, "");
            statement_say(&has, "%s (%s)", name != NULL ? name : "unknown", words != NULL ? words : "unknown");
        }
        if (((p->cap_bounding & ~p->cap_ambient) >> i & 1) != 0) {
            statement_say(&bounding, "%s%s", bounding_count++ == 0 ? "programs with file capabilities could get " : ", ",
                name != NULL ? name : "unknown");
        }
    }
    if (count == 0) {
        statement_say(&has, "none: it has no more rights than its user, root included");
    }
    sink(context, "capabilities", has.text);
    if (bounding_count > 0) {
        statement_say(&bounding, ", were it not for no_new_privs");
        sink(context, "boundingSet", bounding.text);
    }
}

/* A tmpfs there is a /dev with the default devices, to which nothing can be added. */
static bool is_dev(const struct policy_plan *p, uint32_t i)
{
    return p->paths[i].kind == PATH_TMPFS && strcmp(p->paths_text + p->paths[i].offset, "/dev") == 0;
}

bool policy_path_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* What is made read-only or hidden is so after every tmpfs has been mounted. */
static bool is_writable_tmpfs(const struct policy_plan *p, uint32_t i)
{
    const char *path = p->paths_text + p->paths[i].offset;
    bool writable = p->paths[i].kind == PATH_TMPFS && !is_dev(p, i);
    for (uint32_t k = 0; writable && k < p->paths_count; k++) {
        writable = p->paths[k].kind == PATH_TMPFS || !policy_path_below(path, p->paths_text + p->paths[k].offset);
    }
    return writable;
}

static unsigned say_own(struct statement *s, const struct policy_plan *p, const char *first)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (is_writable_tmpfs(p, i)) {
            statement_say(s, "%s%s", count++ == 0 ? first : ", ", p->paths_text + p->paths[i].offset);
        }
    }
    return count;
}

static unsigned say_paths(struct statement *s, const struct policy_plan *p, enum policy_path_kind kind, const char *first)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (p->paths[i].kind == (uint32_t)kind && !is_dev(p, i)) {
            statement_say(s, "%s%s", count++ == 0 ? first : ", ", p->paths_text + p->paths[i].offset);
        }
    }
    return count;
}

static void say_files(const struct policy_plan *p, statement_sink *sink, void *context)
{
    struct statement files = { 0 }, hidden = { 0 };
    if ((p->flags & POLICY_READONLY_ROOT) != 0) {
        statement_say(&files, "may write nowhere but in /tmp");
        (void)say_own(&files, p, " and in its own ");
    } else {
        statement_say(&files, "may write where its user may");
        (void)say_paths(&files, p, PATH_READONLY, ", but not below ");
        (void)say_paths(&files, p, PATH_TMPFS, "; has private, empty ");
    }
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (is_dev(p, i)) {
            statement_say(&files, "; sees a /dev with null, zero, full, random, urandom, tty and log, and no disk");
        }
    }
    statement_say(&files, "; /tmp is private, shared by the pre- and post-script of one plugin for one run; the script, the "
                "control groups and the programs of quiesce are read-only");
    sink(context, "files", files.text);
    if (say_paths(&hidden, p, PATH_MASKED, "") > 0) {
        sink(context, "hidden", hidden.text);
    }
}

/* ---- and within which bounds ------------------------------------------------------ */

/* In the order of struct policy_limits. */
static const char *const resources[RESOURCES] = {
    "processes and threads of all that it starts, root's too",
    "bytes of memory of all that it starts",
    "bytes of memory and swap of all that it starts",
    "bytes of memory that the kernel leaves it longer than others",
};

const char *resource_words(unsigned resource)
{
    return resources[resource];
}

uint64_t resource_limit(const struct policy_plan *policy, unsigned resource)
{
    const uint64_t limits[RESOURCES] = {
        policy->limits.pids, policy->limits.memory, policy->limits.swap, policy->limits.reservation,
    };
    return limits[resource];
}

static void say_limits(const struct policy_plan *p, statement_sink *sink, void *context)
{
    struct statement s = { 0 };
    unsigned count = 0;
    for (uint32_t i = 0; i < p->rlimits_count; i++) {
        const struct policy_rlimit *limit = &p->rlimits[i];
        const char *words = rlimit_words(limit->resource);
        if (limit->resource == RLIMIT_CORE) {
            continue; /* said below, for it holds whatever the policy says */
        }
        statement_item(&s, &count, "at most ");
        if (limit->soft == RLIM_INFINITY) {
            statement_say(&s, "any number of %s", words != NULL ? words : "?");
        } else {
            statement_say(&s, "%" PRIu64 " %s", limit->soft, words != NULL ? words : "?");
        }
        if (limit->hard != limit->soft) {
            statement_say(&s, limit->hard == RLIM_INFINITY ? " (it may raise that freely)" : " (it may raise that to %" PRIu64 ")", limit->hard);
        }
    }
    for (unsigned i = 0; i < RESOURCES; i++) {
        if (resource_limit(p, i) != 0) {
            statement_item(&s, &count, "at most ");
            statement_say(&s, "%" PRIu64 " %s", resource_limit(p, i), resource_words(i));
        }
    }
    statement_item(&s, &count, "");
    statement_say(&s, "no core dump");
    sink(context, "limits", s.text);
}

static void say_environment(const struct policy_plan *p, statement_sink *sink, void *context)
{
    struct statement s = { 0 };
    uint32_t at = 0;
    statement_say(&s, "PATH, LANG, TZ, HOME and facts of the run as QUIESCE_*");
    for (uint32_t i = 0; i < p->env_count && at < p->env_length; i++) {
        statement_say(&s, ", %s", p->env + at);
        at += (uint32_t)strlen(p->env + at) + 1;
    }
    statement_say(&s, "; nothing of the caller's");
    sink(context, "environment", s.text);
}

void policy_words_rights(const struct policy_plan *p, statement_sink *sink, void *context)
{
    say_capabilities(p, sink, context);
    say_files(p, sink, context);
}

void policy_words_bounds(const struct policy_plan *p, statement_sink *sink, void *context)
{
    struct statement spaces = { 0 };
    say_limits(p, sink, context);
    say_environment(p, sink, context);
    statement_say(&spaces, "own mount namespace%s%s", (p->flags & POLICY_NEW_IPC) != 0 ? ", own System V and POSIX IPC" : "",
                  (p->flags & POLICY_NEW_UTS) != 0 ? ", own host name" : "");
    statement_say(&spaces, "; no_new_privs: set-user-id programs such as sudo give it nothing");
    sink(context, "isolation", spaces.text);
    sink(context, "processes",
         (p->flags & POLICY_FORBID_SURVIVORS) != 0
             ? "everything it started is killed when it ends"
             : "what a successful pre-script leaves running lives until the post-script is over; else everything is killed");
}
