#include "parser/text.h"

#include "parser/expect.h"

static const struct {
    const char *text;
    bool valid, printable;
} texts[] = {
    {"", true, true},
    {"plain", true, true},
    {"a\tb", true, false},
    {"\x7F", true, false},
    {"\xC2\x85", true, false}, /* U+0085 */
    {"\xC2\xA0", true, true},
    {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", true, true},
    {"\xEF\xBF\xBF\xF4\x8F\xBF\xBF", true, true},
    {"\x80", false, false},
    {"\xC0\x80", false, false},
    {"\xC1\xBF", false, false},
    {"\xE0\x9F\xBF", false, false},
    {"\xED\xA0\x80", false, false},
    {"\xF0\x8F\xBF\xBF", false, false},
    {"\xF4\x90\x80\x80", false, false},
    {"\xF5\x80\x80\x80", false, false},
    {"\xE2\x82", false, false},
    {"\xE2\x28\xA1", false, false},
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        char *copy = exact_copy(texts[i].text, strlen(texts[i].text));
        assert_int_equal(text_valid(copy, strlen(texts[i].text)), texts[i].valid);
        assert_int_equal(text_printable(copy, strlen(texts[i].text)), texts[i].printable);
        free(copy);
    }
    assert_true(text_valid("\0", 1));
    assert_false(text_printable("\0", 1));
}

static const struct {
    const char *text;
    uint64_t maximum;
    bool good;
    uint64_t value;
} decimals[] = {
    {"0", 9, true, 0}, {"1", 9, true, 1}, {"9", 9, true, 9}, {"10", 9, false, 0},
    {"", 9, false, 0}, {"00", 9, false, 0}, {"01", 9, false, 0}, {"-1", 9, false, 0}, {"+1", 9, false, 0},
    {" 1", 9, false, 0}, {"1 ", 9, false, 0}, {"1x", 9, false, 0}, {"0x1", 9, false, 0}, {"1.0", 9, false, 0},
    {"4294967294", 4294967294, true, 4294967294}, {"4294967295", 4294967294, false, 0},
    {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
    {"18446744073709551616", UINT64_MAX, false, 0}, {"99999999999999999999", UINT64_MAX, false, 0},
};

static void test_decimal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(decimals); i++) {
        uint64_t value = 77;
        assert_int_equal(text_decimal(decimals[i].text, strlen(decimals[i].text), decimals[i].maximum, &value),
                         decimals[i].good);
        assert_true(value == (decimals[i].good ? decimals[i].value : 77));
    }
}

static void test_copies(void **state)
{
    char out[8];

    (void)state;
    assert_true(text_copy(out, sizeof(out), "1234567", 7));
    assert_string_equal(out, "1234567");
    assert_false(text_copy(out, sizeof(out), "12345678", 8));
    assert_string_equal(out, "");
    text_sanitize(out, sizeof(out), "123456\xC3\xA4", 8);
    assert_string_equal(out, "123456");
    text_sanitize(out, sizeof(out), "12345\xC3\xA4", 7);
    assert_string_equal(out, "12345\xC3\xA4");
    text_sanitize(out, sizeof(out), "\xFF\xFF\xFF", 3);
    assert_string_equal(out, "\xEF\xBF\xBD\xEF\xBF\xBD");
    text_sanitize(out, sizeof(out), "1234567", 7);
    assert_string_equal(out, "1234567");
    text_sanitize(out, sizeof(out), "12345678", 8);
    assert_string_equal(out, "1234567");
    text_sanitize(out, sizeof(out), "a\x7F" "b~\xC2\x85", 6);
    assert_string_equal(out, "a\xEF\xBF\xBD" "b~");
    text_sanitize(out, sizeof(out), "", 0);
    assert_string_equal(out, "");
    assert_int_equal(text_cut("ab\xC3\xA4", 4, 4), 4);
    assert_int_equal(text_cut("ab\xC3\xA4", 4, 3), 2);
    assert_int_equal(text_cut("\xC3\xA4", 2, 1), 0);
    assert_int_equal(text_cut("\xC3\xA4", 2, 0), 0);
    assert_int_equal(text_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

static void test_paths(void **state)
{
    static char path[PLAN_PATH_MAX];

    (void)state;
    memset(path, '/', sizeof(path));
    assert_null(text_path_problem("/", 1));
    assert_null(text_path_problem(path, PLAN_PATH_MAX - 1));
    assert_non_null(text_path_problem(path, PLAN_PATH_MAX));
    assert_non_null(text_path_problem("", 0));
    assert_non_null(text_path_problem("a/b", 3));
    assert_non_null(text_path_problem("/a\nb", 4));
    assert_non_null(text_path_problem("/a\0b", 4));
    assert_non_null(text_path_problem("/\xFF", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_paths),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
