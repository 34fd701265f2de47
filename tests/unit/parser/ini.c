#include "parser/ini.h"

#include <stdio.h>
#include <time.h>

#include "parser/expect.h"

enum { CODE = 304 };

static const struct {
    const char *text;
    size_t n; /* 0: up to the NUL */
    struct expected findings[3];
} rows[] = {
    {"", 0, {NO_FINDING}},
    {"# c\n; c\n  # c\n\n[s]\na=1\n", 0, {NO_FINDING}},
    {"[s] # c\r\na = 1\r\nb: 2\r\n", 0, {NO_FINDING}},
    {"[s]\na=1\n[t]\na=1\n[S]\na=1", 0, {NO_FINDING}},
    {"[a b.c]\nk k = v v ; no comment\n", 0, {NO_FINDING}},
    {"a=1\n[s]\n", 0, {ERROR_AT(1, 1, "", "must come before the first key")}},
    {"[s]\nnonsense\n", 0, {ERROR_AT(2, 1, "", "neither a section")}},
    {"[s]\n=1\n", 0, {ERROR_AT(2, 1, "", "a key was expected")}},
    {"[s]\n: 1\n", 0, {ERROR_AT(2, 1, "", "a key was expected")}},
    {"[s\na=1\n", 0, {ERROR_AT(1, 1, "", "end with ']'")}},
    {"[]\n", 0, {ERROR_AT(1, 1, "", "needs a name")}},
    {"[s] x\n", 0, {ERROR_AT(1, 5, "", "nothing may follow")}},
    {"[s]\na=1\nA: 2\n", 0, {ERROR_AT(3, 1, "s.A", "stands here again (first in line 2)")}},
    {"[s]\na=1\n[s]\na=2\n", 0, {ERROR_AT(3, 1, "", "this section stands here again")}},
    {"[s]\na=\xFF\n", 0, {ERROR_AT(2, 3, "", "UTF-8")}},
    {"[s]\na=\x01\n", 0, {ERROR_AT(2, 3, "", "control character")}},
    {"[s]\na=\0\n", 8, {ERROR_AT(2, 3, "", "control character")}},
    {"[s]\na=1\rb=2\n", 0, {ERROR_AT(2, 4, "", "control character")}},
    {"[s]\na=1\r", 0, {ERROR_AT(2, 4, "", "control character")}},
    {"[s]\n# \x1B\n", 0, {ERROR_AT(2, 3, "", "control character")}},
    {"\xEF\xBB\xBF[s]\n", 0, {ERROR_AT(1, 1, "", "byte order mark")}},
    {"x\n[s]\ny\na=1\na=2\n", 0,
     {ERROR_AT(1, 1, "", "neither"), ERROR_AT(3, 1, "", "neither"), ERROR_AT(5, 1, "s.a", "stands here again")}},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n = rows[i].n > 0 ? rows[i].n : strlen(rows[i].text);
        char *text = exact_copy(rows[i].text, n);
        struct ini_document document;
        struct plan_head head;
        finding_begin(&head);
        assert_int_equal(ini_parse(&document, text, n, 65536, CODE, &head), rows[i].findings[0].severity < 0 ? 0 : -1);
        expect_findings(rows[i].text, &head, CODE, rows[i].findings, COUNT(rows[i].findings));
        free(text);
    }
}

static void test_values(void **state)
{
    static const char text[] =
        "[DEFAULT]\nshared = d\nown = d\n[s]\nOWN = mine\n one:= two \nempty =\n\tlong = a\n\t\tb\n  # c\n\n\t\tc\nlast = %(x)s\n";
    static const struct {
        const char *key, *value;
        uint32_t line, column;
        bool plain;
    } values[] = {
        {"shared", "d", 2, 10, true}, {"own", "mine\n one:= two", 5, 7, false},
        {"empty", "\n\tlong = a\n\t\tb\n  # c\n\n\t\tc", 7, 8, false}, {"last", "%(x)s", 13, 8, false},
    };
    struct ini_document document;
    struct plan_head head;

    (void)state;
    finding_begin(&head);
    assert_int_equal(ini_parse(&document, text, sizeof(text) - 1, 65536, CODE, &head), 0);
    for (size_t i = 0; i < COUNT(values); i++) {
        const struct ini_entry *entry = ini_get(&document, "s", values[i].key);
        assert_non_null(entry);
        assert_int_equal(entry->value.length, strlen(values[i].value));
        assert_memory_equal(entry->value.at, values[i].value, entry->value.length);
        assert_int_equal(entry->value_place.line, values[i].line);
        assert_int_equal(entry->value_place.column, values[i].column);
        assert_int_equal(ini_value_plain(&document, entry), values[i].plain);
    }
    assert_int_equal(head.findings_count, 3);
    assert_null(ini_get(&document, "s", "absent"));
    assert_null(ini_get(&document, "S", "own"));
}

static const struct {
    const char *text;
    bool good;
    uint64_t value;
} numbers[] = {
    {"0", true, 0}, {"1800", true, 1800}, {"99999999999999999999999", true, UINT64_MAX},
    {"-1", false, 0}, {"1.5", false, 0}, {"030", false, 0}, {"", false, 0}, {"1 2", false, 0}, {"0x1", false, 0},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char text[64];
        struct ini_document document;
        struct plan_head head;
        uint64_t value = 0;
        finding_begin(&head);
        snprintf(text, sizeof(text), "[s]\nk = %s\n", numbers[i].text);
        assert_int_equal(ini_parse(&document, text, strlen(text), 65536, CODE, &head), 0);
        assert_int_equal(ini_number(&document, ini_get(&document, "s", "K"), &value), numbers[i].good);
        assert_true(value == numbers[i].value);
        assert_int_equal(head.findings_count, !numbers[i].good);
    }
}

static void test_limits(void **state)
{
    static char text[65536];
    size_t used = (size_t)snprintf(text, sizeof(text), "[s]\n");
    struct ini_document document;
    struct plan_head head;

    (void)state;
    for (unsigned i = 0; i <= INI_ENTRIES_MAX + 1; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "k%u=1\n", i);
    finding_begin(&head);
    assert_int_equal(ini_parse(&document, text, used, sizeof(text), CODE, &head), -1);
    expect_findings("keys", &head, CODE, &(struct expected)ERROR_AT(INI_ENTRIES_MAX + 2, 1, "", "too many keys"), 1);

    used = 0;
    for (unsigned i = 0; i <= INI_SECTIONS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "[s%u]\nk=1\n", i);
    finding_begin(&head);
    assert_int_equal(ini_parse(&document, text, used, sizeof(text), CODE, &head), -1);
    expect_findings("sections", &head, CODE,
                    &(struct expected)ERROR_AT(2 * INI_SECTIONS_MAX + 1, 1, "", "too many sections"), 1);

    finding_begin(&head);
    assert_int_equal(ini_parse(&document, text, 101, 100, CODE, &head), -1);
    expect_findings("bytes", &head, CODE, &(struct expected)ERROR_AT(0, 0, "", "larger than 100"), 1);
}

/* How a document repeats itself: what its line of a number is. */
static void line_comment(char *line, size_t size, unsigned i)
{
    snprintf(line, size, "#%05x\n", i);
}

static void line_key_again(char *line, size_t size, unsigned i)
{
    snprintf(line, size, "%05x=\n", i < INI_ENTRIES_MAX - 1 ? i : 0);
}

static void line_section_again(char *line, size_t size, unsigned i)
{
    snprintf(line, size, "[%04x]\n", i < INI_SECTIONS_MAX - 1 ? i : INI_SECTIONS_MAX - 2);
}

static void line_sections(char *line, size_t size, unsigned i)
{
    snprintf(line, size, "[%04x]\n", i);
}

/* The least CPU time of several for a document of about 64 KiB. */
static clock_t time_lines(void (*line)(char *, size_t, unsigned), struct plan_head *head)
{
    enum { TIMES = 5 };
    static char text[65536 - 16];
    size_t used = (size_t)snprintf(text, sizeof(text), "[s]\n");
    struct ini_document document;
    clock_t least = 0;

    for (unsigned i = 0; used < sizeof(text) - 8; i++) {
        line(text + used, sizeof(text) - used, i);
        used += strlen(text + used);
    }
    for (int i = 0; i < TIMES; i++) {
        clock_t began = clock();
        finding_begin(head);
        ini_parse(&document, text, used, 65536, CODE, head);
        least = i == 0 || clock() - began < least ? clock() - began : least;
    }
    return least;
}

/*
 * Once everything that can be told has been told, what stands again is not looked for any more; and
 * of a thousand keys each is told from the others at once.
 * Regressions: host/a-key-that-stands-thousands-of-times-takes-long, host/sections-by-the-thousand-take-long.
 */
static void test_flood(void **state)
{
    static void (*const lines[])(char *, size_t, unsigned) = {line_key_again, line_section_again, line_sections};
    struct plan_head head;
    clock_t control = time_lines(line_comment, &head);

    (void)state;
    assert_int_equal(head.findings_count, 0);
    for (size_t i = 0; i < COUNT(lines); i++) {
        clock_t took = time_lines(lines[i], &head);
        print_message("flood %zu: %ld of %ld\n", i, (long)took, (long)control);
        assert_int_equal(head.findings_count, PLAN_FINDINGS_MAX);
        assert_true(took < 4 * control);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_flood),
    };

    return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}
