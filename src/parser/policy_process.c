#include "parser/policy_process.h"

#include <string.h>
#include <sys/resource.h>

#include "base/capability.h"
#include "base/environment.h"

static const uint64_t id_max = UINT32_MAX - 1; /* the last one means "no change" to setresuid(2) */

/* ---- user ------------------------------------------------------------------ */

static void read_uid(const struct policy_reader *reader, const cJSON *item)
{
    uint64_t id;

    if (policy_number(reader, item, id_max, &id))
        reader->plan->uid = (uint32_t)id;
}

static void read_gid(const struct policy_reader *reader, const cJSON *item)
{
    uint64_t id;

    if (policy_number(reader, item, id_max, &id))
        reader->plan->gid = (uint32_t)id;
}

static void read_groups(const struct policy_reader *reader, const cJSON *array)
{
    struct policy_plan *plan = reader->plan;
    const cJSON *item;
    uint64_t id;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array) {
        if (plan->groups_count == PLAN_GROUPS_MAX) {
            POLICY_ERROR(reader, item, "more than %d groups", PLAN_GROUPS_MAX);
            return;
        }
        if (policy_number(reader, item, id_max, &id))
            plan->groups[plan->groups_count++] = (uint32_t)id;
    }
}

static void read_user(const struct policy_reader *reader, const cJSON *item)
{
    static const struct policy_field fields[] = {
        {"uid", read_uid}, {"gid", read_gid}, {"additionalGids", read_groups}};

    policy_fields(reader, item, POLICY_FIELDS(fields));
    if (cJSON_IsObject(item) && (json_get(item, "uid") == NULL || json_get(item, "gid") == NULL))
        json_finding(reader->document, item, FINDING_ERROR, FINDING_SCHEMA, "needs both uid and gid");
    reader->plan->flags |= POLICY_HAS_USER;
}

/* ---- capabilities ------------------------------------------------------------ */

bool policy_capabilities(const struct policy_reader *reader, const cJSON *array, uint64_t *set)
{
    const cJSON *item;
    bool good = true;

    *set = 0;
    if (!policy_is_array(reader, array))
        return false;
    cJSON_ArrayForEach(item, array) {
        int number;

        if (!policy_is_string(reader, item)) {
            good = false;
            continue;
        }
        number = capability_number(item->valuestring);
        if (number < 0) {
            POLICY_ERROR(reader, item, "no capability of that name, such as CAP_CHOWN: '%s'", item->valuestring);
            good = false;
            continue;
        }
        *set |= UINT64_C(1) << number;
    }
    return good;
}

static void read_bounding(const struct policy_reader *reader, const cJSON *item)
{
    policy_capabilities(reader, item, &reader->plan->cap_bounding);
}

static void read_inheritable(const struct policy_reader *reader, const cJSON *item)
{
    if (policy_capabilities(reader, item, &reader->plan->cap_inheritable) &&
        (reader->plan->cap_inheritable & ~reader->plan->cap_bounding) != 0)
        POLICY_ERROR(reader, item, "holds what bounding does not, so it could not be set");
}

static void read_ambient(const struct policy_reader *reader, const cJSON *item)
{
    if (policy_capabilities(reader, item, &reader->plan->cap_ambient) &&
        (reader->plan->cap_ambient & ~reader->plan->cap_inheritable) != 0)
        POLICY_ERROR(reader, item, "holds what inheritable does not, so it could not be set");
}

static void read_permitted(const struct policy_reader *reader, const cJSON *item)
{
    uint64_t set;

    if (policy_capabilities(reader, item, &set) && set != reader->plan->cap_ambient)
        POLICY_ERROR(reader, item, "must equal ambient: a script has no file capabilities and SECBIT_NOROOT is "
                                   "locked, so what it may use is its ambient set");
}

static void read_capabilities(const struct policy_reader *reader, const cJSON *item)
{
    /* In this order: each set is compared with the ones before it. */
    static const struct policy_field fields[] = {
        {"bounding", read_bounding}, {"inheritable", read_inheritable}, {"ambient", read_ambient},
        {"permitted", read_permitted}, {"effective", read_permitted}};

    policy_fields(reader, item, POLICY_FIELDS(fields));
}

/* ---- rlimits ------------------------------------------------------------------ */

struct limit {
    int resource; /* -1: not read */
    uint64_t soft, hard;
};

static void read_limit_type(const struct policy_reader *reader, const cJSON *item)
{
    static const struct {
        const char *name;
        int resource;
    } names[] = {
        {"RLIMIT_AS", RLIMIT_AS}, {"RLIMIT_CORE", RLIMIT_CORE}, {"RLIMIT_CPU", RLIMIT_CPU},
        {"RLIMIT_DATA", RLIMIT_DATA}, {"RLIMIT_FSIZE", RLIMIT_FSIZE}, {"RLIMIT_LOCKS", RLIMIT_LOCKS},
        {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, {"RLIMIT_NICE", RLIMIT_NICE},
        {"RLIMIT_NOFILE", RLIMIT_NOFILE}, {"RLIMIT_NPROC", RLIMIT_NPROC}, {"RLIMIT_RSS", RLIMIT_RSS},
        {"RLIMIT_RTPRIO", RLIMIT_RTPRIO}, {"RLIMIT_RTTIME", RLIMIT_RTTIME},
        {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING}, {"RLIMIT_STACK", RLIMIT_STACK},
    };
    struct limit *limit = reader->object;

    if (!policy_is_string(reader, item))
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, item->valuestring) == 0)
            limit->resource = names[i].resource;
    if (limit->resource < 0)
        POLICY_ERROR(reader, item, "no resource limit of that name, such as RLIMIT_NOFILE: '%s'", item->valuestring);
}

static void read_limit_soft(const struct policy_reader *reader, const cJSON *item)
{
    struct limit *limit = reader->object;

    policy_number(reader, item, UINT64_MAX, &limit->soft);
}

static void read_limit_hard(const struct policy_reader *reader, const cJSON *item)
{
    struct limit *limit = reader->object;

    policy_number(reader, item, UINT64_MAX, &limit->hard);
}

static void read_limit(const struct policy_reader *reader, const cJSON *item)
{
    static const struct policy_field fields[] = {
        {"type", read_limit_type}, {"soft", read_limit_soft}, {"hard", read_limit_hard}};
    struct limit limit = {-1, 0, 0};
    struct policy_reader inner = *reader;
    struct policy_plan *plan = reader->plan;

    inner.object = &limit;
    policy_fields(&inner, item, POLICY_FIELDS(fields));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (cJSON_IsObject(item) && json_get(item, fields[i].key) == NULL)
            json_finding(reader->document, item, FINDING_ERROR, FINDING_SCHEMA, "needs %s", fields[i].key);
    if (limit.resource < 0)
        return;
    if (limit.soft > limit.hard)
        POLICY_ERROR(reader, item, "soft is above hard");
    if (limit.resource == RLIMIT_CORE && limit.hard != 0)
        POLICY_ERROR(reader, item, "RLIMIT_CORE is always 0: a core file would hold the application's secrets");
    for (uint32_t i = 0; i < plan->rlimits_count; i++)
        if (plan->rlimits[i].resource == (uint32_t)limit.resource) {
            POLICY_ERROR(reader, item, "this limit is given twice");
            return;
        }
    plan->rlimits[plan->rlimits_count++] = (struct policy_rlimit){
        .resource = (uint32_t)limit.resource, .soft = limit.soft, .hard = limit.hard};
}

static void read_rlimits(const struct policy_reader *reader, const cJSON *array)
{
    const cJSON *item;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array)
        read_limit(reader, item);
}

/* ---- the rest ------------------------------------------------------------------- */

static void read_no_new_privileges(const struct policy_reader *reader, const cJSON *item)
{
    if (policy_is_bool(reader, item) && !cJSON_IsTrue(item))
        POLICY_ERROR(reader, item, "must be true: without it a hook could gain rights by executing a set-id file");
}

/* NAME=value, the name as a shell takes it, the value without control characters. */
static bool valid_variable(const char *text)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t name = strspn(text, rest);

    if (name == 0 || strchr(first, text[0]) == NULL || text[name] != '=')
        return false;
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    return true;
}

/* A name with its "=" is in the environment already. */
static bool is_set(const struct policy_plan *plan, const char *variable)
{
    size_t length = strcspn(variable, "=") + 1;

    for (uint32_t at = 0; at < plan->env_length; at += (uint32_t)strlen(plan->env + at) + 1)
        if (strncmp(plan->env + at, variable, length) == 0)
            return true;
    return false;
}

static void read_env(const struct policy_reader *reader, const cJSON *array)
{
    struct policy_plan *plan = reader->plan;
    const char *problem;
    const cJSON *item;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array) {
        if (!policy_is_string(reader, item))
            continue;
        if (!valid_variable(item->valuestring)) {
            POLICY_ERROR(reader, item, "must be NAME=value, without control characters");
        } else if ((problem = environment_name_problem(item->valuestring, strcspn(item->valuestring, "="))) != NULL) {
            POLICY_ERROR(reader, item, "%s", problem);
        } else if (is_set(plan, item->valuestring)) {
            POLICY_ERROR(reader, item, "this variable is given twice");
        } else if (plan->env_count == PLAN_ENV_COUNT_MAX ||
                   !policy_append(plan->env, &plan->env_length, sizeof plan->env, item->valuestring)) {
            POLICY_ERROR(reader, item, "more than %d variables or %d bytes", PLAN_ENV_COUNT_MAX, PLAN_ENV_MAX);
            return;
        } else {
            plan->env_count++;
        }
    }
}

void policy_process(const struct policy_reader *reader, const cJSON *process)
{
    static const struct policy_field fields[] = {
        {"user", read_user}, {"capabilities", read_capabilities}, {"rlimits", read_rlimits},
        {"noNewPrivileges", read_no_new_privileges}, {"env", read_env}};

    policy_fields(reader, process, POLICY_FIELDS(fields));
}
