#include "mutate.h"

#include <stddef.h>
#include <string.h>

#include "hijack.h"

static uint64_t state = 1;

void mutate_seed(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15u + 1; /* never 0 */
}

uint64_t mutate_random(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1du;
}

uint32_t mutate_below(uint32_t limit)
{
    return (uint32_t)((mutate_random() >> 32) % limit);
}

/* ---- one field --------------------------------------------------------------------- */

/* Numbers at which programs go wrong. */
static const uint64_t edges[] = {
    0, 1, 2, 15, 16, 17, 24, 25, 63, 64, 65, 255, 256, 257, 511, 1800, 1801, 4095, 4096, 8192, 16384, 16385, 65536,
    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x7fffffffffffffff, UINT64_MAX,
};
enum { EDGES = sizeof edges / sizeof edges[0] };

const char *mutate_path(void)
{
    static char paths[4096];
    static const char *all[128];
    static uint32_t count;
    if (count == 0) {
        strncpy(paths, hijack_argument("paths", "/etc/shadow /dev/null .. relative"), sizeof paths - 1);
        for (char *rest = paths, *word; count < 128 && (word = strsep(&rest, " ")) != NULL;) {
            all[count++] = word;
        }
    }
    return all[mutate_below(count)];
}

static void spoil_number(unsigned char *at, uint32_t size)
{
    uint64_t value = mutate_below(3) == 0 ? mutate_random() : edges[mutate_below(EDGES)];
    memcpy(at, &value, size < sizeof value ? size : sizeof value);
}

static void spoil_text(unsigned char *at, uint32_t size)
{
    static const unsigned char fills[] = { '/', 'A', 0xff, '\n', '=', '.' };
    const char *path = mutate_path();
    size_t length = strlen(path) + 1;
    switch (mutate_below(5)) {
    case 0: /* unterminated */
        memset(at, fills[mutate_below(sizeof fills)], size);
        break;
    case 1: /* as long as can be */
        memset(at, fills[mutate_below(2)], size - 1);
        at[size - 1] = '\0';
        break;
    case 2:
        memset(at, 0, size);
        break;
    default:
        memcpy(at, path, length < size ? length : size - 1);
        at[size - 1] = '\0';
        break;
    }
}

static void spoil_bytes(unsigned char *at, uint32_t size)
{
    uint32_t first = mutate_below(size), last = first + 1 + mutate_below(mutate_below(4) == 0 ? size : 8);
    for (uint32_t i = first; i < last && i < size; i++) {
        at[i] = (unsigned char)mutate_random();
    }
}

void mutate(void *structure, const struct mutate_field *fields, uint32_t fields_count, uint32_t count)
{
    static void (*const spoil[])(unsigned char *at, uint32_t size) = {
        [MUTATE_NUMBER] = spoil_number, [MUTATE_TEXT] = spoil_text, [MUTATE_BYTES] = spoil_bytes,
    };
    for (uint32_t i = 0; i < count; i++) {
        const struct mutate_field *f = &fields[mutate_below(fields_count)];
        spoil[f->kind]((unsigned char *)structure + f->offset, f->size);
    }
}

/* ---- plans ------------------------------------------------------------------------------ */

#define HEAD(type)                                                                                     \
    NUMBER(type, head.usable), NUMBER(type, head.findings_count), NUMBER(type, head.findings[0].code), \
    NUMBER(type, head.findings[0].severity), NUMBER(type, head.findings[0].kind),                      \
    NUMBER(type, head.findings[0].line), TEXT(type, head.findings[0].key), TEXT(type, head.findings[0].message), \
    BYTES(type, head)

static const struct mutate_field host[] = {
    HEAD(struct host_plan), NUMBER(struct host_plan, timeout_seconds), NUMBER(struct host_plan, plugins_count),
    TEXT(struct host_plan, plugins[0].name), TEXT(struct host_plan, plugins[0].path),
    TEXT(struct host_plan, plugins[0].config_path), TEXT(struct host_plan, plugins[1].config_path),
    TEXT(struct host_plan, plugins[15].config_path), BYTES(struct host_plan, plugins),
};
static const struct mutate_field vmbackup[] = {
    HEAD(struct vmbackup_plan), NUMBER(struct vmbackup_plan, freeze), NUMBER(struct vmbackup_plan, timeout_seconds),
    NUMBER(struct vmbackup_plan, skip.count), NUMBER(struct vmbackup_plan, skip.length),
    BYTES(struct vmbackup_plan, skip.text),
};
#define SCRIPT(phase)                                                                                       \
    /* Often: it is what the attacker is after. */                                                          \
    TEXT(struct plugin_plan, scripts[phase].path), TEXT(struct plugin_plan, scripts[phase].path),           \
    TEXT(struct plugin_plan, scripts[phase].path), TEXT(struct plugin_plan, scripts[phase].path),           \
    NUMBER(struct plugin_plan, scripts[phase].retries), NUMBER(struct plugin_plan, scripts[phase].args_count), \
    NUMBER(struct plugin_plan, scripts[phase].args_length), NUMBER(struct plugin_plan, scripts[phase].pinned), \
    BYTES(struct plugin_plan, scripts[phase].sha256), BYTES(struct plugin_plan, scripts[phase].args)
static const struct mutate_field plugin[] = {
    HEAD(struct plugin_plan), TEXT(struct plugin_plan, name), TEXT(struct plugin_plan, app_name),
    TEXT(struct plugin_plan, run_as), TEXT(struct plugin_plan, policy), NUMBER(struct plugin_plan, continue_on_failure),
    NUMBER(struct plugin_plan, freeze), NUMBER(struct plugin_plan, timeout_seconds),
    NUMBER(struct plugin_plan, poll_seconds), NUMBER(struct plugin_plan, grace_seconds),
    NUMBER(struct plugin_plan, env_count), NUMBER(struct plugin_plan, env_length), BYTES(struct plugin_plan, env),
    SCRIPT(PHASE_PRE), SCRIPT(PHASE_POST),
};
static const struct mutate_field policy[] = {
    HEAD(struct policy_plan), NUMBER(struct policy_plan, flags), NUMBER(struct policy_plan, uid),
    NUMBER(struct policy_plan, gid), NUMBER(struct policy_plan, groups_count), BYTES(struct policy_plan, groups),
    NUMBER(struct policy_plan, cap_bounding), NUMBER(struct policy_plan, cap_inheritable),
    NUMBER(struct policy_plan, cap_ambient), NUMBER(struct policy_plan, rlimits_count),
    BYTES(struct policy_plan, rlimits), NUMBER(struct policy_plan, env_count), NUMBER(struct policy_plan, env_length),
    BYTES(struct policy_plan, env), NUMBER(struct policy_plan, paths_count), NUMBER(struct policy_plan, paths_length),
    NUMBER(struct policy_plan, paths[0].kind), NUMBER(struct policy_plan, paths[0].offset),
    TEXT(struct policy_plan, paths_text), BYTES(struct policy_plan, paths_text),
    NUMBER(struct policy_plan, filter_length), BYTES(struct policy_plan, filter), NUMBER(struct policy_plan, filter[0]),
};
static const struct mutate_field passwd[] = {
    HEAD(struct passwd_plan), NUMBER(struct passwd_plan, uid), NUMBER(struct passwd_plan, gid),
    TEXT(struct passwd_plan, name), TEXT(struct passwd_plan, home),
};
static const struct mutate_field group[] = {
    HEAD(struct group_plan), NUMBER(struct group_plan, count), BYTES(struct group_plan, gids),
};
static const struct mutate_field mounts[] = {
    HEAD(struct mount_plan), NUMBER(struct mount_plan, count), NUMBER(struct mount_plan, text_length),
    BYTES(struct mount_plan, entries[0]), NUMBER(struct mount_plan, entries[0].major),
    NUMBER(struct mount_plan, entries[0].mount_id), NUMBER(struct mount_plan, entries[0].skip),
    NUMBER(struct mount_plan, entries[0].is_root), NUMBER(struct mount_plan, entries[0].mount_points),
    NUMBER(struct mount_plan, entries[0].mount_point),
    NUMBER(struct mount_plan, entries[0].source), TEXT(struct mount_plan, entries[0].type),
    NUMBER(struct mount_plan, entries[1].mount_id), NUMBER(struct mount_plan, entries[1].skip),
    NUMBER(struct mount_plan, entries[1].mount_point), BYTES(struct mount_plan, text),
};

#define KIND(fields) { fields, sizeof fields / sizeof fields[0] }
static const struct {
    const struct mutate_field *fields;
    uint32_t count;
} kinds[DOC_KINDS] = {
    [DOC_HOST] = KIND(host),     [DOC_VMBACKUP] = KIND(vmbackup), [DOC_PLUGIN] = KIND(plugin), [DOC_POLICY] = KIND(policy),
    [DOC_PASSWD] = KIND(passwd), [DOC_GROUP] = KIND(group),       [DOC_MOUNTS] = KIND(mounts),
};

void mutate_plan(enum document_kind kind, void *plan, uint32_t count)
{
    mutate(plan, kinds[kind].fields, kinds[kind].count, count);
}
