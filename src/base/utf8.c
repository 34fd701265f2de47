/*
 * utf8.c - text from outside made fit for a terminal, a log and JSON.
 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Lead bytes by range, how many bytes follow, and what the first of those may
 * be: RFC 3629 section 4.  The narrowed ranges keep out overlong forms,
 * surrogates, and what lies beyond U+10FFFF. */
static const struct lead {
    uint8_t from, to, follow, low, high;
} leads[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

/* The length of the printable character at the start of s, or 0 if there is none. */
static size_t character(const unsigned char *s, size_t len)
{
    if (s[0] < 0x80)
        return (s[0] >= 0x20 && s[0] != 0x7f) || s[0] == '\n' || s[0] == '\t' ? 1 : 0;
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        const struct lead *l = &leads[i];

        if (s[0] < l->from || s[0] > l->to)
            continue;
        if (len <= l->follow || s[1] < l->low || s[1] > l->high)
            return 0;
        for (size_t k = 2; k <= l->follow; k++)
            if ((s[k] & 0xc0) != 0x80)
                return 0;
        return s[0] == 0xc2 && s[1] < 0xa0 ? 0 : (size_t)l->follow + 1; /* C1 controls */
    }
    return 0;
}

/* How many bytes to pass over where there is no printable character: a control
 * character of two bytes is one, anything else is taken byte by byte. */
static size_t skipped(const unsigned char *s, size_t len)
{
    return len > 1 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0 ? 2 : 1;
}

size_t utf8_sanitize(char *dst, size_t cap, const char *src, size_t len)
{
    const unsigned char *s = (const unsigned char *)src;
    size_t out = 0;

    if (cap == 0)
        return 0;
    for (size_t i = 0; i < len;) {
        size_t n = character(s + i, len - i);
        const void *from = n ? (const void *)(s + i) : replacement;
        size_t put = n ? n : sizeof(replacement) - 1;

        if (put > cap - 1 - out)
            break;
        memcpy(dst + out, from, put);
        out += put;
        i += n ? n : skipped(s + i, len - i);
    }
    dst[out] = '\0';
    return out;
}

bool utf8_valid(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0; i < len;) {
        size_t n = character(s + i, len - i);

        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
