#include "parser/json.h"

#include <stdio.h>
#include <time.h>

#include "parser/expect.h"

enum { CODE = 305 };
static const struct json_limits limits = {65536, 16, CODE};

static int parse(struct json_document *document, const char *text, size_t n, struct plan_head *head)
{
    finding_begin(head);
    return json_parse(document, text, n, &limits, head);
}

/* ---- what is refused, and where ------------------------------------------------ */

static const struct {
    const char *text;
    size_t n; /* 0: up to the NUL */
    struct expected error;
} refused[] = {
    /* what cJSON 1.7.15 lets pass */
    {"\xEF\xBB\xBF{}", 0, ERROR_AT(1, 1, "", "byte order mark")},
    {"{\"a\":1,\n \"a\":2}", 0, ERROR_AT(2, 2, "a", "'a' stands here again")},
    {"{\"a\":1,\"\\u0061\":2}", 0, ERROR_AT(1, 8, "\\u0061", "'a' stands here again")},
    {"{\"a\":\"x\ty\"}", 0, ERROR_AT(1, 8, "a", "control character")},
    {"{\"a\":\"x\ny\"}", 0, ERROR_AT(1, 8, "a", "control character")},
    {"{\"a\":\"\x01\"}", 0, ERROR_AT(1, 7, "a", "control character")},
    {"{\"a\":\"\x1F\"}", 0, ERROR_AT(1, 7, "a", "control character")},
    {"{\"a\":\"\0\"}", 9, ERROR_AT(1, 7, "a", "control character")},
    {"\f{}", 0, ERROR_AT(1, 1, "", "a value was expected")},
    {"{}\v", 0, ERROR_AT(1, 3, "", "should end here")},
    {"{\"a\":\"\xFF\"}", 0, ERROR_AT(1, 7, "a", "UTF-8")},
    {"{\"a\":\"\xC0\x80\"}", 0, ERROR_AT(1, 7, "a", "UTF-8")},
    {"{\"a\":\"\xE0\x80\x80\"}", 0, ERROR_AT(1, 7, "a", "UTF-8")},
    {"{\"a\":\"\xED\xA0\x80\"}", 0, ERROR_AT(1, 7, "a", "UTF-8")},
    {"{\"a\":\"\xF4\x90\x80\x80\"}", 0, ERROR_AT(1, 7, "a", "UTF-8")},
    {"{\"a\":\"\xC3\"}", 0, ERROR_AT(1, 7, "a", "UTF-8")},
    {"{\"a\xFF\":1}", 0, ERROR_AT(1, 4, "", "UTF-8")},
    {"{\"a\":01}", 0, ERROR_AT(1, 7, "a", "must not begin with 0")},
    {"{\"a\":-01}", 0, ERROR_AT(1, 8, "a", "must not begin with 0")},
    {"{\"a\":1.}", 0, ERROR_AT(1, 8, "a", "must follow '.'")},
    {"{\"a\":.5}", 0, ERROR_AT(1, 6, "a", "a value was expected")},
    {"{\"a\":+5}", 0, ERROR_AT(1, 6, "a", "a value was expected")},
    {"{\"a\":-}", 0, ERROR_AT(1, 7, "a", "must follow '-'")},
    {"{\"a\":1e}", 0, ERROR_AT(1, 8, "a", "exponent")},
    {"{\"a\":1e+}", 0, ERROR_AT(1, 9, "a", "exponent")},
    {"{\"a\":1e999}", 0, ERROR_AT(1, 6, "a", "too large")},
    {"{\"a\":-1e999}", 0, ERROR_AT(1, 6, "a", "too large")},
    {"{\"a\":NaN}", 0, ERROR_AT(1, 6, "a", "a value was expected")},
    {"{\"a\":Infinity}", 0, ERROR_AT(1, 6, "a", "a value was expected")},
    {"{\"a\":0x10}", 0, ERROR_AT(1, 7, "", "',' or '}'")},
    {"{\"a\":1} x", 0, ERROR_AT(1, 9, "", "should end here")},
    {"{}{}", 0, ERROR_AT(1, 3, "", "should end here")},
    {"{}\0", 3, ERROR_AT(1, 3, "", "should end here")},
    {"{\"a\":\"\\u0000\"}", 0, ERROR_AT(1, 9, "a", "NUL")},
    {"{\"\\u0000\":1}", 0, ERROR_AT(1, 5, "", "NUL")},
    {"{\"a\":\"\\uD800\"}", 0, ERROR_AT(1, 9, "a", "high surrogate")},
    {"{\"a\":\"\\uD800\\u0041\"}", 0, ERROR_AT(1, 9, "a", "high surrogate")},
    {"{\"a\":\"\\uDC00\"}", 0, ERROR_AT(1, 9, "a", "low surrogate")},
    {"{\"a\":\"\\u12g4\"}", 0, ERROR_AT(1, 9, "a", "four hexadecimal")},
    {"{\"a\":\"\\u12", 0, ERROR_AT(1, 9, "a", "four hexadecimal")},
    {"{\"a\":\"\\x\"}", 0, ERROR_AT(1, 8, "a", "backslash")},
    {"{\"a\":\"\\\0\"}", 10, ERROR_AT(1, 8, "a", "backslash")},
    /* structure */
    {"", 0, ERROR_AT(1, 1, "", "the document ends")},
    {" \n ", 0, ERROR_AT(2, 2, "", "the document ends")},
    {"{", 0, ERROR_AT(1, 2, "", "the document ends")},
    {"{\"a\"", 0, ERROR_AT(1, 5, "", "':' was expected")},
    {"{\"a\":", 0, ERROR_AT(1, 6, "a", "the document ends")},
    {"{\"a\":\"b", 0, ERROR_AT(1, 8, "a", "must end with '\"'")},
    {"{\"a\":\"b\\", 0, ERROR_AT(1, 9, "a", "backslash")},
    {"{\"a\":1", 0, ERROR_AT(1, 7, "", "',' or '}'")},
    {"{\"a\":1,}", 0, ERROR_AT(1, 8, "", "a key in double quotes")},
    {"{,}", 0, ERROR_AT(1, 2, "", "a key in double quotes")},
    {"{a:1}", 0, ERROR_AT(1, 2, "", "a key in double quotes")},
    {"{'a':1}", 0, ERROR_AT(1, 2, "", "a key in double quotes")},
    {"{1:1}", 0, ERROR_AT(1, 2, "", "a key in double quotes")},
    {"{\"a\" 1}", 0, ERROR_AT(1, 6, "", "':' was expected")},
    {"{\"a\":1 \"b\":2}", 0, ERROR_AT(1, 8, "", "',' or '}'")},
    {"{\"a\":[1 2]}", 0, ERROR_AT(1, 9, "a", "',' or ']'")},
    {"{\"a\":[1,]}", 0, ERROR_AT(1, 9, "a[1]", "a value was expected")},
    {"{\"a\":[1}", 0, ERROR_AT(1, 8, "a", "',' or ']'")},
    {"[1]]", 0, ERROR_AT(1, 4, "", "should end here")},
    {"{\"a\":{\"b\":[0,{\"c\":tru}]}}", 0, ERROR_AT(1, 19, "a.b[1].c", "a value was expected")},
    {"{\"a\":nul}", 0, ERROR_AT(1, 6, "a", "a value was expected")},
    {"{\"a\":True}", 0, ERROR_AT(1, 6, "a", "a value was expected")},
    {"// c\n{}", 0, ERROR_AT(1, 1, "", "a value was expected")},
    {"{\"a\":1 /* c */}", 0, ERROR_AT(1, 8, "", "',' or '}'")},
    {"{\r\n\"a\": 1,\r\n\"b\" 2}", 0, ERROR_AT(3, 5, "", "':' was expected")},
    {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", 0,
     ERROR_AT(1, 17, "[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]", "nested too deeply")},
    {"{\"a\":1234567890123456789012345678901234567890123456789012345678901234}", 0,
     ERROR_AT(1, 6, "a", "more than 63")},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        size_t n = refused[i].n > 0 ? refused[i].n : strlen(refused[i].text);
        char *text = exact_copy(refused[i].text, n);
        struct json_document document;
        struct plan_head head;
        const struct expected *error = &refused[i].error;
        assert_int_equal(parse(&document, text, n, &head), -1);
        expect_findings(refused[i].text, &head, CODE, error, 1);
        assert_int_equal(head.findings[0].kind, FINDING_SYNTAX);
        json_free(&document);
        free(text);
    }
}

/* Whatever a good document is cut to is no document, and no byte beyond it is read. */
static void test_every_truncation(void **state)
{
    static const char text[] = "{\"a\": [1, -2.5e+3, \"\\u00e4\\ud83d\\ude00\xC3\xA4\", {\"b\": null}], \"c\": true}";

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        char *copy = exact_copy(text, n);
        struct json_document document;
        struct plan_head head;
        assert_int_equal(parse(&document, copy, n, &head), n == sizeof(text) - 1 ? 0 : -1);
        assert_int_equal(head.findings_count, n == sizeof(text) - 1 ? 0 : 1);
        json_free(&document);
        free(copy);
    }
}

static const char *const accepted[] = {
    "{}", " \t\r\n{ } \n", "[]", "0", "-0", "0.5", "1E5", "1e-400", "\"\"", "true", "null",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\x7F\"",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    "{\"a\":{\"x\":1},\"b\":{\"x\":1},\"A\":1}",
    "[{\"x\":1},{\"x\":1}]",
    "123456789012345678901234567890123456789012345678901234567890123",
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        size_t n = strlen(accepted[i]);
        char *text = exact_copy(accepted[i], n);
        struct json_document document;
        struct plan_head head;
        parse(&document, text, n, &head);
        expect_findings(accepted[i], &head, CODE, NULL, 0);
        assert_non_null(document.root);
        json_free(&document);
        free(text);
    }
}

static void test_too_large(void **state)
{
    static char text[65537];
    struct json_document document;
    struct plan_head head;

    (void)state;
    memset(text, ' ', sizeof(text));
    text[0] = '1';
    assert_int_equal(parse(&document, text, 65536, &head), 0);
    json_free(&document);
    assert_int_equal(parse(&document, text, 65537, &head), -1);
    expect_findings("65537", &head, CODE, &(struct expected)ERROR_AT(0, 0, "", "larger than 65536"), 1);
    json_free(&document);
}

static void test_every_duplicate(void **state)
{
    static const char text[] = "{\"b\":{\"k\":1,\"k\":2},\n\"a\":[{\"z\":0,\"y\":1,\"z\":2}],\n\"b\":3,\"b\":4}";
    static const struct expected errors[] = {
        ERROR_AT(1, 13, "b.k", "'k' stands here again"), ERROR_AT(2, 19, "a[0].z", "'z' stands"),
        ERROR_AT(3, 1, "b", "'b' stands"), ERROR_AT(3, 7, "b", "'b' stands"),
    };
    struct json_document document;
    struct plan_head head;

    (void)state;
    assert_int_equal(parse(&document, text, sizeof(text) - 1, &head), -1);
    expect_findings("duplicates", &head, CODE, errors, COUNT(errors));
    assert_non_null(document.root); /* the schema may still be checked */
    json_free(&document);
}

/* ---- positions and values --------------------------------------------------------- */

static void test_positions(void **state)
{
    static const char text[] = "{ \"a\" : 1,\n  \"b\": [true, {\"c d\": \"x\"}],\n\t\"A\": {}}";
    struct json_document d;
    struct plan_head head;
    char key[JSON_KEY_MAX];

    (void)state;
    assert_int_equal(parse(&d, text, sizeof(text) - 1, &head), 0);
    const cJSON *a = json_get(d.root, "a"), *b = json_get(d.root, "b"), *upper = json_get(d.root, "A");
    const cJSON *c = json_get(b->child->next, "c d");
    const struct {
        const cJSON *item;
        struct place key_place, value_place;
        const char *key, *text;
    } rows[] = {
        {d.root, {0, 0}, {1, 1}, "", text},
        {a, {1, 3}, {1, 9}, "a", "1"},
        {b, {2, 3}, {2, 8}, "b", "[true, {\"c d\": \"x\"}]"},
        {b->child, {0, 0}, {2, 9}, "b[0]", "true"},
        {c, {2, 16}, {2, 23}, "b[1].c d", "\"x\""},
        {upper, {3, 2}, {3, 7}, "A", "{}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place k = json_where_key(&d, rows[i].item), v = json_where(&d, rows[i].item);
        size_t n = 0;
        const char *raw = json_text(&d, rows[i].item, &n);
        assert_true(k.line == rows[i].key_place.line && k.column == rows[i].key_place.column);
        assert_true(v.line == rows[i].value_place.line && v.column == rows[i].value_place.column);
        json_key(&d, rows[i].item, key);
        assert_string_equal(key, rows[i].key);
        assert_int_equal(n, strlen(rows[i].text));
        assert_memory_equal(raw, rows[i].text, n);
    }
    assert_null(json_get(d.root, "B"));
    assert_null(json_get(b, "c d"));
    assert_null(json_get(NULL, "a"));
    cJSON stranger = {0};
    assert_int_equal(json_where(&d, &stranger).line, 0);
    json_free(&d);
    json_free(&d);
}

/* What is kept of a document of 64 KiB with as many values as fit stays within 4 MiB.
 * Regression: json/heap-beyond-4-mib. */
static void test_memory(void **state)
{
    static char text[65535];
    struct json_document d;
    struct plan_head head;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) text[i] = i % 2 == 0 ? ',' : '1';
    text[0] = '[';
    text[sizeof(text) - 1] = ']';
    assert_int_equal(parse(&d, text, sizeof(text), &head), 0);
    assert_int_equal(d.count, 1 + sizeof(text) / 2);
    /* An allocation of malloc(3)'s has eight bytes of its own. */
    assert_true(d.capacity * sizeof(*d.nodes) + d.count * (sizeof(*d.root) + 8) <= 4 << 20);
    json_free(&d);
}

static const struct {
    const char *text;
    bool is_integer, is_unsigned;
    int64_t integer;
    uint64_t number;
} numbers[] = {
    {"0", true, true, 0, 0},
    {"-0", true, false, 0, 0},
    {"30", true, true, 30, 30},
    {"-1", true, false, -1, 0},
    {"30.0", false, false, 0, 0},
    {"3e1", false, false, 0, 0},
    {"\"30\"", false, false, 0, 0},
    {"true", false, false, 0, 0},
    {"2147483648", true, true, 2147483648, 2147483648u},
    {"9007199254740993", true, true, 9007199254740993, 9007199254740993u}, /* no double has it */
    {"9223372036854775807", true, true, INT64_MAX, 9223372036854775807u},
    {"9223372036854775808", true, true, INT64_MAX, 9223372036854775808u},
    {"18446744073709551615", true, true, INT64_MAX, UINT64_MAX},
    {"18446744073709551616", true, false, INT64_MAX, 0},
    {"-99999999999999999999", true, false, INT64_MIN, 0},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct json_document d;
        struct plan_head head;
        int64_t integer = 0;
        uint64_t number = 0;
        assert_int_equal(parse(&d, numbers[i].text, strlen(numbers[i].text), &head), 0);
        assert_int_equal(json_integer(&d, d.root, &integer), numbers[i].is_integer);
        assert_int_equal(json_unsigned(&d, d.root, &number), numbers[i].is_unsigned);
        assert_true(integer == numbers[i].integer && number == numbers[i].number);
        json_free(&d);
    }
}

/* ---- time ----------------------------------------------------------------------------- */

static double parse_seconds(const char *text, size_t n)
{
    struct timespec start, end;
    struct json_document document;
    struct plan_head head;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    assert_int_equal(parse(&document, text, n, &head), 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    json_free(&document);
    return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

/* 64 KiB of distinct keys in one object: quadratic work would take a large part of a second. */
static void test_many_keys(void **state)
{
    static char text[65536];
    size_t used = 1;
    double best = 1;

    (void)state;
    text[0] = '{';
    for (unsigned i = 0; used < sizeof(text) - 24; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"%x\":1", i > 0 ? "," : "", i);
    text[used++] = '}';
    for (int i = 0; i < 5; i++) {
        double seconds = parse_seconds(text, used);
        if (seconds < best) best = seconds;
    }
    print_message("    %zu bytes of keys in %.1f ms\n", used, best * 1e3);
    assert_true(best < 0.1); /* 10 ms and room for a sanitizer */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_accepted),   cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_every_duplicate), cmocka_unit_test(test_positions),
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
