#include "parser/document.h"

#include <string.h>
#include <sys/syscall.h>

#include "base/bpf.h"
#include "base/native.h"
#include "parser/finding.h"
#include "parser/group.h"
#include "parser/host.h"
#include "parser/mounts.h"
#include "parser/passwd.h"
#include "parser/plugin.h"
#include "parser/policy_file.h"
#include "parser/vmbackup.h"

enum { CODE_POLICY = 305 };

struct input {
    const char *argument, *bytes;
    size_t n;
    const void *compiled;
    size_t compiled_size;
};

static void parse_host(const struct input *in, void *out)
{
    host_parse(in->bytes, in->n, out);
}

static void parse_vmbackup(const struct input *in, void *out)
{
    vmbackup_parse(in->bytes, in->n, out);
}

static void parse_plugin(const struct input *in, void *out)
{
    plugin_parse(in->bytes, in->n, out);
}

/* Of the addresses any could be real, for an entry that compares them. */
static bool allows_execve(const struct policy_plan *plan)
{
    const struct seccomp_data call = {
        .nr = SYS_execve, .arch = NATIVE_ARCH, .args = {0x7f0000001000, 0x7f0000002000, 0x7f0000003000}};
    uint32_t action = bpf_run(plan->filter, plan->filter_length, &call) & SECCOMP_RET_ACTION_FULL;

    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* A script's first call is made behind its filter, by whoever waits for it. */
static void parse_policy(const struct input *in, void *out)
{
    struct policy_plan *plan = out;

    policy_parse(plan, in->bytes, in->n, in->compiled, in->compiled_size);
    if (plan->head.usable && !allows_execve(plan))
        finding_add(&plan->head, CODE_POLICY, FINDING_ERROR, FINDING_POLICY, (struct place){0, 0}, "linux.seccomp",
                    "does not allow execve, with which the script itself is started");
}

static void parse_passwd(const struct input *in, void *out)
{
    passwd_parse(in->argument, in->bytes, in->n, out);
}

static void parse_group(const struct input *in, void *out)
{
    group_parse(in->argument, in->bytes, in->n, out);
}

static void parse_mounts(const struct input *in, void *out)
{
    mounts_parse(in->bytes, in->n, out);
}

static const struct kind {
    void (*parse)(const struct input *, void *plan_out);
    size_t plan_size;
    size_t bytes_max;
    uint32_t code; /* of a document that is too large */
} kinds[DOC_KINDS] = {
    [DOC_HOST] = {parse_host, sizeof(struct host_plan), DOC_CONFIG_BYTES_MAX, 304},
    [DOC_VMBACKUP] = {parse_vmbackup, sizeof(struct vmbackup_plan), DOC_CONFIG_BYTES_MAX, 304},
    [DOC_PLUGIN] = {parse_plugin, sizeof(struct plugin_plan), DOC_CONFIG_BYTES_MAX, 305},
    [DOC_POLICY] = {parse_policy, sizeof(struct policy_plan), DOC_POLICY_BYTES_MAX, CODE_POLICY},
    [DOC_PASSWD] = {parse_passwd, sizeof(struct passwd_plan), DOC_SYSTEM_BYTES_MAX, 305},
    [DOC_GROUP] = {parse_group, sizeof(struct group_plan), DOC_SYSTEM_BYTES_MAX, 305},
    [DOC_MOUNTS] = {parse_mounts, sizeof(struct mount_plan), DOC_SYSTEM_BYTES_MAX, 121},
};

size_t document_bytes_max(enum document_kind kind)
{
    return kinds[kind].bytes_max;
}

void document_parse(enum document_kind kind, const char *argument, const char *bytes, size_t n, const void *compiled,
                    size_t compiled_size, void *plan_out)
{
    const struct kind *k = &kinds[kind];
    const struct input in = {argument, bytes, n, compiled, compiled_size};
    struct plan_head *head = plan_out;

    if (n > k->bytes_max) {
        finding_begin(head);
        finding_add(head, k->code, FINDING_ERROR, FINDING_SYNTAX, (struct place){0, 0}, "",
                    "the document is larger than %zu bytes", k->bytes_max);
    } else {
        k->parse(&in, plan_out);
    }
    /* Half a plan is none: only what was found may be told. */
    if (!head->usable) memset((char *)plan_out + sizeof(*head), 0, k->plan_size - sizeof(*head));
}
