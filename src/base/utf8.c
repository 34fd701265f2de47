/*
 * utf8.c - text from outside made fit for a terminal, a log and JSON.
 */
#include "base/utf8.h"

#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* By the number of bytes: what the lead byte looks like, and the least code point
 * that needs so many. */
static const struct form {
    uint8_t mask, lead;
    uint32_t least;
} forms[] = {
    {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

size_t utf8_character(const char *s, size_t len, uint32_t *number)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t form = 0;
    uint32_t c;

    if (len == 0)
        return 0;
    while (form < FORMS && (u[0] & forms[form].mask) != forms[form].lead)
        form++;
    if (form == FORMS || form + 1 > len)
        return 0;
    c = u[0] & (uint32_t)(uint8_t)~forms[form].mask;
    for (size_t i = 1; i <= form; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        c = (c << 6) | (u[i] & 0x3fu);
    }
    if (c < forms[form].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *number = c;
    return form + 1;
}

bool utf8_is_control(uint32_t number)
{
    return number < 0x20 || (number >= 0x7f && number < 0xa0);
}

/* The length of the printable character at the start of s, or 0 if there is none. */
static size_t printable(const char *s, size_t len)
{
    uint32_t number;
    size_t n = utf8_character(s, len, &number);

    return n > 0 && utf8_is_control(number) && number != '\n' && number != '\t' ? 0 : n;
}

/* How many bytes to pass over where there is no printable character: a control
 * character of two bytes is one, anything else is taken byte by byte. */
static size_t skipped(const char *s, size_t len)
{
    uint32_t number;
    size_t n = utf8_character(s, len, &number);

    return n > 0 ? n : 1;
}

size_t utf8_sanitize(char *dst, size_t cap, const char *src, size_t len)
{
    size_t out = 0;

    if (cap == 0)
        return 0;
    for (size_t i = 0; i < len;) {
        size_t n = printable(src + i, len - i);
        const char *from = n ? src + i : replacement;
        size_t put = n ? n : sizeof(replacement) - 1;

        if (put > cap - 1 - out)
            break;
        memcpy(dst + out, from, put);
        out += put;
        i += n ? n : skipped(src + i, len - i);
    }
    dst[out] = '\0';
    return out;
}

bool utf8_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = printable(text + i, len - i);

        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
