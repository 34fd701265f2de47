/*
 * loading.h - documents, plans and a mount table for the state machine.
 */
#ifndef TEST_SUPERVISOR_LOADING_H
#define TEST_SUPERVISOR_LOADING_H

#include "supervisor/world.h"

#include <sha2.h>

/* ---- what is loaded ------------------------------------------------------------------ */

struct setup {
    uint32_t mode, retries, timeout, grace, host_timeout, plugins;
    bool not_continue, not_freeze, forbid_survivors, missing_post;
    bool no_plugins, no_fsfreeze; /* vmbackup.conf says fsfreeze False */
    bool no_post_path; /* the missing one is "", as the template ships it */
    bool with_unusable, parser_died; /* of the documents of kind unusable */
    uint32_t unusable;
    unsigned pin; /* 1: the digest of "/pre"; 2: another one */
    enum allow_crash allow_crash;
    bool held;
};

static int sealed(const char *text)
{
    int fd = memfd_create("document", MFD_CLOEXEC);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

/* A copy of a document with its path as its bytes; its answer, unless it is NULL. */
static void document(uint32_t kind, uint32_t plugin, uint32_t phase, const char *path, const void *answer)
{
    static struct msg_document d;
    int fd = sealed(path);

    memset(&d, 0, sizeof(d));
    d.kind = kind;
    d.plugin = plugin;
    d.phase = phase;
    d.answered = answer != NULL;
    strcpy(d.path, path);
    say(w.monitor, MSG_DOCUMENT, &d, &fd, 1);
    close(fd);
    if (answer)
        say(w.monitor, WIRE_ANSWER(kind), answer, NULL, 0);
}

/* The same, but its parser found an error in it, or died over it. */
MAYBE static void spoiled(const struct setup *s, uint32_t kind, uint32_t plugin, const char *path)
{
    static union wire_any answer;
    struct plan_head *head = (struct plan_head *)&answer;

    head->findings_count = 1;
    head->findings[0].severity = FINDING_ERROR;
    head->findings[0].code = 305;
    head->findings[0].line = 3;
    head->findings[0].column = 14;
    strcpy(head->findings[0].key, "timeoutInSeconds");
    strcpy(head->findings[0].message, "must be 1 to 1800");
    document(kind, plugin, 0, path, s->parser_died ? NULL : &answer);
}

MAYBE static bool is_spoiled(const struct setup *s, uint32_t kind)
{
    return s->with_unusable && s->unusable == kind;
}

MAYBE static void absent(uint32_t kind, uint32_t plugin, uint32_t phase, const char *path)
{
    static struct msg_document d;

    memset(&d, 0, sizeof(d));
    d.kind = kind;
    d.plugin = plugin;
    d.phase = phase;
    d.walk.verdict = path[0] ? WALK_MISSING : WALK_PATH;
    strcpy(d.path, path);
    strcpy(d.walk.component, path);
    say(w.monitor, MSG_DOCUMENT, &d, NULL, 0);
}

static void load_plugin(const struct setup *s, uint32_t index)
{
    static struct plugin_plan plan;
    static struct policy_plan policy;
    SHA2_CTX context;

    memset(&plan, 0, sizeof(plan));
    plan.head.usable = 1;
    snprintf(plan.name, sizeof(plan.name), "plugin%u", index);
    strcpy(plan.policy, "default");
    plan.continue_on_failure = !s->not_continue;
    plan.freeze = !s->not_freeze;
    plan.timeout_seconds = s->timeout ? s->timeout : 30;
    plan.poll_seconds = 1;
    plan.grace_seconds = s->grace;
    plan.scripts[PHASE_PRE].retries = plan.scripts[PHASE_POST].retries = s->retries;
    strcpy(plan.scripts[PHASE_PRE].path, "/pre");
    strcpy(plan.scripts[PHASE_POST].path, "/post");
    if (s->pin) {
        plan.scripts[PHASE_PRE].pinned = 1;
        SHA256Init(&context);
        SHA256Update(&context, (const uint8_t *)"/pre", s->pin == 1 ? 4 : 3);
        SHA256Final(plan.scripts[PHASE_PRE].sha256, &context);
    }
    if (is_spoiled(s, DOC_PLUGIN)) {
        spoiled(s, DOC_PLUGIN, index, "/etc/azure/plugin.json");
        return;
    }
    document(DOC_PLUGIN, index, 0, "/etc/azure/plugin.json", &plan);

    memset(&policy, 0, sizeof(policy));
    policy.head.usable = 1;
    policy.flags = s->forbid_survivors ? POLICY_FORBID_SURVIVORS : 0;
    policy.filter_length = 1;
    policy.filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES);
    if (is_spoiled(s, DOC_POLICY))
        spoiled(s, DOC_POLICY, index, "/usr/share/policy/default.json");
    else
        document(DOC_POLICY, index, 0, "/usr/share/policy/default.json", &policy);
    document(DOC_KINDS, index, PHASE_PRE, "/pre", NULL);
    if (s->missing_post)
        absent(DOC_KINDS, index, PHASE_POST, s->no_post_path ? "" : "/post");
    else
        document(DOC_KINDS, index, PHASE_POST, "/post", NULL);
}

static void load_mounts(void)
{
    static struct mount_plan mounts;
    static const char text[] = "/data\0/dev/vdb\0/data/inner\0/dev/loop0";

    memset(&mounts, 0, sizeof(mounts));
    mounts.head.usable = 1;
    mounts.count = 2;
    memcpy(mounts.text, text, sizeof(text));
    mounts.text_length = sizeof(text);
    mounts.entries[0] = (struct fs_entry){.major = 254, .minor = 16, .mount_points = 1, .type = "ext4", .mount_point = 0, .source = 6};
    mounts.entries[1] = (struct fs_entry){.major = 7, .minor = 0, .mount_points = 1, .type = "xfs", .mount_point = 15, .source = 27};
    document(DOC_MOUNTS, UINT32_MAX, 0, "/proc/self/mountinfo", &mounts);
}

MAYBE static void load(const struct setup *s)
{
    static struct msg_options options;
    static struct host_plan host;
    static const struct msg_topology topology = {.count = 1, .devices = {{7, 0, 254, 16}}};
    static const struct vmbackup_plan no_freeze = {.head.usable = 1, .timeout_seconds = 60};
    struct msg_loaded loaded = {.has_cgroup = 0, .has_expedite = 1, .has_journal = 1, .has_record = 1};

    memset(&options, 0, sizeof(options));
    strcpy(options.run_id, "0123456789abcdef0123456789abcdef");
    options.mode = (uint8_t)s->mode;
    options.allow_crash = (uint8_t)s->allow_crash;
    options.held = s->held ? 1 : 0;
    say(w.front, MSG_OPTIONS, &options, NULL, 0);
    say(w.front, MSG_TOPOLOGY, &topology, NULL, 0);
    if (is_spoiled(s, DOC_VMBACKUP))
        spoiled(s, DOC_VMBACKUP, UINT32_MAX, "/etc/azure/vmbackup.conf");
    else if (s->no_fsfreeze)
        document(DOC_VMBACKUP, UINT32_MAX, 0, "/etc/azure/vmbackup.conf", &no_freeze);
    else
        absent(DOC_VMBACKUP, UINT32_MAX, 0, "/etc/azure/vmbackup.conf");
    memset(&host, 0, sizeof(host));
    host.head.usable = 1;
    host.timeout_seconds = s->host_timeout ? s->host_timeout : 1800;
    if (is_spoiled(s, DOC_HOST))
        spoiled(s, DOC_HOST, UINT32_MAX, "/etc/azure/host.conf");
    else
        document(DOC_HOST, UINT32_MAX, 0, "/etc/azure/host.conf", &host);
    for (uint32_t i = 0; !s->no_plugins && !is_spoiled(s, DOC_HOST) && i < (s->plugins ? s->plugins : 1); i++)
        load_plugin(s, i);
    load_mounts();
    say(w.monitor, MSG_LOADED, &loaded, NULL, 0);
}

#endif
