/*
 * The strict JSON layer, held to two other parsers.
 *
 *   - What it accepts jansson accepts, and cJSON's tree and jansson's hold the same values.
 *   - What jansson accepts (RFC 8259, duplicates refused) it accepts, but for the intended
 *     differences below, each of which is looked for in the text by code of its own here.
 *   - jansson's print of it is accepted again and gives the same tree.
 *   - Every position and every piece of text of an item is what stands in the document.
 *
 * Intended differences, all of them refusals: nesting beyond JSON_NESTING_LIMIT, numbers of
 * more than 63 characters (cJSON's buffer), documents of more than DOC_CONFIG_BYTES_MAX.
 * One of jansson: it takes a NUL byte outside of strings for the end of the document.
 * NUL in strings and numbers beyond a double are refused by both.
 */
/* Both have a function of this name; jansson calls its own only for integers, which are
 * read as reals here. */
#define json_integer jansson_integer
#include <jansson.h>
#undef json_integer
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "fuzz.h"
#include "parser/json.h"
#include "parser/text.h"

enum { NUMBER_MAX = 63, CODE = 305, SOMETIMES = 4 };

static const struct json_limits limits = {DOC_CONFIG_BYTES_MAX, JSON_NESTING_LIMIT, CODE};

/* ---- intended differences ---------------------------------------------------------- */

/* Of a document that jansson accepts: is there a reason for which the layer may refuse it? */
static bool refusal_intended(const char *bytes, size_t n)
{
    unsigned depth = 0;
    size_t number = 0;
    bool string = false;

    for (size_t i = 0; i < n; i++) {
        char c = bytes[i];
        if (string) {
            i += c == '\\';
            string = c != '"';
            continue;
        }
        if (c == '\0') {
            return true; /* jansson takes a NUL between tokens for the end of the document */
        }
        number = strchr("+-.0123456789eE", c) ? number + 1 : 0;
        string = c == '"';
        depth += c == '[' || c == '{';
        if (depth > JSON_NESTING_LIMIT || number > NUMBER_MAX) {
            return true;
        }
        depth -= c == ']' || c == '}';
    }
    return n > DOC_CONFIG_BYTES_MAX;
}

/* ---- positions ----------------------------------------------------------------------- */

/* The place of a byte of the document. */
static struct place place_at(const char *bytes, size_t offset)
{
    struct place place = {1, 1};

    for (size_t i = 0; i < offset; i++) {
        place.column++;
        if (bytes[i] == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    return place;
}

static void check_position(const struct json_document *d, const cJSON *item)
{
    char key[JSON_KEY_MAX];
    size_t length = 0;
    const char *text = json_text(d, item, &length);
    struct place where = json_where(d, item), expected;

    FUZZ_CHECK(text && text >= d->bytes && length > 0 && length <= (size_t)(d->bytes + d->length - text),
               "an item's text is not in the document");
    expected = place_at(d->bytes, (size_t)(text - d->bytes));
    FUZZ_CHECK(where.line == expected.line && where.column == expected.column, "an item at %u:%u is said to be at %u:%u",
               expected.line, expected.column, where.line, where.column);
    json_key(d, item, key);
    FUZZ_CHECK(memchr(key, '\0', sizeof(key)), "a key without an end");
    FUZZ_CHECK(item->string || json_where_key(d, item).line == 0, "a place of a key that is not there");
}

/* ---- values ---------------------------------------------------------------------------- */

static void check_number(const struct json_document *d, const cJSON *item, double expected)
{
    int64_t value;
    uint64_t positive;

    FUZZ_CHECK(item->valuedouble == expected && signbit(item->valuedouble) == signbit(expected),
               "%.17g is read as %.17g", expected, item->valuedouble);
    if (json_integer(d, item, &value) && value > INT64_MIN && value < INT64_MAX) {
        FUZZ_CHECK((double)value == expected, "the integer %.17g is read as %lld", expected, (long long)value);
    }
    if (json_unsigned(d, item, &positive)) {
        FUZZ_CHECK((double)positive == expected, "the integer %.17g is read as %llu", expected,
                   (unsigned long long)positive);
    }
}

static void check_same(const struct json_document *d, const cJSON *item, json_t *other);

static void check_members(const struct json_document *d, const cJSON *object, json_t *other)
{
    const cJSON *item = object->child;
    const char *key;
    json_t *value;

    json_object_foreach(other, key, value) {
        FUZZ_CHECK(item && item->string && strcmp(item->string, key) == 0, "the key '%s' is missing or elsewhere", key);
        FUZZ_CHECK(json_get(object, key) == item, "the key '%s' is not found", key);
        check_same(d, item, value);
        item = item->next;
    }
    FUZZ_CHECK(!item, "there is a key more");
}

static void check_elements(const struct json_document *d, const cJSON *array, json_t *other)
{
    const cJSON *item = array->child;
    size_t i;
    json_t *value;

    json_array_foreach(other, i, value) {
        FUZZ_CHECK(item, "element %zu is missing", i);
        check_same(d, item, value);
        item = item->next;
    }
    FUZZ_CHECK(!item, "there is an element more");
}

/* Recursion is bounded: the document has been accepted. */
static void check_same(const struct json_document *d, const cJSON *item, json_t *other)
{
    switch (json_typeof(other)) {
    case JSON_OBJECT:
        FUZZ_CHECK(cJSON_IsObject(item), "no object");
        check_members(d, item, other);
        break;
    case JSON_ARRAY:
        FUZZ_CHECK(cJSON_IsArray(item), "no array");
        check_elements(d, item, other);
        break;
    case JSON_STRING:
        FUZZ_CHECK(cJSON_IsString(item) && strcmp(item->valuestring, json_string_value(other)) == 0, "another string");
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        FUZZ_CHECK(cJSON_IsNumber(item), "no number");
        check_number(d, item, json_number_value(other));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        FUZZ_CHECK(cJSON_IsBool(item) && cJSON_IsTrue(item) == json_is_true(other), "another boolean");
        break;
    case JSON_NULL:
    default:
        FUZZ_CHECK(cJSON_IsNull(item), "no null");
        break;
    }
}

static void check_positions(const struct json_document *d, const cJSON *item)
{
    const cJSON *child;

    check_position(d, item);
    cJSON_ArrayForEach(child, item) {
        check_positions(d, child);
    }
}

/* ---- one input ------------------------------------------------------------------------------ */

static void check_printed(json_t *root)
{
    struct json_document document;
    struct plan_head head;
    char *text = json_dumps(root, JSON_ENCODE_ANY | JSON_COMPACT), *copy;
    size_t length = text ? strlen(text) : 0;

    FUZZ_CHECK(text, "jansson cannot print what it read");
    copy = fuzz_copy(text, length);
    finding_begin(&head);
    if (!refusal_intended(copy, length)) {
        FUZZ_CHECK(json_parse(&document, copy, length, &limits, &head) == 0, "what jansson prints is refused: %s\n%s",
                   head.findings[0].message, text);
        check_same(&document, document.root, root);
        json_free(&document);
    }
    free(copy);
    free(text);
}

static void run(const char *bytes, size_t n)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    struct json_document document;
    struct plan_head head;
    json_error_t error;
    json_t *other;
    int result;

    finding_begin(&head);
    fuzz_arena_begin();
    fuzz_meter_start();
    result = json_parse(&document, bytes, n, &limits, &head);
    fuzz_meter_stop();
    other = json_loadb(bytes, n, flags, &error);
    FUZZ_CHECK((result == 0) == (head.usable == 1), "the result is %d, usable is %u", result, head.usable);
    if (result == 0) {
        FUZZ_CHECK(other, "accepted, but jansson says: %s", error.text);
        FUZZ_CHECK(!refusal_intended(bytes, n), "accepted beyond its limits");
        check_same(&document, document.root, other);
        if (fuzz_sometimes(bytes, n, SOMETIMES)) {
            if (n < 1024) {
                check_positions(&document, document.root);
            }
            check_printed(other);
        }
    } else {
        FUZZ_CHECK(!other || refusal_intended(bytes, n), "refused, but jansson accepts it: %s",
                   head.findings[0].message);
        FUZZ_CHECK(head.findings_count > 0 && (head.findings[0].line > 0 || n > DOC_CONFIG_BYTES_MAX),
                   "refused without saying where");
    }
    json_decref(other);
    json_free(&document);
    fuzz_arena_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
