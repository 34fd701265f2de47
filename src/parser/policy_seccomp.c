#include "parser/policy_seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/syscall_names.h"
#include "parser/policy_conditions.h"
#include "parser/policy_filter.h"
#include "quiesce/learned.h"

enum { ERRNO_MAX = 4094 }; /* of libseccomp; Linux would take one more */

/* What the whole object says; also collects names that nobody knows. */
struct profile {
    struct policy_filter filter;
    uint32_t default_action;
    bool open; /* filter may be added to */
    unsigned unknown_count;
    const cJSON *unknown_first;
    char unknown[160];
};

/* One element of syscalls. */
struct entry {
    struct profile *profile;
    const cJSON *item;
    uint32_t action;
    bool applies;
    struct policy_rule rule; /* all but the number */
};

/* ---- actions and errnos ------------------------------------------------------ */

static bool action_of(const struct policy_reader *reader, const cJSON *item, uint32_t *action)
{
    static const struct {
        const char *name;
        uint32_t action;
    } names[] = {
        {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW}, {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(EPERM)},
        {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD}, {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
        {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD}, {"SCMP_ACT_LOG", SCMP_ACT_LOG},
        {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
    };

    if (!policy_is_string(reader, item))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, item->valuestring) == 0) {
            *action = names[i].action;
            return true;
        }
    POLICY_ERROR(reader, item, "not an action that is implemented: ALLOW, ERRNO, KILL, KILL_PROCESS, KILL_THREAD, "
                               "LOG or TRAP after SCMP_ACT_");
    return false;
}

static int errno_of(const char *name)
{
    /* Other names, which strerrorname_np(3) does not give. */
    static const struct {
        const char *name;
        int number;
    } aliases[] = {{"ENOTSUP", ENOTSUP}, {"EWOULDBLOCK", EWOULDBLOCK}, {"EDEADLOCK", EDEADLOCK}};

    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(aliases[i].name, name) == 0)
            return aliases[i].number;
    for (int i = 1; i <= ERRNO_MAX; i++) {
        const char *other = strerrorname_np(i);

        if (other != NULL && strcmp(other, name) == 0)
            return i;
    }
    return -1;
}

/*
 * The action of object[key] with the errno given beside it, as a number (ret_key)
 * or by name (name_key), which must agree.  False after a finding.
 */
static bool read_action(const struct policy_reader *reader, const cJSON *object, const char *key, const char *ret_key,
                        const char *name_key, uint32_t *action)
{
    const cJSON *item = json_get(object, key), *ret = json_get(object, ret_key), *name = json_get(object, name_key);
    uint64_t number = 0;

    if (item == NULL) {
        json_finding(reader->document, object, FINDING_ERROR, FINDING_SCHEMA, "needs %s", key);
        return false;
    }
    if (!action_of(reader, item, action))
        return false;
    if (ret != NULL && !policy_number(reader, ret, ERRNO_MAX, &number))
        return false;
    if (ret != NULL && number == 0) {
        POLICY_ERROR(reader, ret, "errno 0 would let a denied call look like a success");
        return false;
    }
    if (name != NULL) {
        int named = policy_is_string(reader, name) ? errno_of(name->valuestring) : 0;

        if (named < 0)
            POLICY_ERROR(reader, name, "no errno of that name, such as EPERM");
        else if (named > 0 && ret != NULL && (uint64_t)named != number)
            POLICY_ERROR(reader, name, "is not the same errno as %s", ret_key);
        if (named <= 0 || (ret != NULL && (uint64_t)named != number))
            return false;
        number = (uint64_t)named;
    }
    if (number == 0)
        return true;
    if (reader->learn && number >= LEARN_MISSING && number < LEARN_END) {
        POLICY_ERROR(reader, ret != NULL ? ret : name, "an errno that Linux does not have: no base to learn from");
        return false;
    }
    if ((*action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) {
        POLICY_ERROR(reader, ret != NULL ? ret : name, "only SCMP_ACT_ERRNO takes an errno");
        return false;
    }
    *action = SCMP_ACT_ERRNO((uint32_t)number);
    return true;
}

static bool allows(uint32_t action)
{
    return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG;
}

/* ---- arguments ------------------------------------------------------------------ */

static void read_index(const struct policy_reader *reader, const cJSON *item)
{
    struct policy_compare *compare = reader->object;
    uint64_t number;

    if (policy_number(reader, item, POLICY_ARGS_MAX - 1, &number))
        compare->index = (unsigned)number;
}

static void read_value(const struct policy_reader *reader, const cJSON *item)
{
    struct policy_compare *compare = reader->object;

    policy_number(reader, item, UINT64_MAX, &compare->value);
}

static void read_value_two(const struct policy_reader *reader, const cJSON *item)
{
    struct policy_compare *compare = reader->object;

    if (policy_number(reader, item, UINT64_MAX, &compare->value_two) && compare->value_two != 0 &&
        compare->op != SCMP_CMP_MASKED_EQ)
        POLICY_ERROR(reader, item, "only SCMP_CMP_MASKED_EQ takes a second value");
}

static void read_op(const struct policy_reader *reader, const cJSON *item)
{
    static const struct {
        const char *name;
        enum scmp_compare op;
    } names[] = {
        {"SCMP_CMP_NE", SCMP_CMP_NE}, {"SCMP_CMP_LT", SCMP_CMP_LT}, {"SCMP_CMP_LE", SCMP_CMP_LE},
        {"SCMP_CMP_EQ", SCMP_CMP_EQ}, {"SCMP_CMP_GE", SCMP_CMP_GE}, {"SCMP_CMP_GT", SCMP_CMP_GT},
        {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
    };
    struct policy_compare *compare = reader->object;

    if (!policy_is_string(reader, item))
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, item->valuestring) == 0) {
            compare->op = names[i].op;
            return;
        }
    POLICY_ERROR(reader, item, "not a comparison, such as SCMP_CMP_EQ");
}

static void read_args(const struct policy_reader *reader, const cJSON *array)
{
    static const struct policy_field fields[] = {
        {"index", read_index}, {"value", read_value}, {"op", read_op}, {"valueTwo", read_value_two}};
    struct policy_rule *rule = &((struct entry *)reader->object)->rule;
    const cJSON *item;

    if (cJSON_IsNull(array) || !policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array) {
        struct policy_reader inner = *reader;

        if (rule->count == POLICY_ARGS_MAX) {
            POLICY_ERROR(reader, item, "a system call has %d arguments", POLICY_ARGS_MAX);
            return;
        }
        inner.object = &rule->compares[rule->count++];
        policy_fields(&inner, item, POLICY_FIELDS(fields));
        for (size_t i = 0; cJSON_IsObject(item) && i < 3; i++)
            if (json_get(item, fields[i].key) == NULL)
                json_finding(reader->document, item, FINDING_ERROR, FINDING_SCHEMA, "needs %s", fields[i].key);
    }
}

/* ---- entries ----------------------------------------------------------------------- */

static void note_unknown(const struct policy_reader *reader, const struct entry *entry, const cJSON *item)
{
    struct profile *profile = entry->profile;
    size_t used = strlen(profile->unknown);

    if (!allows(entry->action) && allows(profile->default_action)) {
        POLICY_ERROR(reader, item, "no system call of that name is known here, so it cannot be denied: '%s'",
                     item->valuestring);
        return;
    }
    if (profile->unknown_count++ == 0)
        profile->unknown_first = item;
    snprintf(profile->unknown + used, sizeof profile->unknown - used, "%s%s", used == 0 ? "" : ", ",
             item->valuestring);
}

static void add_name(const struct policy_reader *reader, struct entry *entry, const cJSON *item)
{
    struct profile *profile = entry->profile;
    enum policy_filter_error error;
    int number;

    if (!policy_is_string(reader, item))
        return;
    number = seccomp_syscall_resolve_name_arch(seccomp_arch_native(), item->valuestring);
    if (number == __NR_SCMP_ERROR)
        number = syscall_number(item->valuestring);
    if (number == -1) {
        note_unknown(reader, entry, item);
        return;
    }
    if (number < 0 || !profile->open) /* a call of other machines */
        return;
    policy_filter_knows(&profile->filter, number);
    if (!entry->applies)
        return;
    entry->rule.number = number;
    error = policy_filter_add(&profile->filter, &entry->rule);
    if (error != POLICY_FILTER_OK)
        POLICY_ERROR(reader, item, "the entry for %s %s", item->valuestring, policy_filter_message(error));
}

static void read_includes(const struct policy_reader *reader, const cJSON *item)
{
    struct entry *entry = reader->object;

    if (!cJSON_IsNull(item) && !policy_includes(reader, item, allows(entry->action)))
        entry->applies = false;
}

static void read_excludes(const struct policy_reader *reader, const cJSON *item)
{
    struct entry *entry = reader->object;

    if (!cJSON_IsNull(item) && policy_excludes(reader, item, allows(entry->action)))
        entry->applies = false;
}

static void read_names(const struct policy_reader *reader, const cJSON *array)
{
    const cJSON *item;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array)
        add_name(reader, reader->object, item);
}

static void read_name(const struct policy_reader *reader, const cJSON *item)
{
    add_name(reader, reader->object, item);
}

static void read_syscalls(const struct policy_reader *reader, const cJSON *array)
{
    /* Names last: by then the entry is known. */
    static const struct policy_field fields[] = {
        {"action", policy_passed}, {"errnoRet", policy_passed}, {"errno", policy_passed},
        {"includes", read_includes}, {"excludes", read_excludes}, {"args", read_args},
        {"names", read_names}, {"name", read_name}};
    const cJSON *item;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array) {
        struct entry entry = {.profile = reader->object, .item = item, .applies = true};
        struct policy_reader inner = *reader;

        inner.object = &entry;
        if (!policy_is_object(reader, item) ||
            !read_action(reader, item, "action", "errnoRet", "errno", &entry.action))
            continue;
        entry.rule.action = entry.action;
        policy_fields(&inner, item, POLICY_FIELDS(fields));
        if (json_get(item, "names") == NULL && json_get(item, "name") == NULL)
            json_finding(reader->document, item, FINDING_ERROR, FINDING_SCHEMA, "needs names");
    }
}

/* ---- the whole ------------------------------------------------------------------------ */

/* TSYNC matters to a process of several threads; a hook is one when its filter is loaded. */
static void read_flags(const struct policy_reader *reader, const cJSON *array)
{
    const cJSON *item;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array)
        if (policy_is_string(reader, item) && strcmp(item->valuestring, "SECCOMP_FILTER_FLAG_TSYNC") != 0)
            POLICY_ERROR(reader, item, "this flag is not implemented");
}

/* What no entry speaks of must be told from what an entry denies. */
static bool mark_default(const struct policy_reader *reader, const cJSON *seccomp, uint32_t *action)
{
    if (allows(*action)) {
        POLICY_ERROR(reader, json_get(seccomp, "defaultAction"),
                     "allows every call that is not listed: from this base nothing can be learned");
        return false;
    }
    *action = SCMP_ACT_ERRNO(LEARN_MISSING);
    return true;
}

void policy_seccomp(const struct policy_reader *reader, const cJSON *seccomp)
{
    static const struct policy_field fields[] = {
        {"defaultAction", policy_passed}, {"defaultErrnoRet", policy_passed}, {"defaultErrno", policy_passed},
        {"architectures", policy_architectures}, {"archMap", policy_arch_map}, {"flags", read_flags},
        {"syscalls", read_syscalls}};
    struct profile profile = {0};
    struct policy_reader inner = *reader;
    struct policy_plan *plan = reader->plan;
    enum policy_filter_error error;

    if (!policy_is_object(reader, seccomp))
        return;
    inner.object = &profile;
    profile.open = read_action(reader, seccomp, "defaultAction", "defaultErrnoRet", "defaultErrno",
                               &profile.default_action);
    if (profile.open && reader->use == POLICY_FOR_HOOK && allows(profile.default_action))
        POLICY_WARNING(reader, json_get(seccomp, "defaultAction"), "allows every call that is not listed");
    if (profile.open && reader->learn)
        profile.open = mark_default(reader, seccomp, &profile.default_action);
    error = profile.open ? policy_filter_begin(&profile.filter, profile.default_action, reader->use) : POLICY_FILTER_OK;
    policy_fields(&inner, seccomp, POLICY_FIELDS(fields));
    if (profile.unknown_count != 0)
        POLICY_WARNING(reader, profile.unknown_first, "not known here and passed over, %u in all: %s",
                       profile.unknown_count, profile.unknown);
    if (profile.open && error == POLICY_FILTER_OK && plan->head.usable)
        error = policy_filter_emit(&profile.filter, plan->filter, &plan->filter_length);
    if (error != POLICY_FILTER_OK)
        POLICY_ERROR(reader, seccomp, "the filter %s", policy_filter_message(error));
    policy_filter_end(&profile.filter);
}
