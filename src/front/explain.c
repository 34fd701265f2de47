#include "front/explain.h"

#include <inttypes.h>
#include <linux/audit.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bpf.h"
#include "base/capability.h"
#include "base/report_json.h"
#include "base/syscall_names.h"
#include "front/explain_words.h"
#include "front/result.h"
#include "front/sanitise.h"
#include "quiesce/outcome.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "only x86-64 and arm64 are supported"
#endif

/* A statement that grows; what does not fit is cut off. */
struct statement {
    size_t length;
    char text[EXPLAIN_TEXT_MAX];
};

__attribute__((format(printf, 2, 3))) static void say(struct statement *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(s->text + s->length, sizeof s->text - s->length, format, args);
    va_end(args);
    s->length += n > 0 ? (size_t)n : 0;
    if (s->length >= sizeof s->text) {
        s->length = sizeof s->text - 1;
    }
}

/* Begins the next item of an enumeration. */
static void next_item(struct statement *s, unsigned *count, const char *first)
{
    say(s, "%s", (*count)++ == 0 ? first : "; ");
}

/* ---- the policy ------------------------------------------------------------------ */

static void say_capabilities(const struct policy_plan *p, explain_sink *sink, void *context)
{
    struct statement has = { 0 }, bounding = { 0 };
    unsigned count = 0, bounding_count = 0;
    for (unsigned i = 0; i < 64; i++) {
        const char *name = capability_name(i), *words = explain_capability(i);
        if ((p->cap_ambient >> i & 1) != 0) {
            next_item(&has, &count, "");
            say(&has, "%s (%s)", name != NULL ? name : "unknown", words != NULL ? words : "unknown");
        }
        if (((p->cap_bounding & ~p->cap_ambient) >> i & 1) != 0) {
            say(&bounding, "%s%s", bounding_count++ == 0 ? "programs with file capabilities could get " : ", ",
                name != NULL ? name : "unknown");
        }
    }
    if (count == 0) {
        say(&has, "none: it has no more rights than its user, root included");
    }
    sink(context, "capabilities", has.text);
    if (bounding_count > 0) {
        say(&bounding, ", were it not for no_new_privs");
        sink(context, "boundingSet", bounding.text);
    }
}

/* A tmpfs there is a /dev with the default devices, to which nothing can be added. */
static bool is_dev(const struct policy_plan *p, uint32_t i)
{
    return p->paths[i].kind == PATH_TMPFS && strcmp(p->paths_text + p->paths[i].offset, "/dev") == 0;
}

static unsigned say_paths(struct statement *s, const struct policy_plan *p, enum policy_path_kind kind, const char *first)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (p->paths[i].kind == (uint32_t)kind && !is_dev(p, i)) {
            say(s, "%s%s", count++ == 0 ? first : ", ", p->paths_text + p->paths[i].offset);
        }
    }
    return count;
}

static void say_files(const struct policy_plan *p, explain_sink *sink, void *context)
{
    struct statement files = { 0 }, hidden = { 0 };
    if ((p->flags & POLICY_READONLY_ROOT) != 0) {
        say(&files, "may write nowhere but in /tmp");
        (void)say_paths(&files, p, PATH_TMPFS, " and in its own ");
    } else {
        say(&files, "may write where its user may");
        (void)say_paths(&files, p, PATH_READONLY, ", but not below ");
        (void)say_paths(&files, p, PATH_TMPFS, "; has private, empty ");
    }
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (is_dev(p, i)) {
            say(&files, "; sees a /dev with null, zero, full, random, urandom, tty and log, and no disk");
        }
    }
    say(&files, "; /tmp is private, shared by the pre- and post-script of one plugin for one run; the script, the "
                "control groups and the programs of quiesce are read-only");
    sink(context, "files", files.text);
    if (say_paths(&hidden, p, PATH_MASKED, "") > 0) {
        sink(context, "hidden", hidden.text);
    }
}

/* The launcher's own filter, which every hook inherits whatever its policy says. */
static const struct sock_filter inherited[] = {
#include "filter_launcher.inc"
};

/* The strictest answer holds: the least action as a signed number (seccomp(2)). */
static uint32_t answer_to(const struct policy_plan *p, const struct seccomp_data *data)
{
    uint32_t ours = bpf_run(inherited, sizeof inherited / sizeof *inherited, data);
    uint32_t policy = bpf_run(p->filter, p->filter_length, data);
    return (int32_t)(ours & SECCOMP_RET_ACTION_FULL) < (int32_t)(policy & SECCOMP_RET_ACTION_FULL) ? ours : policy;
}

/* Sorts the probes by what is answered. */
static void say_probes(const struct policy_plan *p, bool network, explain_sink *sink, void *context)
{
    struct statement may = { 0 }, refused = { 0 }, killed = { 0 };
    unsigned may_count = 0, refused_count = 0, killed_count = 0;
    for (unsigned i = 0; i < EXPLAIN_PROBES; i++) {
        const struct explain_probe *probe = &explain_probes[i];
        int number = (probe->network != 0) == network ? syscall_number(probe->syscall) : -1;
        if (number < 0) {
            continue;
        }
        struct seccomp_data data = { .nr = number, .arch = NATIVE_ARCH };
        memcpy(data.args, probe->args, sizeof data.args);
        uint32_t answer = answer_to(p, &data);
        uint32_t action = answer & SECCOMP_RET_ACTION_FULL;
        if (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG) {
            next_item(&may, &may_count, "the filter lets it ");
            say(&may, "%s", probe->words);
        } else if (action == SECCOMP_RET_ERRNO) {
            const char *error = strerrorname_np((int)(answer & SECCOMP_RET_DATA));
            next_item(&refused, &refused_count, "is refused to ");
            say(&refused, "%s (%s)", probe->words, error != NULL ? error : "?");
        } else {
            next_item(&killed, &killed_count, "is killed when it tries to ");
            say(&killed, "%s", probe->words);
        }
    }
    const struct statement *all[] = { &may, &refused, &killed };
    static const char *const keys[2][3] = { { "allowed", "refused", "killedFor" },
                                            { "network", "networkRefused", "networkKilledFor" } };
    for (size_t i = 0; i < 3; i++) {
        if (all[i]->length > 0) {
            sink(context, keys[network][i], all[i]->text);
        }
    }
}

static void say_limits(const struct policy_plan *p, explain_sink *sink, void *context)
{
    struct statement s = { 0 };
    unsigned count = 0;
    for (uint32_t i = 0; i < p->rlimits_count; i++) {
        const struct policy_rlimit *limit = &p->rlimits[i];
        const char *words = explain_rlimit(limit->resource);
        if (limit->resource == RLIMIT_CORE) {
            continue; /* said below, for it holds whatever the policy says */
        }
        next_item(&s, &count, "at most ");
        if (limit->soft == RLIM_INFINITY) {
            say(&s, "any number of %s", words != NULL ? words : "?");
        } else {
            say(&s, "%" PRIu64 " %s", limit->soft, words != NULL ? words : "?");
        }
        if (limit->hard != limit->soft) {
            say(&s, limit->hard == RLIM_INFINITY ? " (it may raise that freely)" : " (it may raise that to %" PRIu64 ")", limit->hard);
        }
    }
    next_item(&s, &count, "");
    say(&s, "no core dump");
    sink(context, "limits", s.text);
}

static void say_environment(const struct policy_plan *p, explain_sink *sink, void *context)
{
    struct statement s = { 0 };
    uint32_t at = 0;
    say(&s, "PATH, LANG, TZ, HOME and facts of the run as QUIESCE_*");
    for (uint32_t i = 0; i < p->env_count && at < p->env_length; i++) {
        say(&s, ", %s", p->env + at);
        at += (uint32_t)strlen(p->env + at) + 1;
    }
    say(&s, "; nothing of the caller's");
    sink(context, "environment", s.text);
}

void explain_policy(const struct policy_plan *p, explain_sink *sink, void *context)
{
    struct statement spaces = { 0 };
    say_capabilities(p, sink, context);
    say_files(p, sink, context);
    if ((p->flags & POLICY_NEW_NET) != 0) {
        sink(context, "network", "none: it has a network namespace of its own with nothing in it");
    } else {
        say_probes(p, true, sink, context);
    }
    say_probes(p, false, sink, context);
    say_limits(p, sink, context);
    say_environment(p, sink, context);
    say(&spaces, "own mount namespace%s%s", (p->flags & POLICY_NEW_IPC) != 0 ? ", own System V and POSIX IPC" : "",
        (p->flags & POLICY_NEW_UTS) != 0 ? ", own host name" : "");
    say(&spaces, "; no_new_privs: set-user-id programs such as sudo give it nothing");
    sink(context, "isolation", spaces.text);
    sink(context, "processes",
         (p->flags & POLICY_FORBID_SURVIVORS) != 0
             ? "everything it started is killed when it ends"
             : "what a successful pre-script leaves running lives until the post-script is over; else everything is killed");
}

/* ---- the plugin --------------------------------------------------------------------- */

static void say_user(const struct report *r, const struct report_plugin *p, explain_sink *sink, void *context)
{
    struct statement s = { 0 };
    if (p->user.length > 0) {
        say(&s, "%.*s, ", (int)p->user.length, r->text + p->user.offset);
    }
    say(&s, "user id %" PRIu32 ", group id %" PRIu32, p->uid, p->gid);
    for (uint32_t i = 0; i < p->effective.groups_count; i++) {
        say(&s, "%s%" PRIu32, i == 0 ? ", further groups " : ", ", p->effective.groups[i]);
    }
    sink(context, "user", s.text);
}

static void say_time(const struct report *r, const struct report_plugin *p, explain_sink *sink, void *context)
{
    struct statement s = { 0 };
    uint32_t own = r->host_timeout_seconds > 0 && r->host_timeout_seconds < p->timeout_seconds ? r->host_timeout_seconds
                                                                                               : p->timeout_seconds;
    say(&s, "%" PRIu32 " s for each script, all its tries together (pre-script at most %" PRIu64 ", post-script at most %" PRIu64
            "); then SIGTERM to all it started, and SIGKILL %" PRIu32 " s later",
        own, (uint64_t)p->retries[PHASE_PRE] + 1, (uint64_t)p->retries[PHASE_POST] + 1, p->grace_seconds);
    if (r->host_timeout_seconds > 0) {
        say(&s, "; %" PRIu32 " s for all pre-scripts, and as much for all post-scripts", r->host_timeout_seconds);
    }
    sink(context, "time", s.text);
}

/* The contract's decision table, for this plugin. */
static void say_failure(const struct report *r, const struct report_plugin *p, explain_sink *sink, void *context)
{
    const struct outcome_row *pre = &outcome_table[OUTCOME_PRE_FAILED], *post = &outcome_table[OUTCOME_POST_FAILED];
    struct statement s = { 0 };
    bool go_on = p->continue_on_failure != 0, freeze = true;
    for (uint32_t i = 0; i < r->plugins_count; i++) {
        freeze = freeze && (r->plugins[i].used == 0 || r->plugins[i].freeze != 0);
    }
    if (go_on && freeze) {
        say(&s, "the file systems are frozen and the snapshot is taken all the same, as %s, exit status %d; the post-script runs",
            grade_name(pre->grade_continue), pre->exit_continue);
    } else {
        say(&s, "no snapshot is taken%s, exit status %d; the post-script runs",
            go_on ? ", for nothing is frozen that would make it consistent" : " (continueBackupOnFailure is false)", pre->exit_stop);
    }
    sink(context, "whenPreScriptFails", s.text);
    s.length = 0;
    int status = go_on ? post->exit_continue : post->exit_stop;
    say(&s, "the snapshot exists already and counts as %s, exit status %d",
        grade_name(go_on ? post->grade_continue : post->grade_stop), status);
    sink(context, "whenPostScriptFails", s.text);
}

void explain_plugin(const struct report *r, uint32_t plugin, explain_sink *sink, void *context)
{
    static const char *const keys[PHASES] = { [PHASE_PRE] = "preScript", [PHASE_POST] = "postScript" };
    const struct report_plugin *p = &r->plugins[plugin];
    const struct {
        const char *key;
        struct report_text text;
    } names[] = { { "application", p->app_name }, { "configuration", p->config_path }, { "policy", p->policy } };
    struct statement s;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        s.length = 0;
        say(&s, "%.*s", (int)names[i].text.length, r->text + names[i].text.offset);
        if (s.length > 0) {
            sink(context, names[i].key, s.text);
        }
    }
    for (unsigned phase = 0; phase < PHASES; phase++) {
        const struct report_hook *h = &r->hooks[WIRE_SLOT(plugin, phase)];
        s.length = 0;
        say(&s, "%.*s", (int)h->path.length, r->text + h->path.offset);
        if (h->used != 0 && s.length > 0) {
            say(&s, "%s", h->skipped != 0 ? " (would not be run, see the findings)" : "");
            sink(context, keys[phase], s.text);
        }
    }
    if (p->has_policy != 0) {
        say_user(r, p, sink, context);
        explain_policy(&p->effective, sink, context);
    }
    say_time(r, p, sink, context);
    say_failure(r, p, sink, context);
}

/* ---- printing -------------------------------------------------------------------------- */

/* Breaks lines between words. */
static void print_statement(void *context, const char *key, const char *text)
{
    enum { KEY_WIDTH = 20, TEXT_WIDTH = 76 };
    FILE *out = context;
    fprintf(out, "  %-*s", KEY_WIDTH, key);
    for (size_t column = 0; *text != '\0';) {
        size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > TEXT_WIDTH) {
            fprintf(out, "\n%*s", KEY_WIDTH + 2, "");
            column = 0;
        }
        putc(' ', out);
        sanitise_print(out, text, length);
        column += 1 + length;
        text += length + (text[length] == ' ' ? 1 : 0);
    }
    putc('\n', out);
}

void explain_print(FILE *out, const struct report *r)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < r->plugins_count; i++) {
        if (r->plugins[i].used != 0) {
            fputs(count++ > 0 ? "\n" : "", out);
            result_print_text(out, r, r->plugins[i].name);
            putc('\n', out);
            explain_plugin(r, i, print_statement, out);
        }
    }
    if (count == 0) {
        fputs("no plugin configuration can be used; no script would be run\n", out);
    }
    if (r->findings_count > 0) {
        putc('\n', out);
        (void)result_print_findings(out, r);
    }
}

/* A failure to add shows as a missing member; the object is then not used. */
struct json_context {
    cJSON *object;
    bool failed;
};

static void add_statement(void *context, const char *key, const char *text)
{
    struct json_context *c = context;
    char safe[EXPLAIN_TEXT_MAX];
    sanitise(safe, sizeof safe, text, strlen(text));
    c->failed = cJSON_AddStringToObject(c->object, key, safe) == NULL || c->failed;
}

cJSON *explain_json(const struct report *r)
{
    cJSON *whole = cJSON_CreateObject(), *check = report_check_json(r);
    cJSON *plugins = cJSON_AddArrayToObject(whole, "plugins");
    bool failed = plugins == NULL || check == NULL;
    for (uint32_t i = 0; !failed && i < r->plugins_count; i++) {
        if (r->plugins[i].used == 0) {
            continue;
        }
        struct json_context c = { .object = cJSON_CreateObject() };
        struct statement name = { 0 };
        say(&name, "%.*s", (int)r->plugins[i].name.length, r->text + r->plugins[i].name.offset);
        add_statement(&c, "plugin", name.text);
        explain_plugin(r, i, add_statement, &c);
        failed = c.failed || !cJSON_AddItemToArray(plugins, c.object);
        if (failed) {
            cJSON_Delete(c.object);
        }
    }
    cJSON *findings = cJSON_DetachItemFromObjectCaseSensitive(check, "findings");
    failed = failed || findings == NULL || !cJSON_AddItemToObject(whole, "findings", findings);
    if (failed) {
        cJSON_Delete(findings);
        cJSON_Delete(whole);
        whole = NULL;
    }
    cJSON_Delete(check);
    return whole;
}
