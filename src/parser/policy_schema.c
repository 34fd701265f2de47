#include "parser/policy_schema.h"

#include <string.h>

static bool is_comment(const char *key)
{
    return strcmp(key, "comment") == 0 || strcmp(key, "$comment") == 0 || strcmp(key, "$schema") == 0;
}

/* Whether a field of a table is the one for this key. */
static bool is_for(const struct policy_field *field, const char *key)
{
    size_t n = strlen(field->key);

    return n > 0 && field->key[n - 1] == '*' ? strncmp(field->key, key, n - 1) == 0 : strcmp(field->key, key) == 0;
}

static bool in_table(const char *key, const struct policy_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_for(&fields[i], key))
            return true;
    return is_comment(key);
}

void policy_fields(const struct policy_reader *reader, const cJSON *object, const struct policy_field *fields,
                   size_t count)
{
    const cJSON *item;

    if (!policy_is_object(reader, object))
        return;
    cJSON_ArrayForEach(item, object)
        if (!in_table(item->string, fields, count))
            json_key_finding(reader->document, item, FINDING_ERROR, FINDING_POLICY,
                             "not implemented, so the policy cannot be applied as it is written");
    for (size_t i = 0; i < count; i++)
        cJSON_ArrayForEach(item, object)
            if (is_for(&fields[i], item->string))
                fields[i].read(reader, item);
}

void policy_array(const struct policy_reader *reader, const cJSON *array, const struct policy_field *fields,
                  size_t count)
{
    const cJSON *item;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array)
        policy_fields(reader, item, fields, count);
}

void policy_passed(const struct policy_reader *reader, const cJSON *item)
{
    (void)reader;
    (void)item;
}

static bool expect(const struct policy_reader *reader, const cJSON *item, bool fits, const char *type)
{
    if (!fits)
        json_finding(reader->document, item, FINDING_ERROR, FINDING_SCHEMA, "must be %s, not %s", type,
                     json_type_name(item));
    return fits;
}

bool policy_is_object(const struct policy_reader *reader, const cJSON *item)
{
    return expect(reader, item, cJSON_IsObject(item), "an object");
}

bool policy_is_array(const struct policy_reader *reader, const cJSON *item)
{
    return expect(reader, item, cJSON_IsArray(item), "an array");
}

bool policy_is_string(const struct policy_reader *reader, const cJSON *item)
{
    return expect(reader, item, cJSON_IsString(item), "a string");
}

bool policy_is_bool(const struct policy_reader *reader, const cJSON *item)
{
    return expect(reader, item, cJSON_IsBool(item), "true or false");
}

bool policy_number(const struct policy_reader *reader, const cJSON *item, uint64_t max, uint64_t *value)
{
    if (!expect(reader, item, cJSON_IsNumber(item), "a number"))
        return false;
    if (!json_unsigned(reader->document, item, value) || *value > max) {
        json_finding(reader->document, item, FINDING_ERROR, FINDING_VALUE, "must be an integer from 0 to %llu",
                     (unsigned long long)max);
        return false;
    }
    return true;
}

bool policy_append(char *text, uint32_t *length, size_t size, const char *string)
{
    size_t n = strlen(string) + 1;

    if (n > size - *length)
        return false;
    memcpy(text + *length, string, n);
    *length += (uint32_t)n;
    return true;
}
