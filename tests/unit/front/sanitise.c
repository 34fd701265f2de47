/*
 * What reaches a terminal: only printable characters that look like themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "front/sanitise.h"

#define S(text) text, sizeof(text) - 1

static const struct {
    const char *in;
    size_t length;
    const char *out;
} cases[] = {
    { S(""), "" },
    { S("plain text, 1 + 1"), "plain text, 1 + 1" },
    { S("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
    { S("\033[2J\033]0;title\007"), "\\x1b[2J\\x1b]0;title\\x07" },
    { S("a\nb\tc\rd"), "a\\x0ab\\x09c\\x0dd" },
    { S("nul\0inside"), "nul\\x00inside" },
    { S("\x7f"), "\\x7f" },
    { S("\xc2\x9b" "31m"), "\\u009b31m" },              /* C1 CSI as UTF-8 */
    { S("\x9b" "31m"), "\\x9b31m" },                    /* C1 CSI as a byte */
    { S("ab\xe2\x80\xaegpj.exe"), "ab\\u202egpj.exe" }, /* right-to-left override */
    { S("\xe2\x81\xa6x\xe2\x81\xa9"), "\\u2066x\\u2069" },
    { S("zero\xe2\x80\x8bwidth"), "zero\\u200bwidth" },
    { S("\xef\xbb\xbf"), "\\ufeff" },
    { S("\xf3\xa0\x81\x81"), "\\ue0041" }, /* tag character */
    { S("\xc0\x80"), "\\xc0\\x80" },         /* overlong */
    { S("\xe0\x80\xaf"), "\\xe0\\x80\\xaf" },
    { S("\xed\xa0\x80"), "\\xed\\xa0\\x80" }, /* surrogate */
    { S("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80" },
    { S("\xc3"), "\\xc3" }, /* cut off */
    { S("\xe2\x82"), "\\xe2\\x82" },
    { S("\xff\xfe"), "\\xff\\xfe" },
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[256];
        size_t n = sanitise(out, sizeof out, cases[i].in, cases[i].length);
        assert_string_equal(out, cases[i].out);
        assert_int_equal(n, strlen(out));
    }
}

static void every_byte_is_harmless(void **state)
{
    (void)state;
    for (unsigned b = 0; b < 256; b++) {
        char in = (char)b, out[16];
        sanitise(out, sizeof out, &in, 1);
        for (const char *p = out; *p != '\0'; p++) {
            assert_in_range((unsigned char)*p, 0x20, 0x7e);
        }
    }
}

static void short_buffers(void **state)
{
    (void)state;
    static const char text[] = "abc\033\xe2\x82\xac" "defghijkl";
    for (size_t capacity = 1; capacity < 40; capacity++) {
        char *out = malloc(capacity); /* so that a sanitiser sees one byte too many */
        assert_non_null(out);
        size_t n = sanitise(out, capacity, text, sizeof text - 1);
        assert_true(n < capacity);
        assert_int_equal(n, strlen(out));
        free(out);
    }
    char out[11];
    sanitise(out, sizeof out, S("0123456789abc"));
    assert_string_equal(out, "0123456...");
    sanitise(out, sizeof out, S("0123456789"));
    assert_string_equal(out, "0123456789");
}

static void last_lines(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        unsigned lines;
        const char *out;
    } tails[] = {
        { "", 3, "" },
        { "one", 3, "> one\n" },
        { "one\ntwo\nthree\n", 2, "> two\n> three\n" },
        { "one\n\033[31mtwo", 9, "> one\n> \\x1b[31mtwo\n" },
        { "a\n\nb\n", 2, "> \n> b\n" },
    };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        sanitise_print_tail(out, "> ", tails[i].in, strlen(tails[i].in), tails[i].lines);
        fclose(out);
        assert_string_equal(text, tails[i].out);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(every_byte_is_harmless),
        cmocka_unit_test(short_buffers),
        cmocka_unit_test(last_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
