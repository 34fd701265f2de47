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

/* What a byte is outside of a string; one look at a table, for this is done to every byte. */
enum { IS_BLANK = 1, IS_MARK = 2 };
static const uint8_t kinds[256] = {
    [' '] = IS_BLANK, ['\t'] = IS_BLANK, ['\r'] = IS_BLANK, ['\n'] = IS_BLANK, [','] = IS_MARK, [':'] = IS_MARK,
    ['{'] = IS_MARK,  ['}'] = IS_MARK,   ['['] = IS_MARK,   [']'] = IS_MARK,   ['"'] = IS_MARK,
};

static unsigned kind_of(char c)
{
    return kinds[(unsigned char)c];
}

static size_t skip_string(const char *text, size_t size, size_t at)
{
    for (at++; at < size && text[at] != '"'; at++) {
        at += text[at] == '\\';
    }
    return at < size ? at + 1 : size;
}

static size_t skip_blanks(const char *text, size_t size, size_t at)
{
    while (at < size && kind_of(text[at]) == IS_BLANK) {
        at++;
    }
    return at;
}

static size_t skip_plain(const char *text, size_t size, size_t at)
{
    size_t begin = at;

    while (at < size && kind_of(text[at]) == 0) {
        at++;
    }
    return at > begin ? at : at + 1;
}

/* Notes every value; of containers the end is known when they are closed. */
static void read_pieces(struct editor *e)
{
    const char *text = e->text;
    const size_t size = e->size;
    unsigned open[DEEPEST], depth = 0, count = 0;
    size_t key = 0, key_end = 0, behind;

    for (size_t at = skip_blanks(text, size, 0); at < size && count < PIECES_MAX; at = skip_blanks(text, size, at)) {
        char c = text[at];
        bool opens = c == '{' || c == '[';
        if (c == '}' || c == ']') {
            at++;
            if (depth > 0) {
                e->pieces[open[--depth]].value_end = at;
            }
            continue;
        }
        if (c == ',' || c == ':') {
            at++;
            continue;
        }
        size_t end = c == '"' ? skip_string(text, size, at) : opens ? at + 1 : skip_plain(text, size, at);
        if (c == '"' && (behind = skip_blanks(text, size, end)) < size && text[behind] == ':') {
            key = at;
            key_end = end;
            at = behind + 1;
            continue;
        }
        e->pieces[count] = (struct piece){key, key_end, at, opens ? size : end, c == '"'};
        key = key_end = 0;
        if (opens && depth < DEEPEST) {
            open[depth++] = count;
        }
        count++;
        at = end;
    }
    e->count = count;
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

/* Where an offset is after n bytes were put in the place of those from begin to end. */
static size_t moved(size_t at, size_t begin, size_t end, size_t n)
{
    return at >= end ? at - (end - begin) + n : at > begin ? begin + n : at;
}

/* Puts n bytes in the place of those from begin to end, and keeps the pieces where they are
 * now, for reading again takes longer; false if there is no room. */
static bool replace(struct editor *e, size_t begin, size_t end, const char *new, size_t n)
{
    if (end > e->size || begin > end || e->size - (end - begin) + n > e->max_size) {
        return false;
    }
    memmove(e->text + begin + n, e->text + end, e->size - end);
    memcpy(e->text + begin, new, n);
    e->size += n - (end - begin);
    for (unsigned i = 0; i < e->count; i++) {
        struct piece *p = &e->pieces[i];
        *p = (struct piece){moved(p->key, begin, end, n), moved(p->key_end, begin, end, n),
                            moved(p->value, begin, end, n), moved(p->value_end, begin, end, n), p->is_string};
    }
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
    end = skip_blanks(e->text, e->size, p->value_end);
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
    if (text[0] == '\0') {
        memset(text, 'a', sizeof(text));
    }
    return replace(e, p->value + 1, p->value_end > p->value + 1 ? p->value_end - 1 : p->value + 1, text, n);
}

/* Elements or members, about as many as what holds them. */
static bool many(struct editor *e)
{
    enum { MOST = 300, ELEMENT = 3, MEMBER_MOST = 16 };
    static char elements[MOST * ELEMENT + 1], members[MOST * MEMBER_MOST];
    static size_t ends[MOST]; /* how long so many members are */
    const struct piece *p = any_piece(e);
    unsigned count = choose(e, 2) ? 63 + choose(e, 4) : choose(e, MOST);

    if (elements[0] == '\0') {
        for (unsigned i = 0; i + 1 < MOST; i++) {
            memcpy(elements + (size_t)ELEMENT * i, "\"\",", ELEMENT);
            ends[i + 1] = ends[i] + (size_t)snprintf(members + ends[i], MEMBER_MOST, "\"V%u\":\"\",", i);
        }
    }
    if (!p) {
        return false;
    }
    if (p->key < p->key_end) {
        return replace(e, piece_begin(p), piece_begin(p), members, ends[count]);
    }
    return replace(e, piece_begin(p), piece_begin(p), elements, (size_t)ELEMENT * count);
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
    read_pieces(&e);
    for (unsigned done = 0, tries = 0; done < rounds && tries < TRIES; tries++) {
        done += mutations[choose(&e, MUTATIONS)](&e);
    }
    return e.size;
}
