/*
 * The journal's chain: good ones hold, and every way of breaking one is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sha2.h>

#include "front/journal.h"

enum { RECORDS = 4, TEXT_MAX = 4096 };

struct chain {
    size_t length, start[RECORDS + 1];
    char text[TEXT_MAX];
};

static void make(struct chain *c)
{
    char digest[JOURNAL_DIGEST_MAX] = "0000000000000000000000000000000000000000000000000000000000000000";
    memset(c, 0, sizeof *c);
    for (unsigned i = 0; i < RECORDS; i++) {
        c->start[i] = c->length;
        c->length += (size_t)snprintf(c->text + c->length, sizeof c->text - c->length,
                                      "{\"prev\":\"%s\",\"n\":%u,\"text\":\"a \\\"quoted\\\" one\"}\n", digest, i);
        SHA256Data((const uint8_t *)c->text + c->start[i], c->length - c->start[i] - 1, digest);
    }
    c->start[RECORDS] = c->length;
}

static int check(const char *text, size_t length, struct journal_state *state)
{
    FILE *in = length > 0 ? fmemopen((void *)(uintptr_t)text, length, "r") : tmpfile();
    assert_non_null(in);
    int result = journal_check(in, state);
    fclose(in);
    return result;
}

static void good(void **state)
{
    (void)state;
    static struct chain c;
    struct journal_state s;
    make(&c);
    for (unsigned n = 0; n <= RECORDS; n++) {
        assert_int_equal(check(c.text, c.start[n], &s), 0);
        assert_int_equal(s.lines, n);
        assert_null(s.broken);
    }
}

/* Whichever byte of whichever line but the last is changed, it is found: in that line or in the next. */
static void every_changed_byte(void **state)
{
    (void)state;
    static struct chain c;
    struct journal_state s;
    make(&c);
    for (size_t at = 0; at < c.start[RECORDS - 1]; at++) {
        c.text[at] ^= 1;
        if (check(c.text, c.length, &s) != 1) {
            fail_msg("byte %zu was changed and not missed", at);
        }
        assert_non_null(s.broken);
        assert_true(s.lines <= RECORDS - 1);
        c.text[at] ^= 1;
    }
}

/* Cut off anywhere but between two lines. */
static void every_truncation(void **state)
{
    (void)state;
    static struct chain c;
    struct journal_state s;
    make(&c);
    for (size_t length = 1; length < c.length; length++) {
        int between = 0;
        for (unsigned i = 0; i < RECORDS; i++) {
            between = between || length == c.start[i];
        }
        assert_int_equal(check(c.text, length, &s), between ? 0 : 1);
    }
}

static void removed_and_inserted(void **state)
{
    (void)state;
    static struct chain c;
    static char text[TEXT_MAX * 2];
    struct journal_state s;
    make(&c);
    /* without its first line */
    assert_int_equal(check(c.text + c.start[1], c.length - c.start[1], &s), 1);
    assert_int_equal(s.lines, 0);
    /* without its second */
    memcpy(text, c.text, c.start[1]);
    memcpy(text + c.start[1], c.text + c.start[2], c.length - c.start[2]);
    assert_int_equal(check(text, c.length - (c.start[2] - c.start[1]), &s), 1);
    assert_int_equal(s.lines, 1);
    /* the second twice */
    memcpy(text, c.text, c.start[2]);
    memcpy(text + c.start[2], c.text + c.start[1], c.length - c.start[1]);
    assert_int_equal(check(text, c.length + c.start[2] - c.start[1], &s), 1);
    assert_int_equal(s.lines, 2);
    /* an empty line at the end */
    memcpy(text, c.text, c.length);
    text[c.length] = '\n';
    assert_int_equal(check(text, c.length + 1, &s), 1);
    assert_int_equal(s.lines, RECORDS);
}

static void shows_the_last(void **state)
{
    (void)state;
    static struct chain c;
    make(&c);
    for (unsigned last = 0; last <= RECORDS + 1; last++) {
        char *text = NULL;
        size_t size = 0;
        FILE *in = fmemopen(c.text, c.length, "r"), *out = open_memstream(&text, &size);
        assert_int_equal(journal_print(in, out, last, 0), 0);
        fclose(in);
        fclose(out);
        size_t from = last == 0 || last > RECORDS ? 0 : c.start[RECORDS - last];
        assert_string_equal(text, c.text + from);
        free(text);
    }
    static char hostile[] = "{\"x\":\"\xc2\x9b" "31m\"}\n";
    char *text = NULL;
    size_t size = 0;
    FILE *in = fmemopen(hostile, sizeof hostile - 1, "r"), *out = open_memstream(&text, &size);
    assert_int_equal(journal_print(in, out, 0, 1), 0);
    fclose(in);
    fclose(out);
    assert_string_equal(text, "{\"x\":\"\\u009b31m\"}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(every_changed_byte),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(removed_and_inserted),
        cmocka_unit_test(shows_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
