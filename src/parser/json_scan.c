#include "parser/json_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parser/text.h"

/* cJSON copies a number into a buffer of 64 bytes with its NUL. */
enum { NUMBER_MAX = 63 };

struct scanner {
    struct json_document *document;
    const char *bytes; /* the document's */
    size_t length, at;
    uint32_t line;
    size_t line_start;
    unsigned depth, nesting_max;
    uint32_t open[JSON_NESTING_LIMIT];     /* nodes of the containers we are in */
    uint32_t children[JSON_NESTING_LIMIT]; /* how many elements each array has so far */
    uint32_t current;                      /* the node that an error is about */
    bool value_next;                       /* a value must follow, else what comes after one */
    struct json_node key;                  /* the key that was read for the next value */
};

static struct place here(const struct scanner *s)
{
    return (struct place){s->line, (uint32_t)(s->at - s->line_start + 1)};
}

static bool at_end(const struct scanner *s)
{
    return s->at == s->length;
}

/* The byte at the front; NUL at the end, which no rule accepts either. */
static char peek(const struct scanner *s)
{
    return at_end(s) ? '\0' : s->bytes[s->at];
}

static int fail(const struct scanner *s, const char *what)
{
    const struct json_document *document = s->document;
    char key[JSON_KEY_MAX];

    json_node_key(document, s->current, key);
    finding_add(document->head, document->code, FINDING_ERROR, FINDING_SYNTAX, here(s), key, "%s%s", what,
                at_end(s) ? ", but the document ends" : "");
    return -1;
}

static void skip_space(struct scanner *s)
{
    size_t at = s->at;

    for (; at < s->length; at++) {
        char c = s->bytes[at];
        if (c == '\n') {
            s->line++;
            s->line_start = at + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            break;
        }
    }
    s->at = at;
}

/* ---- strings --------------------------------------------------------------- */

/* Four hex digits; -1 if they are not. */
static long hex4(const struct scanner *s, size_t at)
{
    long value = 0;

    if (s->length - at < 4) return -1;
    for (size_t i = 0; i < 4; i++) {
        char c = s->bytes[at + i];
        const char *digits = "0123456789abcdef", *found;
        if (c >= 'A' && c <= 'F') c = (char)(c - 'A' + 'a');
        found = c != '\0' ? strchr(digits, c) : NULL;
        if (!found) return -1;
        value = value * 16 + (found - digits);
    }
    return value;
}

/* \uXXXX, or a surrogate pair of two; s->at is behind "\u". */
static int scan_unicode_escape(struct scanner *s)
{
    long unit = hex4(s, s->at);

    if (unit < 0) return fail(s, "'\\u' takes four hexadecimal digits");
    if (unit == 0) return fail(s, "a NUL character (\\u0000) is not allowed");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return fail(s, "a low surrogate without a high one before it");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        size_t next = s->at + 4;
        bool escape = s->length - next >= 6 && s->bytes[next] == '\\' && s->bytes[next + 1] == 'u';
        long low = escape ? hex4(s, next + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return fail(s, "a high surrogate without a low one behind it");
        s->at = next + 2;
    }
    s->at += 4;
    return 0;
}

static int scan_escape(struct scanner *s)
{
    s->at++; /* the backslash */
    if (peek(s) == 'u') {
        s->at++;
        return scan_unicode_escape(s);
    }
    if (at_end(s) || !strchr("\"\\/bfnrt", peek(s)) || peek(s) == '\0')
        return fail(s, "a backslash must be followed by one of \" \\ / b f n r t u");
    s->at++;
    return 0;
}

/* True for a byte of a string that stands for itself, and is a whole character. */
static bool is_ordinary(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* s->at is at the opening quote; leaves it behind the closing one. */
static int scan_string(struct scanner *s)
{
    for (s->at++;;) {
        size_t at = s->at, length;
        while (at < s->length && is_ordinary((unsigned char)s->bytes[at])) at++;
        s->at = at;
        if (at_end(s)) return fail(s, "a string must end with '\"'");
        if (s->bytes[at] == '"') break;
        if (s->bytes[at] == '\\') {
            if (scan_escape(s) != 0) return -1;
            continue;
        }
        if ((unsigned char)s->bytes[at] < 0x20)
            return fail(s, "a control character in a string must be written as an escape");
        length = text_character(s->bytes + at, s->length - at);
        if (length == 0) return fail(s, "this is not valid UTF-8");
        s->at += length;
    }
    s->at++;
    return 0;
}

/* ---- numbers and words --------------------------------------------------------- */

static size_t skip_digits(struct scanner *s)
{
    size_t start = s->at;

    while (peek(s) >= '0' && peek(s) <= '9') s->at++;
    return s->at - start;
}

/* number = [ "-" ] int [ frac ] [ exp ], RFC 8259 section 6. */
static int scan_number(struct scanner *s)
{
    size_t start = s->at, length;
    char copy[NUMBER_MAX + 1];

    if (peek(s) == '-') s->at++;
    if (peek(s) == '0') {
        s->at++;
        if (peek(s) >= '0' && peek(s) <= '9') return fail(s, "a number must not begin with 0");
    } else if (skip_digits(s) == 0) {
        return fail(s, "a digit must follow '-'");
    }
    if (peek(s) == '.') {
        s->at++;
        if (skip_digits(s) == 0) return fail(s, "a digit must follow '.'");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-') s->at++;
        if (skip_digits(s) == 0) return fail(s, "an exponent must have a digit");
    }
    length = s->at - start;
    if (length > NUMBER_MAX) {
        s->at = start;
        return fail(s, "a number of more than 63 characters");
    }
    memcpy(copy, s->bytes + start, length);
    copy[length] = '\0';
    if (!isfinite(strtod(copy, NULL))) {
        s->at = start;
        return fail(s, "a number too large for a double");
    }
    return 0;
}

static int scan_word(struct scanner *s)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        if (s->length - s->at < length || memcmp(s->bytes + s->at, words[i], length) != 0) continue;
        s->at += length;
        return 0;
    }
    return fail(s, "a value was expected");
}

/* ---- structure -------------------------------------------------------------------- */

static int add_node(struct scanner *s)
{
    struct json_document *document = s->document;
    struct json_node *node;

    if (document->count == document->capacity) {
        uint32_t capacity = document->capacity > 0 ? document->capacity * 2 : 64;
        node = reallocarray(document->nodes, capacity, sizeof(*node));
        if (!node) return fail(s, "out of memory");
        document->nodes = node;
        document->capacity = capacity;
    }
    s->current = document->count++;
    node = &document->nodes[s->current];
    *node = s->key;
    node->parent = s->depth > 0 ? s->open[s->depth - 1] : UINT32_MAX;
    if (node->key == 0) node->index = s->depth > 0 ? s->children[s->depth - 1]++ : 0;
    node->value = (uint32_t)s->at;
    node->value_place = here(s);
    memset(&s->key, 0, sizeof(s->key));
    return 0;
}

static int scan_key(struct scanner *s)
{
    skip_space(s);
    if (peek(s) != '"') return fail(s, "a key in double quotes was expected");
    s->key.key_place = here(s);
    s->key.key = (uint32_t)s->at + 1;
    if (scan_string(s) != 0) return -1;
    s->key.key_length = (uint32_t)s->at - 1 - s->key.key;
    skip_space(s);
    if (peek(s) != ':') return fail(s, "':' was expected after the key");
    s->at++;
    return 0;
}

/* The byte that closes the innermost container. */
static char closer(const struct scanner *s)
{
    return s->bytes[s->document->nodes[s->open[s->depth - 1]].value] == '{' ? '}' : ']';
}

static void close_container(struct scanner *s)
{
    struct json_node *node = &s->document->nodes[s->open[--s->depth]];

    s->at++;
    node->value_length = (uint32_t)s->at - node->value;
    s->current = s->depth > 0 ? s->open[s->depth - 1] : 0;
    s->value_next = false;
}

static int open_container(struct scanner *s)
{
    if (s->depth == s->nesting_max) return fail(s, "arrays and objects are nested too deeply");
    s->open[s->depth] = s->current;
    s->children[s->depth++] = 0;
    s->at++;
    skip_space(s);
    if (peek(s) == closer(s)) {
        close_container(s);
        return 0;
    }
    s->value_next = true;
    return closer(s) == '}' ? scan_key(s) : 0;
}

static int scan_value(struct scanner *s)
{
    char c = peek(s);
    uint32_t node;
    int result;

    if (add_node(s) != 0) return -1;
    node = s->current;
    if (c == '{' || c == '[') return open_container(s);
    if (c == '"')
        result = scan_string(s);
    else if (c == '-' || (c >= '0' && c <= '9'))
        result = scan_number(s);
    else
        result = scan_word(s);
    if (result != 0) return -1;
    s->document->nodes[node].value_length = (uint32_t)s->at - s->document->nodes[node].value;
    s->current = s->depth > 0 ? s->open[s->depth - 1] : 0;
    s->value_next = false;
    return 0;
}

/* Behind a member of a container: a comma and the next one, or its end. */
static int scan_after(struct scanner *s)
{
    if (peek(s) == closer(s)) {
        close_container(s);
        return 0;
    }
    if (peek(s) != ',') return fail(s, closer(s) == '}' ? "',' or '}' was expected" : "',' or ']' was expected");
    s->at++;
    s->value_next = true;
    return closer(s) == '}' ? scan_key(s) : 0;
}

int json_scan(struct json_document *document, unsigned nesting_max)
{
    struct scanner s = {.document = document, .bytes = document->bytes, .length = document->length, .line = 1,
                        .nesting_max = nesting_max, .value_next = true, .current = UINT32_MAX};

    if (document->length >= 3 && memcmp(document->bytes, "\xEF\xBB\xBF", 3) == 0)
        return fail(&s, "the document begins with a byte order mark");
    do {
        skip_space(&s);
        if ((s.value_next ? scan_value(&s) : scan_after(&s)) != 0) return -1;
    } while (s.depth > 0);
    skip_space(&s);
    if (!at_end(&s)) return fail(&s, "the document should end here");
    return 0;
}

/* ---- names ---------------------------------------------------------------------------- */

void json_node_key(const struct json_document *document, uint32_t node, char key[JSON_KEY_MAX])
{
    uint32_t chain[JSON_NESTING_LIMIT + 1];
    unsigned links = 0;
    size_t used = 0;

    for (; node < document->count && links <= JSON_NESTING_LIMIT; node = document->nodes[node].parent)
        chain[links++] = node;
    key[0] = '\0';
    while (links-- > 0) {
        const struct json_node *n = &document->nodes[chain[links]];
        char number[16];
        const char *part = document->bytes + n->key;
        size_t length = n->key_length;
        if (n->parent == UINT32_MAX) continue;
        if (n->key == 0) {
            length = (size_t)snprintf(number, sizeof(number), "[%u]", n->index);
            part = number;
        } else if (used > 0 && used < JSON_KEY_MAX - 1) {
            key[used++] = '.';
        }
        length = text_cut(part, length, JSON_KEY_MAX - 1 - used);
        memcpy(key + used, part, length);
        used += length;
        key[used] = '\0';
    }
}
