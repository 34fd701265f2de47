#include "parser/host.h"

#include "base/plan_check.h"
#include "parser/expect.h"

enum { CODE = 304 };
#define ONE "pluginName0=P\npluginPath0=/p\npluginConfigPath0=/c\n"

static const struct {
    const char *text;
    uint32_t timeout, plugins;
    struct expected findings[4];
} rows[] = {
    {"[pre_post]\nnumberOfPlugins=1\n" ONE, 1800, 1, {NO_FINDING}},
    {"[pre_post]\ntimeoutInSeconds : 600\nNUMBEROFPLUGINS: 1\n" ONE, 600, 1, {NO_FINDING}},
    {"[pre_post]\ntimeoutInSeconds=1\nnumberOfPlugins=0\n", 1, 0, {WARNING_AT(3, 17, "pre_post.numberOfPlugins", "no plugin")}},
    {"[pre_post]\ntimeoutInSeconds=1801\nnumberOfPlugins=1\n" ONE, 1800, 1,
     {WARNING_AT(2, 18, "pre_post.timeoutInSeconds", "lowered to 1800")}},
    {"[pre_post]\ntimeoutInSeconds=99999999999999999999\nnumberOfPlugins=1\n" ONE, 1800, 1,
     {WARNING_AT(2, 18, "pre_post.timeoutInSeconds", "lowered to 1800")}},
    {"[pre_post]\ntimeoutInSeconds=0\nnumberOfPlugins=1\n" ONE, 0, 0,
     {ERROR_AT(2, 18, "pre_post.timeoutInSeconds", "1 to 1800")}},
    {"[pre_post]\ntimeoutInSeconds=x\nnumberOfPlugins=17\n", 0, 0,
     {ERROR_AT(2, 18, "pre_post.timeoutInSeconds", "whole number"),
      ERROR_AT(3, 17, "pre_post.numberOfPlugins", "at most 16")}},
    {"", 0, 0, {ERROR_AT(0, 0, "pre_post", "section [pre_post] is missing")}},
    {"[Pre_Post]\nnumberOfPlugins=0\n", 0, 0, {ERROR_AT(0, 0, "pre_post", "section [pre_post] is missing")}},
    {"\n[pre_post]\n", 0, 0, {ERROR_AT(2, 1, "pre_post.numberOfPlugins", "missing")}},
    {"[pre_post]\nnumberOfPlugins=2\n" ONE, 0, 0,
     {ERROR_AT(1, 1, "pre_post.pluginName1", "missing"), ERROR_AT(1, 1, "pre_post.pluginConfigPath1", "missing")}},
    {"[pre_post]\nnumberOfPlugins=1\npluginName0=\npluginPath0=p\npluginConfigPath0=c\n", 0, 0,
     {ERROR_AT(3, 13, "pre_post.pluginName0", "1 to 64"), WARNING_AT(4, 13, "pre_post.pluginPath0", "absolute"),
      ERROR_AT(5, 19, "pre_post.pluginConfigPath0", "absolute")}},
    {"[pre_post]\nnumberOfPlugins=1\npluginName0=P\npluginPath0=\npluginConfigPath0=/c\n", 1800, 1,
     {WARNING_AT(4, 13, "pre_post.pluginPath0", "absolute")}},
    {"[pre_post]\nnumberOfPlugins=1\n" ONE "pluginName1=Q\nother=1\npluginName00=R\n", 1800, 1,
     {WARNING_AT(6, 13, "pre_post.pluginName1", "means nothing"), WARNING_AT(7, 7, "pre_post.other", "means nothing"),
      WARNING_AT(8, 14, "pre_post.pluginName00", "means nothing")}},
    {"[pre_post]\nnumberOfPlugins=1\n" ONE "[more]\nx=1\n", 1800, 1, {WARNING_AT(6, 1, "", "'more' means nothing")}},
    {"[pre_post]\nnumberOfPlugins=1\n" ONE "pluginName0=Q\n", 0, 0, {ERROR_AT(6, 1, "pre_post.pluginName0", "again")}},
    {"[pre_post]\nnumberOfPlugins=1\npluginName0=P\npluginConfigPath0=/c\n  d\n", 0, 0,
     {ERROR_AT(4, 19, "pre_post.pluginConfigPath0", "indented line")}},
    {"[pre_post]\nnumberOfPlugins=1\npluginName0=%(x)s\npluginConfigPath0=/c\n", 0, 0,
     {ERROR_AT(3, 13, "pre_post.pluginName0", "interpolation")}},
};

static void test_rows(void **state)
{
    static struct host_plan plan;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = exact_copy(rows[i].text, strlen(rows[i].text));
        host_parse(text, strlen(rows[i].text), &plan);
        expect_findings(rows[i].text, &plan.head, CODE, rows[i].findings, COUNT(rows[i].findings));
        assert_true(plan_valid(DOC_HOST, &plan));
        free(text);
        if (!plan.head.usable) continue;
        assert_int_equal(plan.timeout_seconds, rows[i].timeout);
        assert_int_equal(plan.plugins_count, rows[i].plugins);
        if (plan.plugins_count == 0) continue;
        assert_string_equal(plan.plugins[0].name, "P");
        assert_string_equal(plan.plugins[0].path, strstr(rows[i].text, "pluginPath0=/p") ? "/p" : "");
        assert_string_equal(plan.plugins[0].config_path, "/c");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
