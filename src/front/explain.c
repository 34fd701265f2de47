#include "front/explain.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/bpf.h"
#include "base/native.h"
#include "base/policy_words.h"
#include "base/report_json.h"
#include "base/syscall_names.h"
#include "front/explain_words.h"
#include "front/result.h"
#include "front/sanitise.h"
#include "quiesce/outcome.h"

/* ---- the policy ------------------------------------------------------------------ */

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
static void say_probes(const struct policy_plan *p, bool network, statement_sink *sink, void *context)
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
            statement_item(&may, &may_count, "the filter lets it ");
            statement_say(&may, "%s", probe->words);
        } else if (action == SECCOMP_RET_ERRNO) {
            const char *error = strerrorname_np((int)(answer & SECCOMP_RET_DATA));
            statement_item(&refused, &refused_count, "is refused to ");
            statement_say(&refused, "%s (%s)", probe->words, error != NULL ? error : "?");
        } else {
            statement_item(&killed, &killed_count, "is killed when it tries to ");
            statement_say(&killed, "%s", probe->words);
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

void explain_policy(const struct policy_plan *p, statement_sink *sink, void *context)
{
    policy_words_rights(p, sink, context);
    if ((p->flags & POLICY_NEW_NET) != 0) {
        sink(context, "network", "none: it has a network namespace of its own with nothing in it");
    } else {
        say_probes(p, true, sink, context);
    }
    say_probes(p, false, sink, context);
    policy_words_bounds(p, sink, context);
}

/* ---- the plugin --------------------------------------------------------------------- */

static void say_user(const struct report *r, const struct report_plugin *p, statement_sink *sink, void *context)
{
    struct statement s = { 0 };
    if (p->user.length > 0) {
        statement_say(&s, "%.*s, ", (int)p->user.length, r->text + p->user.offset);
    }
    statement_say(&s, "user id %" PRIu32 ", group id %" PRIu32, p->uid, p->gid);
    for (uint32_t i = 0; i < p->effective.groups_count; i++) {
        statement_say(&s, "%s%" PRIu32, i == 0 ? ", further groups " : ", ", p->effective.groups[i]);
    }
    sink(context, "user", s.text);
}

static void say_time(const struct report *r, const struct report_plugin *p, statement_sink *sink, void *context)
{
    struct statement s = { 0 };
    uint32_t own = r->host_timeout_seconds > 0 && r->host_timeout_seconds < p->timeout_seconds ? r->host_timeout_seconds
                                                                                               : p->timeout_seconds;
    statement_say(&s, "%" PRIu32 " s for each script, all its tries together (pre-script at most %" PRIu64 ", post-script at most %" PRIu64
            "); then SIGTERM to all it started, and SIGKILL %" PRIu32 " s later",
        own, (uint64_t)p->retries[PHASE_PRE] + 1, (uint64_t)p->retries[PHASE_POST] + 1, p->grace_seconds);
    if (r->host_timeout_seconds > 0) {
        statement_say(&s, "; %" PRIu32 " s for all pre-scripts, and as much for all post-scripts", r->host_timeout_seconds);
    }
    sink(context, "time", s.text);
}

/* The contract's decision table, for this plugin. */
static void say_failure(const struct report *r, const struct report_plugin *p, statement_sink *sink, void *context)
{
    const struct outcome_row *pre = &outcome_table[OUTCOME_PRE_FAILED], *post = &outcome_table[OUTCOME_POST_FAILED];
    struct statement s = { 0 };
    bool go_on = p->continue_on_failure != 0, freeze = true;
    for (uint32_t i = 0; i < r->plugins_count; i++) {
        freeze = freeze && (r->plugins[i].used == 0 || r->plugins[i].freeze != 0);
    }
    if (go_on && freeze) {
        statement_say(&s, "the file systems are frozen and the snapshot is taken all the same, as %s, exit status %d; the post-script runs",
            grade_name(pre->grade_continue), pre->exit_continue);
    } else {
        statement_say(&s, "no snapshot is taken%s, exit status %d; the post-script runs",
            go_on ? ", for nothing is frozen that would make it consistent" : " (continueBackupOnFailure is false)", pre->exit_stop);
    }
    sink(context, "whenPreScriptFails", s.text);
    s.length = 0;
    int status = go_on ? post->exit_continue : post->exit_stop;
    statement_say(&s, "the snapshot exists already and counts as %s, exit status %d",
        grade_name(go_on ? post->grade_continue : post->grade_stop), status);
    sink(context, "whenPostScriptFails", s.text);
}

void explain_plugin(const struct report *r, uint32_t plugin, statement_sink *sink, void *context)
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
        statement_say(&s, "%.*s", (int)names[i].text.length, r->text + names[i].text.offset);
        if (s.length > 0) {
            sink(context, names[i].key, s.text);
        }
    }
    for (unsigned phase = 0; phase < PHASES; phase++) {
        const struct report_hook *h = &r->hooks[WIRE_SLOT(plugin, phase)];
        s.length = 0;
        statement_say(&s, "%.*s", (int)h->path.length, r->text + h->path.offset);
        if (h->used != 0 && s.length > 0) {
            statement_say(&s, "%s", h->skipped != 0 ? " (would not be run, see the findings)" : "");
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

static void print_statement(void *context, const char *key, const char *text)
{
    statement_print(context, key, text, sanitise_print);
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
    char safe[STATEMENT_MAX];
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
        statement_say(&name, "%.*s", (int)r->plugins[i].name.length, r->text + r->plugins[i].name.offset);
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
