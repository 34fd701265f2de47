/*
 * documents.c - what the monitor loaded: into the run's facts and the report.
 */
#include "documents.h"

#include <sha2.h>
#include <string.h>
#include <unistd.h>

#include "base/bpf.h"
#include "base/fatal.h"
#include "base/paths.h"
#include "base/plan_check.h"
#include "base/report.h"
#include "base/utf8.h"
#include "walk.h"

static const enum outcome well = OUTCOME_APP_CONSISTENT;

bool documents_digest(int fd, uint8_t digest[32])
{
    static uint8_t chunk[65536];
    SHA2_CTX context;
    off_t at = 0;
    ssize_t n;

    SHA256Init(&context);
    while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
        SHA256Update(&context, chunk, (size_t)n);
        at += n;
    }
    SHA256Final(digest, &context);
    return n == 0;
}

/* What a document that cannot be used means, by kind; a script never has an answer. */
static enum outcome unusable(uint32_t kind)
{
    static const enum outcome outcomes[DOC_KINDS] = {
        [DOC_HOST] = OUTCOME_HOST_CONFIG_WRONG,     [DOC_VMBACKUP] = OUTCOME_BACKUP_CONFIG_WRONG,
        [DOC_PLUGIN] = OUTCOME_PLUGIN_CONFIG_WRONG, [DOC_POLICY] = OUTCOME_PLUGIN_CONFIG_WRONG,
        [DOC_PASSWD] = OUTCOME_PLUGIN_CONFIG_WRONG, [DOC_GROUP] = OUTCOME_PLUGIN_CONFIG_WRONG,
        [DOC_MOUNTS] = OUTCOME_FREEZE_FAILED,
    };
    return outcomes[kind];
}

/* Something is wrong with a document: the heaviest counts, and so does its plugin's C. */
static void blame(struct run *run, uint32_t plugin, enum outcome outcome)
{
    if (outcome == OUTCOME_FREEZE_FAILED)
        run->facts.plan = heavier(run->facts.plan, outcome);
    else
        run->facts.documents = heavier(run->facts.documents, outcome);
    if (plugin < PLAN_PLUGINS_MAX && run->plugin_usable[plugin] && !run->plugins[plugin].continue_on_failure)
        run->facts.continue_on_failure = false;
}

static void check_bounds(const struct msg_document *d)
{
    bool of_plugin = d->kind == DOC_PLUGIN || d->kind == DOC_POLICY || d->kind == DOC_PASSWD || d->kind == DOC_GROUP ||
                     d->kind == DOC_KINDS;

    if (d->kind > DOC_KINDS || (of_plugin ? d->plugin >= PLAN_PLUGINS_MAX : d->plugin != UINT32_MAX) ||
        d->phase >= PHASES || d->answered > 1 || d->walk.verdict >= WALK_VERDICTS ||
        strnlen(d->path, sizeof(d->path)) == sizeof(d->path) ||
        strnlen(d->walk.component, sizeof(d->walk.component)) == sizeof(d->walk.component) ||
        (d->answered && (d->kind == DOC_KINDS || d->walk.verdict != WALK_OK)))
        fatal("a DOCUMENT out of its bounds", 0);
}

/* One row per document; the same file for several plugins (passwd, a policy) has one. */
static void record(struct run *run, const struct msg_document *d, const uint8_t *digest)
{
    struct report *r = run->report;
    struct report_document *to;

    for (uint32_t i = 0; i < r->documents_count; i++) {
        const struct report_document *known = &r->documents[i];

        if (known->kind == d->kind && known->present == (digest != NULL) && known->path.length == strlen(d->path) &&
            memcmp(r->text + known->path.offset, d->path, known->path.length) == 0 &&
            (!digest || memcmp(known->sha256, digest, sizeof(known->sha256)) == 0))
            return;
    }
    if (r->documents_count == sizeof(r->documents) / sizeof(r->documents[0])) {
        run_finding(run, FINDING_WARNING, FINDING_SYSTEM, OUTCOME_APP_CONSISTENT, d->path,
                    "the report has no place for this document's digest");
        return;
    }
    to = &r->documents[r->documents_count++];
    to->kind = d->kind;
    to->path = report_text_add_string(r, d->path);
    to->present = digest != NULL;
    if (digest)
        memcpy(to->sha256, digest, sizeof(to->sha256));
}

/* A script's row among the hooks, and its pinned digest. */
static void take_script(struct run *run, const struct msg_document *d, const uint8_t *digest)
{
    struct report_hook *hook = &run->report->hooks[WIRE_SLOT(d->plugin, d->phase)];
    const struct script_plan *script = &run->plugins[d->plugin].scripts[d->phase];

    if (!run->plugin_usable[d->plugin])
        fatal("a script of a plugin that was not announced", 0);
    hook->used = 1;
    hook->plugin = run->report->plugins[d->plugin].name;
    hook->policy = run->report->plugins[d->plugin].policy;
    hook->path = report_text_add_string(run->report, d->path);
    if (!digest)
        return;
    hook->has_sha256 = 1;
    memcpy(hook->sha256, digest, sizeof(hook->sha256));
    if (script->pinned && memcmp(script->sha256, digest, sizeof(script->sha256)) != 0) {
        blame(run, d->plugin, OUTCOME_CHECKSUM_MISMATCH);
        run_finding(run, FINDING_ERROR, FINDING_DIGEST, OUTCOME_CHECKSUM_MISMATCH, d->path,
                    "the script's SHA-256 is not the one that plugin '%s' pins", run->plugins[d->plugin].name);
    }
}

/* Says why there is no copy, unless the document may be absent. */
static void refuse(struct run *run, const struct msg_document *d)
{
    static const char *const keys[PHASES] = {[PHASE_PRE] = "preScriptLocation", [PHASE_POST] = "postScriptLocation"};
    struct finding f = {.code = outcome_table[walk_outcome(d)].code, .severity = FINDING_ERROR};
    const char *file = d->path;

    if (walk_outcome(d) == well)
        return;
    walk_finding(d, &f);
    if (d->kind == DOC_KINDS && d->path[0] == '\0') { /* no script to name, but a place that names none */
        file = run->config_paths[d->plugin];
        memcpy(f.key, keys[d->phase], strlen(keys[d->phase]) + 1);
    }
    report_finding_add(run->report, &f, file);
    blame(run, d->plugin, walk_outcome(d));
}

bool documents_take(struct run *run, struct wire_packet *packet)
{
    struct msg_document *d = &run->document;
    uint8_t digest[32];
    bool present = packet->fds_count == 1;

    memcpy(d, packet->body, sizeof(*d));
    check_bounds(d);
    if (present != (d->walk.verdict == WALK_OK) || (present && !documents_digest(packet->fds[0], digest)))
        fatal("a DOCUMENT without its copy", 0);
    wire_close(packet);
    if (d->kind == DOC_PLUGIN && d->plugin >= run->plugins_count) {
        run->plugins_count = d->plugin + 1;
        run->report->plugins_count = run->plugins_count;
        run->report->plugins[d->plugin].config_path = report_text_add_string(run->report, d->path);
        memcpy(run->config_paths[d->plugin], d->path, sizeof(d->path));
    }
    record(run, d, present ? digest : NULL);
    if (!present)
        refuse(run, d);
    if (d->kind == DOC_KINDS)
        take_script(run, d, present ? digest : NULL);
    else if (present && !d->answered) {
        blame(run, d->plugin, unusable(d->kind));
        run_finding(run, FINDING_ERROR, FINDING_SYNTAX, unusable(d->kind), d->path,
                    "its parser ended without an answer that could be used");
    }
    return d->answered;
}

/* ---- answers ------------------------------------------------------------------- */

static void want_no_freeze(struct run *run, enum no_freeze why)
{
    run->facts.freeze_wanted = false;
    run->report->no_freeze = (uint8_t)why;
}

static void take_plugin(struct run *run, uint32_t index, const struct plugin_plan *plan)
{
    struct report_plugin *p = &run->report->plugins[index];

    run->plugins[index] = *plan;
    run->plugin_usable[index] = true;
    if (!plan->freeze)
        want_no_freeze(run, NO_FREEZE_PLUGIN);
    p->used = 1;
    p->name = report_text_add_string(run->report, plan->name);
    p->app_name = report_text_add_string(run->report, plan->app_name);
    p->policy = report_text_add_string(run->report, plan->policy);
    p->user = report_text_add_string(run->report, plan->run_as);
    p->continue_on_failure = plan->continue_on_failure;
    p->freeze = plan->freeze;
    p->timeout_seconds = plan->timeout_seconds;
    p->poll_seconds = plan->poll_seconds;
    p->grace_seconds = plan->grace_seconds;
    for (size_t i = 0; i < PHASES; i++)
        p->retries[i] = plan->scripts[i].retries;
}

static void take_policy(struct run *run, uint32_t index, const struct policy_plan *policy)
{
    struct report_plugin *p = &run->report->plugins[index];

    /* Denied calls are answered by running this program. */
    if (bpf_check(policy->filter, policy->filter_length) != 0)
        fatal("a policy's filter is not well formed", 0);
    p->effective = *policy;
    memset(&p->effective.head, 0, sizeof(p->effective.head));
    p->effective.head.usable = 1;
    p->has_policy = 1;
    if (run->plugins[index].run_as[0] == '\0' && policy->flags & POLICY_HAS_USER) {
        p->uid = policy->uid;
        p->gid = policy->gid;
    }
}

static void take_usable(struct run *run, const void *body)
{
    uint32_t plugin = run->document.plugin;

    switch ((enum document_kind)run->document.kind) {
    case DOC_HOST:
        run->host_timeout = ((const struct host_plan *)body)->timeout_seconds;
        break;
    case DOC_VMBACKUP:
        run->vmbackup = *(const struct vmbackup_plan *)body;
        if (!run->vmbackup.freeze)
            want_no_freeze(run, NO_FREEZE_HOST);
        break;
    case DOC_PLUGIN:
        take_plugin(run, plugin, body);
        break;
    case DOC_POLICY:
        take_policy(run, plugin, body);
        break;
    case DOC_PASSWD:
        run->report->plugins[plugin].uid = ((const struct passwd_plan *)body)->uid;
        policy_narrow(&run->report->plugins[plugin].effective, run->report->plugins[plugin].uid);
        run->report->plugins[plugin].gid = ((const struct passwd_plan *)body)->gid;
        break;
    case DOC_MOUNTS:
        run->mounts = *(const struct mount_plan *)body;
        break;
    case DOC_GROUP: /* the launcher has them from the monitor */
    case DOC_KINDS:
    default:
        break;
    }
}

void documents_answer(struct run *run, const struct wire_packet *packet)
{
    const struct plan_head *head = packet->body;
    const struct msg_document *d = &run->document;

    if (packet->type != WIRE_ANSWER(d->kind) || !plan_valid((enum document_kind)d->kind, packet->body))
        fatal("an answer that is not the document's", (int)packet->type);
    for (uint32_t i = 0; i < head->findings_count; i++)
        report_finding_add(run->report, &head->findings[i], d->path);
    if (head->usable)
        take_usable(run, packet->body);
    else
        blame(run, d->plugin, unusable(d->kind));
}

/* ---- the mount table -------------------------------------------------------------- */

void documents_choose(struct run *run)
{
    const struct freeze_wishes wishes = {&run->options.mounts, &run->options.exclude, &run->vmbackup.skip};
    struct report *r = run->report;

    freeze_choose(&run->mounts, &run->topology, &wishes, &run->plan);
    for (uint32_t i = 0; i < run->plan.issues_count; i++)
        if (!run->surveyed || run->plan.issues[i].severity == FINDING_ERROR) /* warnings have been given */
            report_finding_add(r, &run->plan.issues[i], "");
    memset(r->fs, 0, sizeof(r->fs));
    r->fs_count = run->mounts.count;
    for (uint32_t i = 0; i < run->mounts.count; i++) {
        const struct fs_entry *e = &run->mounts.entries[i];
        struct report_fs *f = &r->fs[i];

        f->major = e->major;
        f->minor = e->minor;
        f->skip = run->plan.skip[i];
        f->level = f->skip == FS_ELIGIBLE ? run->plan.level[i] : 0;
        utf8_sanitize(f->type, sizeof(f->type), e->type, strlen(e->type));
        f->mount_point = report_text_add_string(r, run->mounts.text + e->mount_point);
        f->device = report_text_add_string(r, run->mounts.text + e->source);
    }
}

static void choose_file_systems(struct run *run)
{
    if (!run->mounts.head.usable) /* why has been said, and no name means anything */
        return;
    documents_choose(run);
    run->facts.plan = heavier(run->facts.plan, run->plan.outcome);
    if (run->plan.outcome != well && run->report->no_freeze == NO_FREEZE_NONE)
        run->report->no_freeze = NO_FREEZE_PLAN;
    if (run->plan.outcome == well && run->plan.count == 0 && run->facts.freeze_wanted) {
        run_finding(run, FINDING_WARNING, FINDING_MOUNT, OUTCOME_FREEZE_FAILED, "",
                    "there is no file system to freeze among those asked for");
        run->facts.freeze_wanted = false;
    }
}

/* A limit that the machine cannot hold is no reason to run no backup, and none to be
 * silent about. */
static void look_at_limits(struct run *run, const struct report_plugin *plugin)
{
    const struct policy_limits *l = &plugin->effective.limits;
    const struct {
        bool asked;
        enum limit limit;
        const char *what;
    } rows[] = {
        {l->pids != 0, LIMIT_PIDS, "the number of processes (controller pids)"},
        {l->memory != 0 || l->reservation != 0, LIMIT_MEMORY, "memory (controller memory)"},
        {l->swap != 0 && run->loaded.limits >> LIMIT_MEMORY & 1, LIMIT_SWAP, "swap (controller memory, swapaccount)"},
    };

    for (size_t i = 0; plugin->has_policy && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].asked && (run->loaded.limits >> rows[i].limit & 1) == 0)
            run_finding(run, FINDING_WARNING, FINDING_SYSTEM, OUTCOME_APP_CONSISTENT, "",
                        "the policy of plugin '%.*s' limits %s, which this machine's cgroups cannot: its scripts run "
                        "without that limit",
                        (int)plugin->name.length, run->report->text + plugin->name.offset, rows[i].what);
}

void documents_complete(struct run *run)
{
    struct report *r = run->report;

    choose_file_systems(run);
    run->facts.plugins = run->plugins_count;
    for (uint32_t i = 0; i < run->plugins_count; i++)
        for (uint32_t phase = 0; phase < PHASES; phase++)
            if (run->plugin_usable[i] && !r->hooks[WIRE_SLOT(i, phase)].used)
                fatal("a plugin without its scripts", (int)i);
    for (uint32_t i = 0; i < run->plugins_count; i++)
        look_at_limits(run, &r->plugins[i]);
    if (!run->loaded.has_cgroup)
        run_finding(run, FINDING_WARNING, FINDING_SYSTEM, OUTCOME_APP_CONSISTENT, "",
                    "there is no cgroup v2, or one outside of /sys/fs/cgroup: scripts are kept together by a PID "
                    "namespace instead");
    if (!run->loaded.has_expedite && run->options.mode == MODE_CHECK)
        run_finding(run, FINDING_WARNING, FINDING_SYSTEM, OUTCOME_APP_CONSISTENT, "",
                    "RCU grace periods cannot be expedited, or shall not be: a freeze takes some 30 ms longer");
    if (!run->loaded.has_record)
        run_finding(run, FINDING_WARNING, FINDING_SYSTEM, OUTCOME_APP_CONSISTENT, "",
                    QUIESCE_RUN_DIR " is not in memory: should every process of a run be killed at once, "
                    "'quiesce recover' cannot thaw what it had frozen");
    if (!run->loaded.has_journal && run->options.mode == MODE_RUN)
        run_finding(run, FINDING_WARNING, FINDING_SYSTEM, OUTCOME_APP_CONSISTENT, "",
                    "the journal cannot be opened, or not root alone can write there: this run is not recorded");
}
