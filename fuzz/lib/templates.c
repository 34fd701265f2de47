#include "templates.h"

#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "fuzz.h"
#include "parser/document.h"

/* libseccomp is not instrumented: what it hands to memcmp(3) and writes is known to nobody. */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define ELSEWHERE_BEGIN() __msan_scoped_disable_interceptor_checks()
#define ELSEWHERE_END(at, size) (__msan_scoped_enable_interceptor_checks(), __msan_unpoison(at, size))
#endif
#endif
#ifndef ELSEWHERE_BEGIN
#define ELSEWHERE_BEGIN() (void)0
#define ELSEWHERE_END(at, size) (void)0
#endif

static const struct {
    const char *argument, *text;
} documents[DOC_KINDS] = {
    [DOC_HOST] = {"", "[pre_post]\ntimeoutInSeconds: 60\nnumberOfPlugins: 2\npluginName0: a\npluginConfigPath0: /etc/a.json\n"
                      "pluginName1: b\npluginConfigPath1: /etc/b.json\n"},
    [DOC_VMBACKUP] = {"", "[SnapshotThread]\ntimeout: 60\nMountsToSkip: /skipped\n"},
    [DOC_PLUGIN] = {"", "{\"preScriptLocation\":\"/opt/pre\",\"postScriptLocation\":\"/opt/post\",\"preScriptParams\":[\"x\"],"
                        "\"preScriptNoOfRetries\":1,\"timeoutInSeconds\":20,\"quiesce\":{\"policy\":\"strict\",\"runAs\":\"db\"}}"},
    [DOC_POLICY] = {"", "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"execve\",\"read\"],"
                        "\"action\":\"SCMP_ACT_ALLOW\"}]}"},
    [DOC_PASSWD] = {"db", "db:x:107:113::/var/lib/db:/bin/sh\n"},
    [DOC_GROUP] = {"db", "a:x:4:db\nb:x:5:db\n"},
    [DOC_MOUNTS] = {"", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /data rw - xfs /dev/sdb1 rw\n"
                        "3 2 7:0 / /data/image rw - ext4 /dev/loop0 rw\n4 1 8:3 / /skipped rw - ext4 /dev/sdc1 rw\n"
                        "5 1 0:30 / /net rw - nfs4 host:/ rw\n6 1 8:4 / /ro ro - ext4 /dev/sdd1 ro\n"},
};

const void *template_plan(enum document_kind kind)
{
    static union document_plan plans[DOC_KINDS]; /* large */
    static bool made[DOC_KINDS];

    if (!made[kind]) {
        ELSEWHERE_BEGIN();
        document_parse(kind, documents[kind].argument, documents[kind].text, strlen(documents[kind].text), NULL, 0,
                       &plans[kind]);
        ELSEWHERE_END(&plans[kind], sizeof(plans[kind]));
        FUZZ_CHECK(plans[kind].head.usable, "a template is refused: %s", plans[kind].head.findings[0].message);
        made[kind] = true;
    }
    return &plans[kind];
}

/* What is frozen of the mount table: everything eligible that is not left out, "/" last. */
static void fill_freeze(struct msg_freeze *m)
{
    const struct mount_plan *mounts = template_plan(DOC_MOUNTS);

    for (uint32_t level = 0; level < 2; level++) {
        for (uint32_t i = 0; i < mounts->count; i++) {
            const struct fs_entry *e = &mounts->entries[i];
            if (e->is_root == level && e->skip == FS_ELIGIBLE && strcmp(mounts->text + e->mount_point, "/skipped") != 0) {
                m->targets[m->count++] = (struct freeze_target){i, level};
            }
        }
    }
    m->timeout_ms = 60000;
}

static void fill_state(uint32_t type, struct msg_freeze_state *m)
{
    struct msg_freeze freeze = {0};

    fill_freeze(&freeze);
    m->count = freeze.count;
    m->word = type == MSG_FROZEN ? (uint32_t)FREEZE_OK : (uint32_t)THAW_ASKED;
    m->deadline_boottime_ns = UINT64_C(1060000000000);
    for (uint32_t i = 0; i < m->count; i++) {
        m->results[i] = (struct fs_result){.index = freeze.targets[i].index,
            .state = (uint8_t)(type == MSG_FROZEN ? FS_FROZEN : FS_THAWED), .flush_ns = 1000, .freeze_ns = 2000,
            .frozen_ns = type == MSG_FROZEN ? 0 : 3000, .thaw_ns = type == MSG_FROZEN ? 0 : 500};
    }
}

static void fill_request(struct msg_request *m)
{
    memset(m->run_id, 'a', sizeof(m->run_id) - 1);
    m->mode = MODE_RUN;
    snprintf(m->host_config, sizeof(m->host_config), "/etc/host.conf");
    snprintf(m->vmbackup_config, sizeof(m->vmbackup_config), "/etc/vmbackup.conf");
    snprintf(m->plugin_config, sizeof(m->plugin_config), "/etc/plugin.json");
    snprintf(m->policy_dir, sizeof(m->policy_dir), "/usr/share/policy");
    snprintf(m->program_dir, sizeof(m->program_dir), "/usr/libexec/quiesce");
}

static void fill_hook(struct msg_hook *m)
{
    snprintf(m->path, sizeof(m->path), "/opt/pre");
    snprintf(m->home, sizeof(m->home), "/root");
    m->args_count = 1;
    m->args_length = sizeof("x");
    memcpy(m->args, "x", sizeof("x"));
}

static void fill_denied(struct msg_denied *m)
{
    m->number = 59;
    m->arch = 0xC000003E;
    m->error = 1;
    memcpy(m->comm, "sh", 3);
    m->memory[0] = (struct call_memory){.state = MEMORY_READ, .length = 4, .bytes = "/bin"};
}

void template_message(uint32_t type, union wire_any *body)
{
    if (type >= WIRE_ANSWER(0) && type < WIRE_ANSWER(DOC_KINDS)) {
        enum document_kind kind = (enum document_kind)(type - WIRE_ANSWER(0));
        memcpy(body, template_plan(kind), wire_length(type));
    } else if (type == MSG_REQUEST) {
        fill_request(&body->as_MSG_REQUEST);
    } else if (type == MSG_OPTIONS) {
        memset(body->as_MSG_OPTIONS.run_id, 'a', WIRE_RUN_ID_MAX - 1);
    } else if (type == MSG_FREEZE) {
        fill_freeze(&body->as_MSG_FREEZE);
    } else if (type == MSG_FROZEN || type == MSG_THAWED) {
        fill_state(type, &body->as_MSG_FROZEN);
    } else if (type == MSG_POLICY) {
        memcpy(&body->as_MSG_POLICY.plan, template_plan(DOC_POLICY), sizeof(body->as_MSG_POLICY.plan));
    } else if (type == MSG_HOOK) {
        fill_hook(&body->as_MSG_HOOK);
    } else if (type == MSG_SEAL) {
        memset(body->as_MSG_SEAL.run_id, 'a', WIRE_RUN_ID_MAX - 1);
        snprintf(body->as_MSG_SEAL.program_dir, sizeof(body->as_MSG_SEAL.program_dir), "/usr/libexec/quiesce");
    } else if (type == MSG_START || type == MSG_STARTED) {
        body->as_MSG_START.attempt = 1;
    } else if (type == MSG_DENIED) {
        fill_denied(&body->as_MSG_DENIED);
    } else if (type == MSG_DENIED_MORE) {
        body->as_MSG_DENIED_MORE = (struct msg_denied_more){.number = 59, .arch = 0xC000003E, .count = 7};
    } else if (type == MSG_EXECED) {
        body->as_MSG_EXECED = (struct msg_execed){.pid = 4242, .layers = 7};
    } else if (type == MSG_EXITED) {
        body->as_MSG_EXITED = (struct msg_exited){.cpu_us = 1500, .max_rss_kib = 2048};
    } else if (type == MSG_DOCUMENT) {
        body->as_MSG_DOCUMENT.plugin = UINT32_MAX;
        snprintf(body->as_MSG_DOCUMENT.path, sizeof(body->as_MSG_DOCUMENT.path), "/etc/x");
    } else if (type == MSG_PROGRESS) {
        snprintf(body->as_MSG_PROGRESS.plugin, sizeof(body->as_MSG_PROGRESS.plugin), "orders");
    }
}
