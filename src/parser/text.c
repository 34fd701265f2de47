#include "parser/text.h"

#include <string.h>

#include "quiesce/plan.h"

/* RFC 3629 section 4: the second byte's range depends on the first, all later ones are 80..BF. */
static const struct lead {
    unsigned char first, last;             /* of the first byte */
    unsigned char second_min, second_max;
    unsigned char length;
} leads[] = {
    {0x00, 0x7F, 0, 0, 1},
    {0xC2, 0xDF, 0x80, 0xBF, 2},
    {0xE0, 0xE0, 0xA0, 0xBF, 3}, /* shortest form */
    {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3}, /* no surrogates */
    {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, /* shortest form */
    {0xF1, 0xF3, 0x80, 0xBF, 4},
    {0xF4, 0xF4, 0x80, 0x8F, 4}, /* up to U+10FFFF */
};

size_t text_character(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;

    if (n == 0) return 0;
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        const struct lead *l = &leads[i];
        if (u[0] < l->first || u[0] > l->last) continue;
        if (l->length > n) return 0;
        if (l->length > 1 && (u[1] < l->second_min || u[1] > l->second_max)) return 0;
        for (size_t j = 2; j < l->length; j++)
            if (u[j] < 0x80 || u[j] > 0xBF) return 0;
        return l->length;
    }
    return 0;
}

bool text_valid(const char *p, size_t n)
{
    while (n > 0) {
        size_t length = text_character(p, n);
        if (length == 0) return false;
        p += length;
        n -= length;
    }
    return true;
}

/* A character, already known to be UTF-8, that is a control character. */
static bool is_control(const char *p, size_t length)
{
    const unsigned char *u = (const unsigned char *)p;

    if (length == 1) return u[0] < 0x20 || u[0] == 0x7F;
    return length == 2 && u[0] == 0xC2 && u[1] < 0xA0;
}

bool text_printable(const char *p, size_t n)
{
    while (n > 0) {
        size_t length = text_character(p, n);
        if (length == 0 || is_control(p, length)) return false;
        p += length;
        n -= length;
    }
    return true;
}

size_t text_cut(const char *p, size_t n, size_t max)
{
    if (n <= max) return n;
    /* At most three bytes back: what is no UTF-8 anyway is cut where it is. */
    for (size_t back = 0; back < 4 && back <= max; back++)
        if (((unsigned char)p[max - back] & 0xC0) != 0x80) return max - back;
    return max;
}

bool text_copy(char *destination, size_t capacity, const char *source, size_t n)
{
    bool fits = n < capacity;

    if (!fits) n = 0;
    memcpy(destination, source, n);
    destination[n] = '\0';
    return fits;
}

void text_sanitize(char *destination, size_t capacity, const char *source, size_t n)
{
    static const char replacement[3] = {'\xEF', '\xBF', '\xBD'};
    size_t used = 0;

    while (n > 0) {
        size_t length = text_character(source, n), step = length > 0 ? length : 1;
        bool clean = length > 0 && !is_control(source, length);
        size_t room = clean ? length : sizeof(replacement);
        if (room >= capacity - used) break;
        memcpy(destination + used, clean ? source : replacement, room);
        used += room;
        source += step;
        n -= step;
    }
    destination[used] = '\0';
}

bool text_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9') return false;
    return n > 0;
}

bool text_decimal(const char *p, size_t n, uint64_t maximum, uint64_t *value)
{
    uint64_t result = 0;

    if (!text_digits(p, n) || (n > 1 && p[0] == '0')) return false;
    for (size_t i = 0; i < n; i++) {
        uint64_t digit = (uint64_t)(p[i] - '0');
        if (result > (UINT64_MAX - digit) / 10) return false;
        result = result * 10 + digit;
    }
    if (result > maximum) return false;
    *value = result;
    return true;
}

const char *text_path_problem(const char *p, size_t n)
{
    if (n == 0 || p[0] != '/') return "an absolute path was expected, beginning with '/'";
    if (n >= PLAN_PATH_MAX) return "a path must be shorter than 4096 bytes";
    return text_printable(p, n) ? NULL : "a path must be UTF-8 without control characters";
}
