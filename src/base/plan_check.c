/*
 * MUST NOT read beyond a member because of what another member says, before that
 * one has been looked at.  The privileged monitor relies on this file alone.
 */
#include "base/plan_check.h"

#include <stddef.h>
#include <string.h>

#include "base/bpf.h"
#include "base/environment.h"
#include "quiesce/policy.h"

enum {
    CAPABILITIES = 41, /* CAP_CHECKPOINT_RESTORE is 40; later ones no policy of ours can name */
    RLIMITS = 16,
    RETRIES_MAX = UINT32_MAX - 1, /* attempts are counted from 1 */
};

/* ---- members ------------------------------------------------------------------ */

static bool in_range(uint32_t value, uint32_t minimum, uint32_t maximum)
{
    return value >= minimum && value <= maximum;
}

static bool is_flag(uint8_t value)
{
    return value <= 1;
}

/* Terminated within size, and without control bytes. */
static bool is_text(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\0') {
            return true;
        }
        if (c < 0x20 || c == 0x7F) {
            return false;
        }
    }
    return false;
}

static bool is_name(const char *text, size_t size)
{
    return is_text(text, size) && text[0] != '\0';
}

static bool is_path(const char *text, size_t size)
{
    return is_text(text, size) && text[0] == '/';
}

static bool is_path_or_empty(const char *text, size_t size)
{
    return is_text(text, size) && (text[0] == '/' || text[0] == '\0');
}

/* uid_t and gid_t -1 mean "leave it" to setresuid(2). */
static bool is_id(uint32_t id)
{
    return id != UINT32_MAX;
}

/* count strings, each with its NUL, in exactly length bytes. */
static bool are_strings(const char *text, size_t size, uint32_t count, uint32_t count_max, uint32_t length)
{
    uint32_t ends = 0;
    if (count > count_max || length > size || (length > 0 && text[length - 1] != '\0')) {
        return false;
    }
    for (uint32_t i = 0; i < length; i++) {
        ends += text[i] == '\0';
    }
    return ends == count;
}

static bool are_paths(const char *text, size_t size, uint32_t count, uint32_t count_max, uint32_t length)
{
    if (!are_strings(text, size, count, count_max, length)) {
        return false;
    }
    for (uint32_t at = 0; at < length; at += (uint32_t)strlen(text + at) + 1) {
        if (!is_path(text + at, length - at) || strlen(text + at) >= PLAN_PATH_MAX) {
            return false;
        }
    }
    return true;
}

/* ours: the one name of this program's own that may be among them, or "". */
static bool are_variables(const char *text, uint32_t count, uint32_t length, const char *ours)
{
    if (!are_strings(text, PLAN_ENV_MAX, count, PLAN_ENV_COUNT_MAX, length)) {
        return false;
    }
    for (uint32_t at = 0; at < length; at += (uint32_t)strlen(text + at) + 1) {
        size_t name = strcspn(text + at, "=");
        bool own = name == strlen(ours) && memcmp(text + at, ours, name) == 0;
        if (!is_text(text + at, length - at) || text[at + name] != '=' ||
            (!own && environment_name_problem(text + at, name) != NULL)) {
            return false;
        }
    }
    return true;
}

static bool are_ids(const uint32_t *ids, uint32_t count, uint32_t count_max)
{
    if (count > count_max) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_id(ids[i])) {
            return false;
        }
    }
    return true;
}

/* A string that begins at offset of text, whose last of length bytes is NUL. */
static bool is_string_at(const char *text, uint32_t length, uint32_t offset)
{
    return offset < length && strlen(text + offset) < PLAN_PATH_MAX;
}

/* ---- plans --------------------------------------------------------------------------- */

bool plan_head_valid(const struct plan_head *head)
{
    bool error = false;
    if (!is_flag(head->usable) || head->findings_count > PLAN_FINDINGS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < head->findings_count; i++) {
        const struct finding *f = &head->findings[i];
        if (f->severity >= FINDING_SEVERITIES || f->kind >= FINDING_KINDS ||
            !is_text(f->key, sizeof f->key) || !is_text(f->message, sizeof f->message)) {
            return false;
        }
        error = error || f->severity == FINDING_ERROR;
    }
    return error == (head->usable == 0);
}

static bool host_valid(const void *plan)
{
    const struct host_plan *p = plan;
    if (!in_range(p->timeout_seconds, 1, PLAN_TIMEOUT_MAX) || p->plugins_count > PLAN_PLUGINS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < p->plugins_count; i++) {
        const struct host_plugin *g = &p->plugins[i];
        if (!is_name(g->name, sizeof g->name) || !is_path_or_empty(g->path, sizeof g->path) ||
            !is_path(g->config_path, sizeof g->config_path)) {
            return false;
        }
    }
    return true;
}

static bool vmbackup_valid(const void *plan)
{
    const struct vmbackup_plan *p = plan;
    return is_flag(p->freeze) && in_range(p->timeout_seconds, 1, PLAN_FREEZE_TIMEOUT_MAX) &&
        are_paths(p->skip.text, sizeof p->skip.text, p->skip.count, PLAN_SKIP_MAX, p->skip.length);
}

static bool script_valid(const struct script_plan *s)
{
    return is_path_or_empty(s->path, sizeof s->path) && s->retries <= RETRIES_MAX && is_flag(s->pinned) &&
        are_strings(s->args, sizeof s->args, s->args_count, PLAN_ARGS_COUNT_MAX, s->args_length);
}

static bool plugin_valid(const void *plan)
{
    const struct plugin_plan *p = plan;
    return is_name(p->name, sizeof p->name) && is_text(p->app_name, sizeof p->app_name) &&
        is_text(p->run_as, sizeof p->run_as) && is_name(p->policy, sizeof p->policy) &&
        is_flag(p->continue_on_failure) && is_flag(p->freeze) &&
        in_range(p->timeout_seconds, 1, PLAN_TIMEOUT_MAX) && in_range(p->poll_seconds, 1, PLAN_POLL_MAX) &&
        in_range(p->grace_seconds, 0, PLAN_GRACE_MAX) &&
        are_variables(p->env, p->env_count, p->env_length, "QUIESCE_PLUGIN") &&
        script_valid(&p->scripts[PHASE_PRE]) && script_valid(&p->scripts[PHASE_POST]);
}

static bool policy_tables_valid(const struct policy_plan *p)
{
    if (p->rlimits_count > POLICY_RLIMITS_MAX || p->paths_count > POLICY_PATHS_MAX ||
        !are_paths(p->paths_text, sizeof p->paths_text, p->paths_count, POLICY_PATHS_MAX, p->paths_length)) {
        return false;
    }
    for (uint32_t i = 0; i < p->rlimits_count; i++) {
        if (p->rlimits[i].resource >= RLIMITS || p->rlimits[i].soft > p->rlimits[i].hard) {
            return false;
        }
    }
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (p->paths[i].kind >= POLICY_PATH_KINDS ||
            !is_string_at(p->paths_text, p->paths_length, p->paths[i].offset) ||
            p->paths_text[p->paths[i].offset] != '/') {
            return false;
        }
    }
    return true;
}

static bool limits_valid(const struct policy_limits *l)
{
    const uint64_t most_reserved = l->memory > 0 ? l->memory : POLICY_MEMORY_MAX;
    return l->pids <= POLICY_PIDS_MAX && (l->memory == 0 || l->memory >= POLICY_MEMORY_MIN) &&
        l->memory <= POLICY_MEMORY_MAX && l->swap <= POLICY_MEMORY_MAX &&
        (l->swap == 0 || (l->memory > 0 && l->swap >= l->memory)) && l->reservation <= most_reserved;
}

static bool policy_valid(const void *plan)
{
    const struct policy_plan *p = plan;
    uint64_t all = p->cap_bounding | p->cap_inheritable | p->cap_ambient;
    return (p->flags & ~(uint32_t)POLICY_FLAGS) == 0 && is_id(p->uid) && is_id(p->gid) &&
        are_ids(p->groups, p->groups_count, PLAN_GROUPS_MAX) && all >> CAPABILITIES == 0 &&
        (p->cap_ambient & ~p->cap_inheritable) == 0 && (p->cap_ambient & ~p->cap_bounding) == 0 &&
        are_variables(p->env, p->env_count, p->env_length, "") && policy_tables_valid(p) && limits_valid(&p->limits) &&
        in_range(p->filter_length, 1, POLICY_FILTER_MAX) && bpf_check(p->filter, p->filter_length) == 0;
}

static bool passwd_valid(const void *plan)
{
    const struct passwd_plan *p = plan;
    return is_id(p->uid) && is_id(p->gid) && is_name(p->name, sizeof p->name) && is_path(p->home, sizeof p->home);
}

static bool group_valid(const void *plan)
{
    const struct group_plan *p = plan;
    return are_ids(p->gids, p->count, PLAN_GROUPS_MAX);
}

/* All mount points of an entry, one after another. */
static bool are_mount_points(const struct mount_plan *p, const struct fs_entry *e)
{
    uint32_t at = e->mount_point;
    for (uint32_t i = 0; i < e->mount_points; i++) {
        if (!is_string_at(p->text, p->text_length, at) || p->text[at] != '/') {
            return false;
        }
        at += (uint32_t)strlen(p->text + at) + 1;
    }
    return e->mount_points > 0;
}

static bool mounts_valid(const void *plan)
{
    const struct mount_plan *p = plan;
    uint32_t strings = 0;
    for (uint32_t i = 0; p->count <= PLAN_FS_MAX && i < p->count; i++) {
        strings += p->entries[i].mount_points + 1u; /* and its source */
    }
    if (p->count > PLAN_FS_MAX || !are_strings(p->text, sizeof p->text, strings, PLAN_FS_TEXT_MAX, p->text_length)) {
        return false;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        const struct fs_entry *e = &p->entries[i];
        if (e->skip >= FS_EXCLUDED || !is_flag(e->is_root) || !is_name(e->type, sizeof e->type) ||
            !are_mount_points(p, e) || !is_string_at(p->text, p->text_length, e->source)) {
            return false;
        }
    }
    return true;
}

static bool (*const checks[DOC_KINDS])(const void *) = {
    [DOC_HOST] = host_valid,     [DOC_VMBACKUP] = vmbackup_valid, [DOC_PLUGIN] = plugin_valid,
    [DOC_POLICY] = policy_valid, [DOC_PASSWD] = passwd_valid,     [DOC_GROUP] = group_valid,
    [DOC_MOUNTS] = mounts_valid,
};

bool plan_valid(enum document_kind kind, const void *plan)
{
    const struct plan_head *head = plan; /* the first member of every plan */
    if ((unsigned)kind >= DOC_KINDS || !plan_head_valid(head)) {
        return false;
    }
    return head->usable == 0 || checks[kind](plan);
}

void policy_narrow(struct policy_plan *policy, uint32_t uid)
{
    if (uid != 0 && uid != policy->uid) {
        policy->cap_bounding = policy->cap_inheritable = policy->cap_ambient = 0;
    }
}
