/*
 * Mutations of JSON that keep most of the document what it is: members exchanged, doubled,
 * taken out and renamed, values replaced by such of other types and at bounds, nesting,
 * escapes, broken UTF-8.  Half of the time the engine's own mutations are used instead.
 *
 * Reads leniently: what is no JSON has fewer pieces to work on.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

enum { PIECES_MAX = 512, DEEPEST = 70 };

/* The keys and words of the schemas, made from the tables in the source. */
static const char *const words[] = {
#include "words_json.inc"
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static const char *const values[] = {
    "null", "true", "false", "0", "-0", "1", "-1", "5", "6", "30", "60", "61", "1800", "1801", "0.0", "1.5", "1e2",
    "1E400", "1e-400", "-1e308", "4294967294", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "-9223372036854775809", "01", "1.", ".5", "+1", "-", "1e", "0x1",
    "NaN", "Infinity", "\"\"", "\"/\"", "\"/bin/true\"", "\"/a/../b\"", "\"default\"", "\"root\"", "\"0\"", "\"-1\"",
    "[]", "{}", "[\"\",\"\"]", "[1,true,\"x\"]", "[[[[]]]]", "{\"\":{}}", "{\"a\":1,\"a\":2}",
    "123456789012345678901234567890123456789012345678901234567890123",
    "1234567890123456789012345678901234567890123456789012345678901234",
    "\"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF\"",
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

/* What may stand in a string: escapes, and what is none. */
static const char *const characters[] = {
    "\\u0000", "\\u0001", "\\u001f", "\\u007f", "\\u0080", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\ude00",
    "\\ud83d\\u0041", "\\uFFFF", "\\uD83D\\uDE0", "\\u12", "\\x41", "\\", "\\\"", "\\/", "\\b", "\\f", "\\n", "\\t",
    "\\r", "\x7f", "\t", "\n", "\x01", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc0\xaf", "\xc3", "\xe2\x82",
    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\x80", "\xef\xbb\xbf", "=", "%", ":", "/",
};
enum { CHARACTERS = sizeof(characters) / sizeof(characters[0]) };

/* A value, with its key if it has one; offsets into the document. */
struct piece {
    size_t key, key_end, value, value_end; /* key == key_end: none */
    bool is_string;
};

struct editor {
    char *text;
    size_t size, max_size;
    uint64_t random;
    unsigned count;
    struct piece pieces[PIECES_MAX];
};

static unsigned choose(struct editor *e, unsigned bound)
{
    e->random ^= e->random << 13;
    e->random ^= e->random >> 7;
    e->random ^= e->random << 17;
    return (unsigned)((e->random >> 11) % bound);
}

/* ---- reading ------------------------------------------------------------------------ */

static size_t skip_string(const struct editor *e, size_t at)
{
    for (at++; at < e->size && e->text[at] != '"'; at++) {
        at += e->text[at] == '\\';
    }
    return at < e->size ? at + 1 : e->size;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_mark(char c)
{
    return is_blank(c) || c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']' || c == '"';
}

static size_t skip_blanks(const struct editor *e, size_t at)
{
    while (at < e->size && is_blank(e->text[at])) {
        at++;
    }
    return at;
}

static size_t skip_plain(const struct editor *e, size_t at)
{
    size_t begin = at;

    while (at < e->size && !is_mark(e->text[at])) {
        at++;
    }
    return at > begin ? at : at + 1;
}

/* Notes every value; of containers the end is known when they are closed. */
static void read_pieces(struct editor *e)
{
    unsigned open[DEEPEST], depth = 0;
    size_t key = 0, key_end = 0, behind;

    e->count = 0;
    for (size_t at = skip_blanks(e, 0); at < e->size && e->count < PIECES_MAX; at = skip_blanks(e, at)) {
        char c = e->text[at];
        size_t end = c == '"' ? skip_string(e, at) : c == '{' || c == '[' ? at + 1 : skip_plain(e, at);
        if (c == '}' || c == ']') {
            at++;
            if (depth > 0) {
                e->pieces[open[--depth]].value_end = at;
            }
        } else if (c == ',' || c == ':') {
            at++;
        } else if (c == '"' && (behind = skip_blanks(e, end)) < e->size && e->text[behind] == ':') {
            key = at;
            key_end = end;
            at = behind + 1;
        } else {
            struct piece *p = &e->pieces[e->count++];
            *p = (struct piece){key, key_end, at, c == '{' || c == '[' ? e->size : end, c == '"'};
            key = key_end = 0;
            if ((c == '{' || c == '[') && depth < DEEPEST) {
                open[depth++] = e->count - 1;
            }
            at = end;
        }
    }
}

static const struct piece *any_piece(struct editor *e)
{
    return e->count > 0 ? &e->pieces[choose(e, e->count)] : NULL;
}

static size_t piece_begin(const struct piece *p)
{
    return p->key < p->key_end ? p->key : p->value;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Puts n bytes in the place of those from begin to end; false if there is no room. */
static bool replace(struct editor *e, size_t begin, size_t end, const char *new, size_t n)
{
    if (end > e->size || begin > end || e->size - (end - begin) + n > e->max_size) {
        return false;
    }
    memmove(e->text + begin + n, e->text + end, e->size - end);
    memcpy(e->text + begin, new, n);
    e->size += n - (end - begin);
    return true;
}

typedef bool mutation(struct editor *e);

static bool replace_value(struct editor *e)
{
    const struct piece *p = any_piece(e);
    const char *value = values[choose(e, VALUES)];

    return p && replace(e, p->value, p->value_end, value, strlen(value));
}

static bool number_near_bound(struct editor *e)
{
    static const long long bounds[] = {0, 1, 5, 16, 30, 60, 64, 128, 1800, 4096, 16384, 65536, INT32_MAX, UINT32_MAX};
    const struct piece *p = any_piece(e);
    char text[32];
    int n = snprintf(text, sizeof(text), "%lld", bounds[choose(e, sizeof(bounds) / sizeof(bounds[0]))] +
                                                     (long long)choose(e, 3) - 1);

    return p && replace(e, p->value, p->value_end, text, (size_t)n);
}

static bool rename_key(struct editor *e)
{
    const struct piece *p = any_piece(e);
    char text[96];
    int n = snprintf(text, sizeof(text), "\"%.64s\"", words[choose(e, WORDS)]);

    return p && p->key < p->key_end && replace(e, p->key, p->key_end, text, (size_t)n);
}

static bool delete_member(struct editor *e)
{
    const struct piece *p = any_piece(e);
    size_t begin, end;

    if (!p) {
        return false;
    }
    begin = piece_begin(p);
    end = skip_blanks(e, p->value_end);
    if (end < e->size && e->text[end] == ',') {
        end++;
    } else {
        while (begin > 0 && memchr(" \t\r\n,", e->text[begin - 1], 5)) {
            begin--;
        }
    }
    return replace(e, begin, end, "", 0);
}

/* A copy of one piece before another, or before itself. */
static bool copy_member(struct editor *e)
{
    static char text[4096];
    const struct piece *from = any_piece(e), *to = any_piece(e);
    size_t n = from ? from->value_end - piece_begin(from) : 0;

    if (!from || n + 1 > sizeof(text) || from->value_end > e->size) {
        return false;
    }
    memcpy(text, e->text + piece_begin(from), n);
    text[n] = ',';
    to = choose(e, 2) ? from : to;
    return replace(e, piece_begin(to), piece_begin(to), text, n + 1);
}

static bool copy_value(struct editor *e)
{
    static char text[4096];
    const struct piece *from = any_piece(e), *to = any_piece(e);
    size_t n = from ? from->value_end - from->value : 0;

    if (!from || n > sizeof(text) || from->value_end > e->size) {
        return false;
    }
    memcpy(text, e->text + from->value, n);
    return replace(e, to->value, to->value_end, text, n);
}

static bool insert_member(struct editor *e)
{
    const struct piece *p = any_piece(e);
    char text[192];
    int n = snprintf(text, sizeof(text), "\"%.64s\":%s,", words[choose(e, WORDS)], values[choose(e, VALUES)]);

    return p && p->key < p->key_end && n < (int)sizeof(text) && replace(e, p->key, p->key, text, (size_t)n);
}

static bool nest(struct editor *e)
{
    char open[DEEPEST * 5], close[DEEPEST];
    const struct piece *p = any_piece(e);
    unsigned depth = 1 + choose(e, choose(e, 8) ? 17 : DEEPEST);
    bool object = choose(e, 2);
    size_t end;

    for (unsigned i = 0; i < depth; i++) {
        memcpy(open + (size_t)5 * i, object ? "{\"a\":" : "[    ", 5);
        close[i] = object ? '}' : ']';
    }
    if (!p) {
        return false;
    }
    end = p->value_end;
    return replace(e, end, end, close, depth) && replace(e, p->value, p->value, open, (size_t)5 * depth);
}

static bool spoil_string(struct editor *e)
{
    const struct piece *p = any_piece(e);
    const char *character = characters[choose(e, CHARACTERS)];
    bool key = p && p->key < p->key_end && choose(e, 4) == 0;
    size_t begin, end;

    if (!p || (!key && !p->is_string)) {
        return false;
    }
    begin = (key ? p->key : p->value) + 1;
    end = key ? p->key_end : p->value_end;
    begin += end > begin + 1 ? choose(e, (unsigned)(end - begin)) : 0;
    return replace(e, begin, begin, character, strlen(character));
}

/* A string or list that is about as long as what holds it. */
static bool lengthen(struct editor *e)
{
    static const unsigned lengths[] = {63, 64, 65, 127, 128, 255, 4094, 4095, 4096, 8191, 16383, 16384};
    static char text[17000];
    const struct piece *p = any_piece(e);
    unsigned n = lengths[choose(e, sizeof(lengths) / sizeof(lengths[0]))] + choose(e, 3) - 1;

    if (!p || !p->is_string) {
        return false;
    }
    memset(text, 'a', n);
    return replace(e, p->value + 1, p->value_end > p->value + 1 ? p->value_end - 1 : p->value + 1, text, n);
}

static bool many(struct editor *e)
{
    static char text[20000];
    const struct piece *p = any_piece(e);
    unsigned count = choose(e, 2) ? 63 + choose(e, 4) : choose(e, 300);
    bool members = p && p->key < p->key_end;
    size_t n = 0;

    for (unsigned i = 0; p && i < count && n + 32 < sizeof(text); i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, members ? "\"V%u\":\"\"," : "\"\",", i);
    }
    return p && replace(e, piece_begin(p), piece_begin(p), text, n);
}

static mutation *const mutations[] = {
    replace_value, replace_value, number_near_bound, rename_key, delete_member, copy_member, copy_value,
    insert_member, insert_member, nest, spoil_string, spoil_string, lengthen, many,
};
enum { MUTATIONS = sizeof(mutations) / sizeof(mutations[0]), TRIES = 8, ROUNDS = 3 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct editor e; /* large */
    unsigned rounds;

    e.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    if (size == 0 || choose(&e, 2) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    e.text = (char *)data;
    e.size = size;
    e.max_size = max_size;
    rounds = 1 + choose(&e, ROUNDS);
    for (unsigned done = 0, tries = 0; done < rounds && tries < TRIES; tries++) {
        read_pieces(&e);
        done += mutations[choose(&e, MUTATIONS)](&e);
    }
    return e.size;
}
