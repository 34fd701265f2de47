/*
 * Each row takes a valid plan of one kind, spoils one member, and expects a refusal.
 */
#include "base/plan_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/seccomp.h>

#include "quiesce/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static union {
    struct plan_head head;
    struct host_plan host;
    struct vmbackup_plan vmbackup;
    struct plugin_plan plugin;
    struct policy_plan policy;
    struct passwd_plan passwd;
    struct group_plan group;
    struct mount_plan mounts;
} plan;

static void set(char *to, const char *text)
{
    memcpy(to, text, strlen(text) + 1);
}

/* One variable in the place of the last one, which "A=" stands for in a policy. */
static void set_env(char *env, uint32_t *length, const char *variable)
{
    uint32_t last = *length;
    while (last > 1 && env[last - 2] != '\0') {
        last--;
    }
    last = last == 1 ? 0 : last - 1;
    set(env + last, variable);
    *length = last + (uint32_t)strlen(variable) + 1;
}

/* Everything as large as it may be. */
static void make_host(void)
{
    plan.host.timeout_seconds = PLAN_TIMEOUT_MAX;
    plan.host.plugins_count = PLAN_PLUGINS_MAX;
    for (unsigned i = 0; i < PLAN_PLUGINS_MAX; i++) {
        set(plan.host.plugins[i].name, "n");
        memset(plan.host.plugins[i].config_path, '/', PLAN_PATH_MAX - 1);
    }
}

static void make_vmbackup(void)
{
    plan.vmbackup.freeze = 1;
    plan.vmbackup.timeout_seconds = 1;
    plan.vmbackup.skip.count = 2;
    plan.vmbackup.skip.length = 6;
    memcpy(plan.vmbackup.skip.text, "/a\0/b", 6);
}

static void make_plugin(void)
{
    struct plugin_plan *p = &plan.plugin;

    set(p->name, "n");
    set(p->policy, "default");
    p->continue_on_failure = p->freeze = 1;
    p->timeout_seconds = p->poll_seconds = 1;
    p->grace_seconds = PLAN_GRACE_MAX;
    p->env_count = 2;
    p->env_length = 8;
    memcpy(p->env, "A=\0BC=d", 8);
    for (unsigned i = 0; i < PHASES; i++) {
        set(p->scripts[i].path, "/s");
        p->scripts[i].retries = UINT32_MAX - 1;
        p->scripts[i].pinned = 1;
        p->scripts[i].args_count = 3;
        p->scripts[i].args_length = 5;
        memcpy(p->scripts[i].args, "\0x\n\0", 5);
    }
}

static void make_policy(void)
{
    struct policy_plan *p = &plan.policy;

    p->flags = POLICY_FLAGS;
    p->groups_count = 1;
    p->cap_bounding = p->cap_inheritable = p->cap_ambient = (1ull << 41) - 1;
    p->rlimits_count = 1;
    p->rlimits[0] = (struct policy_rlimit){15, 0, 1, 1};
    p->limits = (struct policy_limits){POLICY_PIDS_MAX, POLICY_MEMORY_MIN, POLICY_MEMORY_MAX, POLICY_MEMORY_MIN};
    p->env_count = 1;
    p->env_length = 3;
    memcpy(p->env, "A=", 3);
    p->paths_count = 2;
    p->paths_length = 6;
    memcpy(p->paths_text, "/a\0/b", 6);
    p->paths[0] = (struct policy_path){PATH_TMPFS, 0};
    p->paths[1] = (struct policy_path){PATH_READONLY, 3};
    p->filter_length = 1;
    p->filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

static void make_passwd(void)
{
    plan.passwd.uid = plan.passwd.gid = UINT32_MAX - 1;
    set(plan.passwd.name, "n");
    set(plan.passwd.home, "/");
}

static void make_group(void)
{
    plan.group.count = PLAN_GROUPS_MAX;
}

static void make_mounts(void)
{
    struct mount_plan *p = &plan.mounts;

    p->count = 2;
    p->text_length = 9;
    memcpy(p->text, "/a\0s\0/\n\0", 9); /* a mount point may have any byte, a source may be empty */
    p->entries[0] = (struct fs_entry){.skip = FS_UNKNOWN, .is_root = 1, .mount_points = 1, .type = "ext4", .mount_point = 0, .source = 3};
    p->entries[1] = (struct fs_entry){.mount_points = 1, .type = "123456789012345", .mount_point = 5, .source = 8};
}

static void (*const make[DOC_KINDS])(void) = {make_host,   make_vmbackup, make_plugin, make_policy,
                                              make_passwd, make_group,    make_mounts};

static void make_plan(enum document_kind kind)
{
    memset(&plan, 0, sizeof(plan));
    plan.head.usable = 1;
    plan.head.findings_count = PLAN_FINDINGS_MAX;
    make[kind]();
}

/* name, kind, statement that spoils the plan */
#define SPOILS(X)                                                                                        \
    X(usable, DOC_GROUP, plan.head.usable = 2)                                                           \
    X(findings_count, DOC_GROUP, plan.head.findings_count = PLAN_FINDINGS_MAX + 1)                       \
    X(findings_huge, DOC_GROUP, plan.head.findings_count = UINT32_MAX)                                   \
    X(severity, DOC_GROUP, plan.head.findings[23].severity = FINDING_SEVERITIES)                         \
    X(finding_kind, DOC_GROUP, plan.head.findings[0].kind = FINDING_KINDS)                               \
    X(finding_key, DOC_GROUP, memset(plan.head.findings[0].key, 'k', 128))                               \
    X(finding_message, DOC_GROUP, memset(plan.head.findings[23].message, 'm', 256))                      \
    X(finding_control, DOC_GROUP, set(plan.head.findings[1].message, "\033[1m"))                         \
    X(usable_with_error, DOC_GROUP, plan.head.findings[3].severity = FINDING_ERROR)                      \
    X(unusable_without_error, DOC_GROUP, plan.head.usable = 0)                                           \
    X(host_timeout_0, DOC_HOST, plan.host.timeout_seconds = 0)                                           \
    X(host_timeout, DOC_HOST, plan.host.timeout_seconds = PLAN_TIMEOUT_MAX + 1)                          \
    X(host_plugins, DOC_HOST, plan.host.plugins_count = PLAN_PLUGINS_MAX + 1)                            \
    X(host_name_empty, DOC_HOST, plan.host.plugins[15].name[0] = '\0')                                   \
    X(host_name, DOC_HOST, memset(plan.host.plugins[15].name, 'n', PLAN_NAME_MAX))                       \
    X(host_path, DOC_HOST, set(plan.host.plugins[0].path, "relative"))                                   \
    X(host_path_end, DOC_HOST, memset(plan.host.plugins[0].path, '/', PLAN_PATH_MAX))                    \
    X(host_config, DOC_HOST, plan.host.plugins[15].config_path[PLAN_PATH_MAX - 1] = '/')                 \
    X(host_config_empty, DOC_HOST, plan.host.plugins[15].config_path[0] = '\0')                          \
    X(host_config_control, DOC_HOST, plan.host.plugins[15].config_path[1] = '\n')                        \
    X(vmbackup_freeze, DOC_VMBACKUP, plan.vmbackup.freeze = 2)                                           \
    X(vmbackup_timeout_0, DOC_VMBACKUP, plan.vmbackup.timeout_seconds = 0)                               \
    X(vmbackup_timeout, DOC_VMBACKUP, plan.vmbackup.timeout_seconds = PLAN_FREEZE_TIMEOUT_MAX + 1)       \
    X(skip_count_more, DOC_VMBACKUP, plan.vmbackup.skip.count = 3)                                       \
    X(skip_count_less, DOC_VMBACKUP, plan.vmbackup.skip.count = 1)                                       \
    X(skip_count_huge, DOC_VMBACKUP, plan.vmbackup.skip.count = UINT32_MAX)                              \
    X(skip_length, DOC_VMBACKUP, plan.vmbackup.skip.length = PLAN_SKIP_TEXT_MAX + 1)                     \
    X(skip_cut, DOC_VMBACKUP, plan.vmbackup.skip.length = 5)                                             \
    X(skip_relative, DOC_VMBACKUP, plan.vmbackup.skip.text[3] = 'x')                                     \
    X(skip_empty, DOC_VMBACKUP, plan.vmbackup.skip.text[0] = '\0'; plan.vmbackup.skip.count = 3)         \
    X(skip_long, DOC_VMBACKUP, memset(plan.vmbackup.skip.text, '/', PLAN_PATH_MAX);                      \
      plan.vmbackup.skip.count = 1; plan.vmbackup.skip.length = PLAN_PATH_MAX + 1)                       \
    X(plugin_name, DOC_PLUGIN, plan.plugin.name[0] = '\0')                                               \
    X(plugin_name_end, DOC_PLUGIN, memset(plan.plugin.name, 'n', PLAN_NAME_MAX))                         \
    X(plugin_app_name, DOC_PLUGIN, memset(plan.plugin.app_name, 'n', PLAN_NAME_MAX))                     \
    X(plugin_run_as, DOC_PLUGIN, memset(plan.plugin.run_as, 'n', PLAN_NAME_MAX))                         \
    X(plugin_policy, DOC_PLUGIN, memset(plan.plugin.policy, 'n', PLAN_PATH_MAX))                         \
    X(plugin_policy_empty, DOC_PLUGIN, plan.plugin.policy[0] = '\0')                                     \
    X(plugin_continue, DOC_PLUGIN, plan.plugin.continue_on_failure = 2)                                  \
    X(plugin_freeze, DOC_PLUGIN, plan.plugin.freeze = 255)                                               \
    X(plugin_timeout_0, DOC_PLUGIN, plan.plugin.timeout_seconds = 0)                                     \
    X(plugin_timeout, DOC_PLUGIN, plan.plugin.timeout_seconds = PLAN_TIMEOUT_MAX + 1)                    \
    X(plugin_poll_0, DOC_PLUGIN, plan.plugin.poll_seconds = 0)                                           \
    X(plugin_poll, DOC_PLUGIN, plan.plugin.poll_seconds = PLAN_POLL_MAX + 1)                             \
    X(plugin_grace, DOC_PLUGIN, plan.plugin.grace_seconds = PLAN_GRACE_MAX + 1)                          \
    X(plugin_env_count, DOC_PLUGIN, plan.plugin.env_count = 3)                                           \
    X(plugin_env_length, DOC_PLUGIN, plan.plugin.env_length = PLAN_ENV_MAX + 1)                          \
    X(plugin_env_cut, DOC_PLUGIN, plan.plugin.env_length = 7)                                            \
    X(plugin_env_no_equals, DOC_PLUGIN, plan.plugin.env[1] = 'A')                                        \
    X(plugin_env_no_name, DOC_PLUGIN, plan.plugin.env[0] = '=')                                          \
    X(plugin_env_loader, DOC_PLUGIN, set_env(plan.plugin.env, &plan.plugin.env_length, "LD_X=/x"))       \
    X(plugin_env_ours, DOC_PLUGIN, set_env(plan.plugin.env, &plan.plugin.env_length, "QUIESCE_PHASE="))  \
    X(plugin_env_control, DOC_PLUGIN, plan.plugin.env[6] = '\n')                                         \
    X(script_path, DOC_PLUGIN, plan.plugin.scripts[1].path[0] = 'x')                                     \
    X(script_path_end, DOC_PLUGIN, memset(plan.plugin.scripts[0].path, '/', PLAN_PATH_MAX))              \
    X(script_retries, DOC_PLUGIN, plan.plugin.scripts[1].retries = UINT32_MAX)                           \
    X(script_pinned, DOC_PLUGIN, plan.plugin.scripts[1].pinned = 2)                                      \
    X(script_args_more, DOC_PLUGIN, plan.plugin.scripts[0].args_count = 4)                               \
    X(script_args_less, DOC_PLUGIN, plan.plugin.scripts[1].args_count = 0)                               \
    X(script_args_length, DOC_PLUGIN, plan.plugin.scripts[0].args_length = PLAN_ARGS_MAX + 1)            \
    X(script_args_count_max, DOC_PLUGIN, plan.plugin.scripts[0].args_count =                             \
      plan.plugin.scripts[0].args_length = PLAN_ARGS_COUNT_MAX + 1;                                      \
      memset(plan.plugin.scripts[0].args, 0, PLAN_ARGS_COUNT_MAX + 1))                                   \
    X(policy_flags, DOC_POLICY, plan.policy.flags = POLICY_FLAGS + 1)                                    \
    X(policy_uid, DOC_POLICY, plan.policy.uid = UINT32_MAX)                                              \
    X(policy_gid, DOC_POLICY, plan.policy.gid = UINT32_MAX)                                              \
    X(policy_groups, DOC_POLICY, plan.policy.groups_count = PLAN_GROUPS_MAX + 1)                         \
    X(policy_group, DOC_POLICY, plan.policy.groups[0] = UINT32_MAX)                                      \
    X(policy_bounding, DOC_POLICY, plan.policy.cap_bounding |= 1ull << 41)                               \
    X(policy_inheritable, DOC_POLICY, plan.policy.cap_inheritable |= 1ull << 63)                         \
    X(policy_ambient_inheritable, DOC_POLICY, plan.policy.cap_inheritable &= ~1ull)                      \
    X(policy_ambient_bounding, DOC_POLICY, plan.policy.cap_bounding &= ~2ull)                            \
    X(policy_rlimits, DOC_POLICY, plan.policy.rlimits_count = POLICY_RLIMITS_MAX + 1)                    \
    X(policy_resource, DOC_POLICY, plan.policy.rlimits[0].resource = 16)                                 \
    X(policy_soft, DOC_POLICY, plan.policy.rlimits[0].soft = 2)                                          \
    X(policy_pids, DOC_POLICY, plan.policy.limits.pids++)                                                \
    X(policy_memory_least, DOC_POLICY, plan.policy.limits.memory--)                                      \
    X(policy_memory_most, DOC_POLICY, plan.policy.limits.memory = POLICY_MEMORY_MAX + 1)                 \
    X(policy_swap_most, DOC_POLICY, plan.policy.limits.swap++)                                           \
    X(policy_swap_least, DOC_POLICY, plan.policy.limits.swap = POLICY_MEMORY_MIN - 1)                    \
    X(policy_swap_alone, DOC_POLICY, plan.policy.limits.memory = plan.policy.limits.reservation = 0)     \
    X(policy_reservation, DOC_POLICY, plan.policy.limits.reservation++)                                  \
    X(policy_env_shell, DOC_POLICY, set_env(plan.policy.env, &plan.policy.env_length, "BASH_ENV=/x"))    \
    X(policy_env_ours, DOC_POLICY, set_env(plan.policy.env, &plan.policy.env_length, "QUIESCE_PLUGIN=")) \
    X(policy_env, DOC_POLICY, plan.policy.env_count = 2)                                                 \
    X(policy_paths, DOC_POLICY, plan.policy.paths_count = POLICY_PATHS_MAX + 1)                          \
    X(policy_paths_less, DOC_POLICY, plan.policy.paths_count = 1)                                        \
    X(policy_paths_length, DOC_POLICY, plan.policy.paths_length = POLICY_PATHS_TEXT_MAX + 1)             \
    X(policy_path_relative, DOC_POLICY, plan.policy.paths_text[3] = 'b')                                 \
    X(policy_path_kind, DOC_POLICY, plan.policy.paths[1].kind = POLICY_PATH_KINDS)                       \
    X(policy_path_offset, DOC_POLICY, plan.policy.paths[1].offset = 6)                                   \
    X(policy_path_huge, DOC_POLICY, plan.policy.paths[1].offset = UINT32_MAX)                            \
    X(policy_path_inside, DOC_POLICY, plan.policy.paths[1].offset = 1)                                   \
    X(policy_filter_0, DOC_POLICY, plan.policy.filter_length = 0)                                        \
    X(policy_filter_length, DOC_POLICY, plan.policy.filter_length = POLICY_FILTER_MAX + 1)               \
    X(policy_filter, DOC_POLICY, plan.policy.filter[0].code = BPF_LD | BPF_W | BPF_ABS)                  \
    X(policy_filter_action, DOC_POLICY, plan.policy.filter[0].k = SECCOMP_RET_USER_NOTIF)                \
    X(passwd_uid, DOC_PASSWD, plan.passwd.uid = UINT32_MAX)                                              \
    X(passwd_gid, DOC_PASSWD, plan.passwd.gid = UINT32_MAX)                                              \
    X(passwd_name, DOC_PASSWD, plan.passwd.name[0] = '\0')                                               \
    X(passwd_name_end, DOC_PASSWD, memset(plan.passwd.name, 'n', PLAN_NAME_MAX))                         \
    X(passwd_home, DOC_PASSWD, plan.passwd.home[0] = '\0')                                               \
    X(passwd_home_end, DOC_PASSWD, memset(plan.passwd.home, '/', PLAN_PATH_MAX))                         \
    X(group_count, DOC_GROUP, plan.group.count = PLAN_GROUPS_MAX + 1)                                    \
    X(group_gid, DOC_GROUP, plan.group.gids[63] = UINT32_MAX)                                            \
    X(mounts_count, DOC_MOUNTS, plan.mounts.count = 3)                                                   \
    X(mounts_count_max, DOC_MOUNTS, plan.mounts.count = PLAN_FS_MAX + 1;                                 \
      plan.mounts.text_length = 2 * (PLAN_FS_MAX + 1))                                                   \
    X(mounts_count_wraps, DOC_MOUNTS, plan.mounts.count = 0x80000002u)                                   \
    X(mounts_text, DOC_MOUNTS, plan.mounts.text_length = PLAN_FS_TEXT_MAX + 1)                           \
    X(mounts_text_cut, DOC_MOUNTS, plan.mounts.text_length = 8; plan.mounts.text[7] = 'x')               \
    X(mounts_skip, DOC_MOUNTS, plan.mounts.entries[1].skip = FS_EXCLUDED)                                \
    X(mounts_no_point, DOC_MOUNTS, plan.mounts.entries[0].mount_points = 0; plan.mounts.entries[1].mount_points = 2) \
    X(mounts_points, DOC_MOUNTS, plan.mounts.entries[0].mount_points = 2)                                \
    X(mounts_points_not_paths, DOC_MOUNTS, plan.mounts.entries[0].mount_points = 2;                      \
      plan.mounts.entries[1].mount_points = 0)                                                           \
    X(mounts_points_wrap, DOC_MOUNTS, plan.mounts.entries[0].mount_points = UINT16_MAX)                  \
    X(mounts_is_root, DOC_MOUNTS, plan.mounts.entries[1].is_root = 2)                                    \
    X(mounts_type, DOC_MOUNTS, plan.mounts.entries[1].type[15] = 'x')                                    \
    X(mounts_type_empty, DOC_MOUNTS, plan.mounts.entries[1].type[0] = '\0')                              \
    X(mounts_point, DOC_MOUNTS, plan.mounts.entries[1].mount_point = 9)                                  \
    X(mounts_point_relative, DOC_MOUNTS, plan.mounts.entries[1].mount_point = 3)                         \
    X(mounts_source, DOC_MOUNTS, plan.mounts.entries[1].source = UINT32_MAX)                             \
    X(mounts_point_long, DOC_MOUNTS, memset(plan.mounts.text + 5, '/', PLAN_PATH_MAX);                   \
      plan.mounts.text_length = 5 + PLAN_PATH_MAX + 2; plan.mounts.entries[1].source = 3)

#define X(name, kind, statement) static void spoil_##name(void) { statement; }
SPOILS(X)
#undef X

static const struct {
    const char *name;
    enum document_kind kind;
    void (*spoil)(void);
} spoils[] = {
#define X(name, kind, statement) {#name, kind, spoil_##name},
    SPOILS(X)
#undef X
};

static void test_valid(void **state)
{
    (void)state;
    for (int kind = 0; kind < DOC_KINDS; kind++) {
        make_plan((enum document_kind)kind);
        if (!plan_valid((enum document_kind)kind, &plan)) print_message("kind %d\n", kind);
        assert_true(plan_valid((enum document_kind)kind, &plan));
    }
    make_plan(DOC_GROUP);
    assert_false(plan_valid(DOC_KINDS, &plan));
    assert_false(plan_valid((enum document_kind)-1, &plan));
}

static void test_each_spoiled(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(spoils); i++) {
        make_plan(spoils[i].kind);
        spoils[i].spoil();
        if (plan_valid(spoils[i].kind, &plan)) print_message("spoiled '%s' is taken\n", spoils[i].name);
        assert_false(plan_valid(spoils[i].kind, &plan));
    }
}

/* Of a plan that is not usable the findings hold and nothing else is looked at. */
static void test_unusable(void **state)
{
    (void)state;
    for (int kind = 0; kind < DOC_KINDS; kind++) {
        memset(&plan, 0xFF, sizeof(plan));
        memset(&plan.head, 0, sizeof(plan.head));
        plan.head.findings_count = 1;
        plan.head.findings[0].severity = FINDING_ERROR;
        assert_true(plan_valid((enum document_kind)kind, &plan));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_each_spoiled),
        cmocka_unit_test(test_unusable),
    };

    return cmocka_run_group_tests_name("plan_check", tests, NULL, NULL);
}
