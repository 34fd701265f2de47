/*
 * policy_schema.h - walking a policy's objects by tables of their keys.
 */
#ifndef QUIESCE_PARSER_POLICY_SCHEMA_H
#define QUIESCE_PARSER_POLICY_SCHEMA_H

#include "parser/json.h"
#include "parser/policy.h"

struct policy_reader {
    const struct json_document *document;
    struct policy_plan *plan;
    enum policy_use use; /* POLICY_FOR_HOOK or POLICY_FOR_ROLE */
    bool learn;          /* POLICY_TO_LEARN */
    void *object; /* what the handlers of one table fill, if anything but the plan */
};

/* A key and who reads its value; a key that ends in '*' stands for all that begin so. */
struct policy_field {
    const char *key;
    void (*read)(const struct policy_reader *reader, const cJSON *item);
};
#define POLICY_FIELDS(table) (table), sizeof(table) / sizeof((table)[0])

/*
 * Reads the members of an object in the order of the table; every member that
 * the table does not hold, "comment", "$comment" and "$schema" apart, is an error.
 */
void policy_fields(const struct policy_reader *reader, const cJSON *object, const struct policy_field *fields,
                   size_t count);

/* The same for each element of an array of objects. */
void policy_array(const struct policy_reader *reader, const cJSON *array, const struct policy_field *fields,
                  size_t count);

/* A table's reader for a key whose value is looked at elsewhere, or does not matter. */
void policy_passed(const struct policy_reader *reader, const cJSON *item);

/* Each is false, after a finding, if the item is not of that type. */
bool policy_is_object(const struct policy_reader *reader, const cJSON *item);
bool policy_is_array(const struct policy_reader *reader, const cJSON *item);
bool policy_is_string(const struct policy_reader *reader, const cJSON *item);
bool policy_is_bool(const struct policy_reader *reader, const cJSON *item);

/* An unsigned integer up to max; false after a finding if it is not. */
bool policy_number(const struct policy_reader *reader, const cJSON *item, uint64_t max, uint64_t *value);

/* Appends a string with its NUL to a text of fixed size; false if it does not fit. */
bool policy_append(char *text, uint32_t *length, size_t size, const char *string);

/* An error about an item's value. */
#define POLICY_ERROR(reader, item, ...) \
    json_finding((reader)->document, (item), FINDING_ERROR, FINDING_POLICY, __VA_ARGS__)
#define POLICY_WARNING(reader, item, ...) \
    json_finding((reader)->document, (item), FINDING_WARNING, FINDING_POLICY, __VA_ARGS__)

#endif
