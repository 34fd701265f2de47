#include "parser/text.h"

#include <string.h>

#include "base/utf8.h"
#include "quiesce/plan.h"

size_t text_character(const char *p, size_t n)
{
    uint32_t number;

    return utf8_character(p, n, &number);
}

/* How many bytes of printable ASCII p, n bytes long, begins with: nearly all of most documents. */
static size_t plain(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && p[i] >= 0x20 && p[i] < 0x7F) i++;
    return i;
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

bool text_printable(const char *p, size_t n)
{
    for (size_t at = plain(p, n); at < n; at += plain(p + at, n - at)) {
        uint32_t number;
        size_t length = utf8_character(p + at, n - at, &number);
        if (length == 0 || utf8_is_control(number)) return false;
        at += length;
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
    size_t used = 0, at = 0;

    while (at < n) {
        uint32_t number;
        size_t fits = n - at < capacity - 1 - used ? n - at : capacity - 1 - used, run = plain(source + at, fits);
        memcpy(destination + used, source + at, run);
        used += run;
        at += run;
        if (at == n) break;
        size_t length = utf8_character(source + at, n - at, &number);
        bool clean = length > 0 && !utf8_is_control(number);
        size_t room = clean ? length : sizeof(replacement);
        if (room >= capacity - used) break;
        memcpy(destination + used, clean ? source + at : replacement, room);
        used += room;
        at += length > 0 ? length : 1;
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
