#include "parser/policy_resources.h"

/* An integer from least to most; else 0, after a finding. */
static uint64_t read_limit(const struct policy_reader *reader, const cJSON *item, uint64_t least, uint64_t most)
{
    uint64_t value = 0;

    if (!policy_number(reader, item, most, &value))
        return 0;
    if (value >= least)
        return value;
    POLICY_ERROR(reader, item, "must be at least %llu; without a limit it is left out", (unsigned long long)least);
    return 0;
}

static void read_pids_limit(const struct policy_reader *reader, const cJSON *item)
{
    reader->plan->limits.pids = read_limit(reader, item, 1, POLICY_PIDS_MAX);
}

static void read_pids(const struct policy_reader *reader, const cJSON *object)
{
    static const struct policy_field fields[] = {{"limit", read_pids_limit}};

    policy_fields(reader, object, POLICY_FIELDS(fields));
    if (cJSON_IsObject(object) && json_get(object, "limit") == NULL)
        json_finding(reader->document, object, FINDING_ERROR, FINDING_SCHEMA, "needs limit");
}

static void read_memory_limit(const struct policy_reader *reader, const cJSON *item)
{
    reader->plan->limits.memory = read_limit(reader, item, POLICY_MEMORY_MIN, POLICY_MEMORY_MAX);
}

/* As in the specification, memory and swap together. */
static void read_swap(const struct policy_reader *reader, const cJSON *item)
{
    struct policy_limits *l = &reader->plan->limits;

    l->swap = read_limit(reader, item, 1, POLICY_MEMORY_MAX);
    if (l->swap == 0)
        return;
    if (l->memory == 0)
        POLICY_ERROR(reader, item, "needs a limit beside it");
    else if (l->swap < l->memory)
        POLICY_ERROR(reader, item, "is of memory and swap together, so it cannot be below limit");
}

static void read_reservation(const struct policy_reader *reader, const cJSON *item)
{
    struct policy_limits *l = &reader->plan->limits;

    l->reservation = read_limit(reader, item, 1, POLICY_MEMORY_MAX);
    if (l->memory != 0 && l->reservation > l->memory)
        POLICY_ERROR(reader, item, "is above limit");
}

static void read_memory(const struct policy_reader *reader, const cJSON *object)
{
    /* limit first: the others are compared with it. */
    static const struct policy_field fields[] = {
        {"limit", read_memory_limit}, {"swap", read_swap}, {"reservation", read_reservation}};

    policy_fields(reader, object, POLICY_FIELDS(fields));
}

void policy_resources(const struct policy_reader *reader, const cJSON *object)
{
    static const struct policy_field fields[] = {{"pids", read_pids}, {"memory", read_memory}};

    policy_fields(reader, object, POLICY_FIELDS(fields));
}
