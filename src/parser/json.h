/*
 * json.h - RFC 8259 to the letter, and where everything stands.
 *
 * A strict scanner reads the bytes first and refuses what cJSON would let pass:
 * duplicate keys, bad UTF-8, control bytes, NUL, lone surrogates, numbers out of
 * grammar, trailing text, deep nesting.  Only then does cJSON build its tree.
 * The scanner notes the position of every key and value, so that whatever a
 * schema finds wrong later can be named by line, column and dotted key.
 *
 * MUST: take values with the getters below (case-sensitive, exact integers).
 * MUST NOT: use cJSON_GetObjectItem, valuedouble, or valueint, which holds no number here.
 */
#ifndef QUIESCE_PARSER_JSON_H
#define QUIESCE_PARSER_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser/finding.h"

enum { JSON_NESTING_LIMIT = 64, JSON_KEY_MAX = 128 };

/* What a kind of document may be. */
struct json_limits {
    size_t bytes_max;     /* a longer document is refused */
    unsigned nesting_max; /* arrays and objects within each other, 1..JSON_NESTING_LIMIT */
    uint32_t code;        /* of the findings about this document */
};

/* One value, in document order.  A document has up to one for every two of its bytes. */
struct json_node {
    const cJSON *item;
    uint32_t parent;              /* index of its object or array; UINT32_MAX: the root */
    union {
        uint32_t index;           /* an array's element: its position, from 0 */
        uint32_t twice;           /* an object's member: 1 if an earlier one has the same key */
    };
    uint32_t key, key_length;     /* raw bytes between the key's quotes; key 0: no key */
    uint32_t value, value_length; /* raw bytes of the value */
    struct place key_place, value_place;
};

struct json_document {
    const char *bytes; /* the caller's; must outlive the document */
    size_t length;
    cJSON *root;
    struct plan_head *head;
    uint32_t code;
    struct json_node *nodes;
    uint32_t count, capacity;
};

/*
 * Parses a document.  The findings of this document, also those added later with
 * json_finding(), go to head, which finding_begin() has prepared.
 * bytes need no terminating NUL.  Takes time linear in n, but for sorting.
 * Returns 0, or -1 after adding at least one error.  json_free() either way.
 * After -1 document->root is NULL, unless duplicate keys are all that was found:
 * then the tree holds and its schema may be checked as well.
 */
int json_parse(struct json_document *document, const char *bytes, size_t n, const struct json_limits *limits,
               struct plan_head *head);

/* Frees what json_parse() made; harmless on a zeroed document, and twice. */
void json_free(struct json_document *document);

/* The member of exactly this name, or NULL (also if object is NULL or none). */
const cJSON *json_get(const cJSON *object, const char *key);

/* Where an item's value stands, and where its key; zeros for what is not of this document or has no key. */
struct place json_where(const struct json_document *document, const cJSON *item);
struct place json_where_key(const struct json_document *document, const cJSON *item);

/* The dotted path of an item, as "quiesce.environment.PATH" or "linux.seccomp.syscalls[3].names",
 * cut to JSON_KEY_MAX; "" for the root. */
void json_key(const struct json_document *document, const cJSON *item, char key[JSON_KEY_MAX]);

/* The bytes of an item as they stand in the document, without a NUL; NULL if it is not of this document. */
const char *json_text(const struct json_document *document, const cJSON *item, size_t *length);

/* True if item is a number written without fraction and exponent; *value is it, or
 * the nearest int64_t if it is beyond. */
bool json_integer(const struct json_document *document, const cJSON *item, int64_t *value);

/* True if item is a number written without sign, fraction and exponent that fits. */
bool json_unsigned(const struct json_document *document, const cJSON *item, uint64_t *value);

/* "an object", "a string" and so on: what an item is, for messages. */
const char *json_type_name(const cJSON *item);

/* Adds a finding about an item: its key and the place of its value. */
void json_finding(const struct json_document *document, const cJSON *item, enum finding_severity severity,
                  enum finding_kind kind, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same at the place of its key, for keys that should not be there. */
void json_key_finding(const struct json_document *document, const cJSON *item, enum finding_severity severity,
                      enum finding_kind kind, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
