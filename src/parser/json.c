#include "parser/json.h"

#include <stdlib.h>
#include <string.h>

#include "parser/json_scan.h"
#include "parser/text.h"

static int by_parent_and_key(const struct json_node *a, const struct json_node *b)
{
    if (a->parent != b->parent) return a->parent < b->parent ? -1 : 1;
    return strcmp(a->item->string, b->item->string);
}

/*
 * Bottom-up merge sort, stable, no deeper than its caller; spare is as long as
 * rows.  Not qsort(3): glibc's asks how much memory the machine has before it
 * sorts a large array, which a confined parser is killed for, and a comparison
 * sort keeps hostile keys from making this quadratic, which a hash table would not.
 */
static void sort_nodes(struct json_node **rows, struct json_node **spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = middle + width < count ? middle + width : count;
            size_t left = start, right = middle;
            for (size_t out = start; out < end; out++) {
                bool take_left = left < middle && (right == end || by_parent_and_key(rows[left], rows[right]) <= 0);
                spare[out] = take_left ? rows[left++] : rows[right++];
            }
        }
        memcpy(rows, spare, count * sizeof(*rows));
    }
}

static int internal(const struct json_document *document, const char *what)
{
    finding_add(document->head, document->code, FINDING_ERROR, FINDING_SYSTEM, (struct place){0, 0}, "", "%s", what);
    return -1;
}

/* True if what cJSON read is of the type that the scanner saw. */
static bool same_type(char first, const cJSON *item)
{
    if (first == '{') return cJSON_IsObject(item);
    if (first == '[') return cJSON_IsArray(item);
    if (first == '"') return cJSON_IsString(item) && item->valuestring;
    if (first == 't' || first == 'f') return cJSON_IsBool(item);
    if (first == 'n') return cJSON_IsNull(item);
    return cJSON_IsNumber(item);
}

/*
 * Walks cJSON's tree beside the scanner's nodes, which stand in the same order, and
 * leaves in each item the index of its node: nobody reads a number from valueint.
 */
static int attach(struct json_document *document)
{
    cJSON *above[JSON_NESTING_LIMIT], *item = document->root;
    unsigned depth = 0;
    uint32_t i = 0;

    while (item) {
        if (i == document->count || !same_type(document->bytes[document->nodes[i].value], item)) break;
        if ((document->nodes[i].key != 0) != (item->string != NULL)) break;
        item->valueint = (int)i;
        document->nodes[i++].item = item;
        if (item->child && depth < JSON_NESTING_LIMIT) {
            above[depth++] = item;
            item = item->child;
            continue;
        }
        while (!item->next && depth > 0) item = above[--depth];
        item = item->next;
    }
    if (item || i != document->count) return internal(document, "two readings of the document differ");
    return 0;
}

/* Marks keys that stand twice in one object. */
static int mark_duplicates(struct json_document *document)
{
    struct json_node **rows = NULL, **spare = NULL;
    size_t keys = 0;
    int result = -1;

    for (uint32_t i = 0; i < document->count; i++) keys += document->nodes[i].key != 0;
    if (keys < 2) return 0;
    rows = calloc(keys, sizeof(struct json_node *));
    spare = calloc(keys, sizeof(struct json_node *));
    if (!rows || !spare) {
        internal(document, "out of memory");
        goto out;
    }
    keys = 0;
    for (uint32_t i = 0; i < document->count; i++)
        if (document->nodes[i].key != 0) rows[keys++] = &document->nodes[i];
    sort_nodes(rows, spare, keys);
    for (size_t i = 1; i < keys; i++)
        rows[i]->twice = by_parent_and_key(rows[i - 1], rows[i]) == 0;
    result = 0;
out:
    free(rows);
    free(spare);
    return result;
}

static int refuse_duplicates(const struct json_document *document)
{
    int result = 0;

    for (uint32_t i = 0; i < document->count; i++) {
        const struct json_node *node = &document->nodes[i];
        if (node->key == 0 || !node->twice) continue;
        json_key_finding(document, node->item, FINDING_ERROR, FINDING_SYNTAX,
                         "the key '%s' stands here again; each key may stand once", node->item->string);
        result = -1;
    }
    return result;
}

int json_parse(struct json_document *document, const char *bytes, size_t n, const struct json_limits *limits,
               struct plan_head *head)
{
    const char *end = NULL;
    unsigned nesting_max = limits->nesting_max < JSON_NESTING_LIMIT ? limits->nesting_max : JSON_NESTING_LIMIT;

    *document = (struct json_document){.bytes = bytes, .length = n, .head = head, .code = limits->code};
    if (n > limits->bytes_max || n >= UINT32_MAX) {
        finding_add(head, limits->code, FINDING_ERROR, FINDING_SYNTAX, (struct place){0, 0}, "",
                    "the document is larger than %zu bytes", limits->bytes_max);
        return -1;
    }
    if (json_scan(document, nesting_max) != 0) return -1;
    document->root = cJSON_ParseWithLengthOpts(bytes, n, &end, 0);
    if (!document->root) return internal(document, "two readings of the document differ, or out of memory");
    if (attach(document) != 0 || mark_duplicates(document) != 0) {
        json_free(document);
        return -1;
    }
    return refuse_duplicates(document);
}

void json_free(struct json_document *document)
{
    cJSON_Delete(document->root);
    free(document->nodes);
    document->root = NULL;
    document->nodes = NULL;
    document->count = document->capacity = 0;
}

/* ---- positions -------------------------------------------------------------- */

/* The node that attach() left with an item; NULL for an item of another document, or none. */
static const struct json_node *find_node(const struct json_document *document, const cJSON *item)
{
    uint32_t node = item ? (uint32_t)item->valueint : UINT32_MAX;

    return node < document->count && document->nodes[node].item == item ? &document->nodes[node] : NULL;
}

struct place json_where(const struct json_document *document, const cJSON *item)
{
    const struct json_node *node = find_node(document, item);

    return node ? node->value_place : (struct place){0, 0};
}

struct place json_where_key(const struct json_document *document, const cJSON *item)
{
    const struct json_node *node = find_node(document, item);

    return node ? node->key_place : (struct place){0, 0};
}

void json_key(const struct json_document *document, const cJSON *item, char key[JSON_KEY_MAX])
{
    const struct json_node *node = find_node(document, item);

    json_node_key(document, node ? (uint32_t)(node - document->nodes) : UINT32_MAX, key);
}

const char *json_text(const struct json_document *document, const cJSON *item, size_t *length)
{
    const struct json_node *node = find_node(document, item);

    if (!node) return NULL;
    *length = node->value_length;
    return document->bytes + node->value;
}

/* ---- values ------------------------------------------------------------------- */

const cJSON *json_get(const cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

bool json_integer(const struct json_document *document, const cJSON *item, int64_t *value)
{
    size_t length = 0;
    const char *text = cJSON_IsNumber(item) ? json_text(document, item, &length) : NULL;
    bool negative = text && text[0] == '-';
    uint64_t magnitude = INT64_MAX;

    if (!text || !text_digits(text + negative, length - negative)) return false;
    /* False only for what is beyond, since the scanner has checked the grammar. */
    if (!text_decimal(text + negative, length - negative, INT64_MAX, &magnitude)) {
        *value = negative ? INT64_MIN : INT64_MAX;
        return true;
    }
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

bool json_unsigned(const struct json_document *document, const cJSON *item, uint64_t *value)
{
    size_t length = 0;
    const char *text = cJSON_IsNumber(item) ? json_text(document, item, &length) : NULL;

    return text && text_decimal(text, length, UINT64_MAX, value);
}

const char *json_type_name(const cJSON *item)
{
    if (cJSON_IsObject(item)) return "an object";
    if (cJSON_IsArray(item)) return "an array";
    if (cJSON_IsString(item)) return "a string";
    if (cJSON_IsNumber(item)) return "a number";
    if (cJSON_IsBool(item)) return "a boolean";
    return cJSON_IsNull(item) ? "null" : "nothing";
}

/* ---- findings ------------------------------------------------------------------- */

void json_finding(const struct json_document *document, const cJSON *item, enum finding_severity severity,
                  enum finding_kind kind, const char *format, ...)
{
    char key[JSON_KEY_MAX];
    va_list arguments;

    json_key(document, item, key);
    va_start(arguments, format);
    finding_vadd(document->head, document->code, severity, kind, json_where(document, item), key, format, arguments);
    va_end(arguments);
}

void json_key_finding(const struct json_document *document, const cJSON *item, enum finding_severity severity,
                      enum finding_kind kind, const char *format, ...)
{
    char key[JSON_KEY_MAX];
    va_list arguments;

    json_key(document, item, key);
    va_start(arguments, format);
    finding_vadd(document->head, document->code, severity, kind, json_where_key(document, item), key, format,
                 arguments);
    va_end(arguments);
}
