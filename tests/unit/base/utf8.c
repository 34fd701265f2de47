/*
 * What a terminal, a log and JSON may be given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"

const char program_name[] = "test-utf8";

#define R "\xef\xbf\xbd"
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct row {
    const char *in;
    size_t length;
    const char *out;
} rows[] = {
    {TEXT(""), ""},
    {TEXT("plain\ttext\n"), "plain\ttext\n"},
    {TEXT("a\0b"), "a" R "b"},
    {TEXT("\x1b[31mred"), R "[31mred"},
    {TEXT("\r\x7f\x01"), R R R},
    {TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {TEXT("\xc2\x9b" "31m"), R "31m"},        /* C1: CSI in one character */
    {TEXT("\xc2\xa0"), "\xc2\xa0"},           /* the first behind C1 */
    {TEXT("\xff\xfe"), R R},
    {TEXT("\x80"), R},
    {TEXT("\xc0\xaf"), R R},                  /* overlong "/" */
    {TEXT("\xe0\x9f\xbf"), R R R},            /* overlong of three */
    {TEXT("\xf0\x8f\xbf\xbf"), R R R R},      /* overlong of four */
    {TEXT("\xed\xa0\x80"), R R R},            /* surrogate */
    {TEXT("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf"}, /* U+10FFFF */
    {TEXT("\xf4\x90\x80\x80"), R R R R},      /* beyond */
    {TEXT("\xf5\x80\x80\x80"), R R R R},
    {TEXT("\xe2\x82"), R R},                  /* cut off */
    {TEXT("\xe2\x28\xac"), R "(" R},
    {TEXT("ok\xf0\x9f\x98"), "ok" R R R},
};

static void sanitize(void **state)
{
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = utf8_sanitize(out, sizeof(out), rows[i].in, rows[i].length);

        assert_int_equal(n, strlen(rows[i].out));
        assert_string_equal(out, rows[i].out);
        assert_true(utf8_valid(out, n));
        assert_int_equal(utf8_valid(rows[i].in, rows[i].length),
                         n == rows[i].length && memcmp(out, rows[i].in, n) == 0);
    }
}

/* Never a byte too many, never half a character. */
static void small_buffers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t cap = 0; cap < 12; cap++) {
            char out[16];
            size_t n;

            memset(out, '#', sizeof(out));
            n = utf8_sanitize(out, cap, rows[i].in, rows[i].length);
            assert_int_equal(out[cap], '#');
            assert_true(cap == 0 ? n == 0 : n < cap);
            if (cap > 0)
                assert_int_equal(out[n], '\0');
            assert_true(utf8_valid(out, n));
            assert_memory_equal(out, rows[i].out, n);
        }
}

/* Every sequence of two and three bytes: what comes out is always valid, and valid
 * text comes out as it went in.  Under a sanitizer each first byte with every seventeenth
 * pair behind it: which bytes are touched does not depend on more. */
#ifdef __SANITIZE_ADDRESS__
enum { STEP = 17 };
#else
enum { STEP = 1 };
#endif

static void every_sequence(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 1u << 24; v += STEP) {
        const char in[3] = {(char)v, (char)(v >> 8), (char)(v >> 16)};
        char out[10];
        size_t n = utf8_sanitize(out, sizeof(out), in, sizeof(in));

        if (!utf8_valid(out, n) || n < 1)
            fail_msg("%06x", v);
        if (utf8_valid(in, sizeof(in)) != (n == sizeof(in) && memcmp(in, out, n) == 0))
            fail_msg("%06x is changed", v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sanitize), cmocka_unit_test(small_buffers),
                                       cmocka_unit_test(every_sequence)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
