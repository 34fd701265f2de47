/*
 * The command line: what is taken, what is refused, and with which words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/options.h"

enum { WORDS = 12 };

static int parse(struct options *options, const char *const *words, char *message, size_t capacity)
{
    static char *argv[WORDS + 2];
    int argc = 0;
    argv[argc++] = (char *)(uintptr_t)"quiesce";
    for (size_t i = 0; i < WORDS && words[i] != NULL; i++) {
        argv[argc++] = (char *)(uintptr_t)words[i];
    }
    argv[argc] = NULL;
    return options_parse(options, argc, argv, message, capacity);
}

static const struct {
    const char *words[WORDS];
    enum command command;
} good[] = {
    { { "run", "--", "true" }, COMMAND_RUN },
    { { "run", "--dry-run" }, COMMAND_RUN },
    { { "run", "--json", "--no-expedite", "--config", "/c", "--", "sh", "-c" }, COMMAND_RUN },
    { { "run", "--freeze-timeout=1800", "--", "true" }, COMMAND_RUN },
    { { "run", "--allow-crash-consistent", "never", "--", "true" }, COMMAND_RUN },
    { { "run", "--mount", "/a", "--mount=/b", "--exclude", "c", "--dry-run" }, COMMAND_RUN },
    { { "check" }, COMMAND_CHECK },
    { { "check", "--host-config", "x", "--json" }, COMMAND_CHECK },
    { { "explain", "--config=x" }, COMMAND_EXPLAIN },
    { { "freeze" }, COMMAND_FREEZE },
    { { "freeze", "--json", "--no-expedite", "--mount", "/a", "--exclude=/b", "--freeze-timeout", "9" }, COMMAND_FREEZE },
    { { "freeze", "--host-config", "h", "--allow-crash-consistent=always" }, COMMAND_FREEZE },
    { { "thaw" }, COMMAND_THAW },
    { { "thaw", "--failed", "--json", "--session", "0123456789abcdef0123456789abcdef" }, COMMAND_THAW },
    { { "status", "--json" }, COMMAND_STATUS },
    { { "journal", "show", "--last", "3" }, COMMAND_JOURNAL_SHOW },
    { { "journal", "verify", "--journal", "j" }, COMMAND_JOURNAL_VERIFY },
    { { "policy", "compile", "a", "b" }, COMMAND_POLICY_COMPILE },
    { { "policy", "compile", "a", "-o", "b" }, COMMAND_POLICY_COMPILE },
    { { "policy", "compile", "--output=b", "--", "--a" }, COMMAND_POLICY_COMPILE },
    { { "policy", "show", "--bpf", "--json", "a", "b" }, COMMAND_POLICY_SHOW },
    { { "policy", "diff", "a", "b" }, COMMAND_POLICY_DIFF },
    { { "policy", "lint", "a", "b" }, COMMAND_POLICY_LINT },
    { { "policy", "compile", "-h" }, COMMAND_HELP },
    { { "policy", "test", "a", "--tuples", "0", "--seed=4294967295", "--verbose" }, COMMAND_POLICY_TEST },
    { { "policy", "test", "--json", "a", "b" }, COMMAND_POLICY_TEST },
    { { "help" }, COMMAND_HELP },
    { { "help", "run" }, COMMAND_HELP },
    { { "help", "journal", "show" }, COMMAND_HELP },
    { { "--help" }, COMMAND_HELP },
    { { "-h" }, COMMAND_HELP },
    { { "run", "--help" }, COMMAND_HELP },
    { { "journal", "verify", "-h" }, COMMAND_HELP },
    { { "journal", "--help" }, COMMAND_HELP },
    { { "policy", "-h" }, COMMAND_HELP },
    { { "help", "policy" }, COMMAND_HELP },
    { { "help", "policy", "show" }, COMMAND_HELP },
    { { "--version" }, COMMAND_VERSION },
    { { "version" }, COMMAND_VERSION },
};

static const struct {
    const char *words[WORDS];
    const char *message; /* its beginning */
} bad[] = {
    { { NULL }, "a command is missing" },
    { { "--json", "run" }, "the first word must be a command" },
    { { "rum" }, "unknown command 'rum'; did you mean 'run'?" },
    { { "freezer" }, "unknown command 'freezer'; did you mean 'freeze'?" },
    { { "freeze", "--", "true" }, "unknown option '--'" },
    { { "freeze", "true" }, "'true' is one word too many" },
    { { "freeze", "--dry-run" }, "unknown option '--dry-run'" },
    { { "freeze", "--config", "a", "--host-config", "b" }, "--config and --host-config exclude each other" },
    { { "thaw", "--failed=no" }, "--failed takes no value" },
    { { "thaw", "--session", "0123" }, "--session takes the 32 hex digits" },
    { { "thaw", "--session", "0123456789ABCDEF0123456789abcdef" }, "--session takes the 32 hex digits" },
    { { "thaw", "--mount", "/a" }, "unknown option '--mount'" },
    { { "status", "--failed" }, "unknown option '--failed'" },
    { { "xyzzyx" }, "unknown command 'xyzzyx'" },
    { { "\033[31m" }, "unknown command '\\x1b[31m'" },
    { { "run" }, "the snapshot command is missing" },
    { { "run", "--" }, "the snapshot command is missing" },
    { { "run", "--", "" }, "the snapshot command is empty" },
    { { "run", "true" }, "'true' is no option; the snapshot command stands after '--'" },
    { { "run", "--jsn", "--", "true" }, "unknown option '--jsn'; did you mean '--json'?" },
    { { "run", "-json", "--", "true" }, "unknown option '-json'; did you mean '--json'?" },
    { { "run", "--jsn=yes", "--", "true" }, "unknown option '--jsn=yes'; did you mean '--json'?" },
    { { "run", "--json=yes", "--", "true" }, "--json takes no value" },
    { { "run", "--config" }, "--config needs a value" },
    { { "run", "--config", "", "--", "true" }, "a path is empty" },
    { { "run", "--config", "a", "--host-config", "b", "--dry-run" }, "--config and --host-config exclude each other" },
    { { "run", "--freeze-timeout", "0", "--", "true" }, "--freeze-timeout takes a whole number from 1 to 1800" },
    { { "run", "--freeze-timeout", "1801", "--", "true" }, "--freeze-timeout takes" },
    { { "run", "--freeze-timeout", "4294967297", "--", "true" }, "--freeze-timeout takes" },
    { { "run", "--freeze-timeout", "1x", "--", "true" }, "--freeze-timeout takes" },
    { { "run", "--freeze-timeout", "-1", "--", "true" }, "--freeze-timeout takes" },
    { { "run", "--allow-crash-consistent", "maybe" }, "--allow-crash-consistent takes auto, always or never" },
    { { "check", "--dry-run" }, "unknown option '--dry-run'" },
    { { "check", "--", "true" }, "unknown option '--'" },
    { { "check", "file" }, "'file' is one word too many" },
    { { "journal" }, "'journal' needs one of: show, verify" },
    { { "journal", "--json", "--help" }, "'journal' needs one of: show, verify" },
    { { "help", "journal", "shew" }, "unknown journal command 'shew'; did you mean 'show'?" },
    { { "help", "journal", "show", "verify" }, "'verify' is one word too many" },
    { { "journal", "shew" }, "unknown journal command 'shew'; did you mean 'show'?" },
    { { "journal", "verify", "--last", "1" }, "unknown option '--last'" },
    { { "policy" }, "'policy' needs one of: compile, show, diff, lint, test, learn" },
    { { "policy", "diff", "a" }, "two policies are needed" },
    { { "policy", "diff", "a", "b", "c" }, "'c' is one word too many" },
    { { "policy", "comple", "a" }, "unknown policy command 'comple'; did you mean 'compile'?" },
    { { "policy", "compile" }, "the policy is missing" },
    { { "policy", "compile", "a", "b", "-o", "c" }, "--output goes with one policy only" },
    { { "policy", "compile", "a", "-o" }, "--output needs a value" },
    { { "policy", "compile", "a", "-o", "" }, "a path is empty" },
    { { "policy", "compile", "a", "--bpf" }, "unknown option '--bpf'" },
    { { "policy", "compile", "a", "-x" }, "unknown option '-x'" },
    { { "policy", "learn" }, "the script is missing: put it after '--'" },
    { { "policy", "learn", "--" }, "the script is missing: put it after '--'" },
    { { "policy", "learn", "pre" }, "'pre' is no option; the script stands after '--'" },
    { { "policy", "learn", "--base", "", "--", "pre" }, "a path is empty" },
    { { "policy", "learn", "--user", "", "--", "pre" }, "--user takes a name or a uid" },
    { { "policy", "learn", "--timeout", "1801", "--", "pre" }, "--timeout takes a whole number from 1 to 1800" },
    { { "policy", "learn", "--phase", "freeze", "--", "pre" }, "--phase takes pre or post" },
    { { "policy", "learn", "--phase", "post", "--post", "a", "--", "b" }, "--post and --phase post exclude each other" },
    { { "policy", "learn", "--add=yes", "--", "pre" }, "--add takes no value" },
    { { "help", "me" }, "unknown command 'me'" },
};

static void taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        static struct options options;
        char message[256] = "";
        if (parse(&options, good[i].words, message, sizeof message) != 0) {
            fail_msg("row %zu: %s", i, message);
        }
        assert_int_equal(options.command, good[i].command);
    }
}

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static struct options options;
        char message[256] = "";
        assert_int_equal(parse(&options, bad[i].words, message, sizeof message), -1);
        if (strncmp(message, bad[i].message, strlen(bad[i].message)) != 0) {
            fail_msg("row %zu: '%s' and not '%s'", i, message, bad[i].message);
        }
    }
}

static void learning(void **state)
{
    (void)state;
    static struct options o;
    char message[256];
    const char *words[WORDS] = { "policy", "learn", "--base", "strict", "--post", "/p", "--keep", "--", "/a/../pre", "--keep", "x" };
    assert_int_equal(parse(&o, words, message, sizeof message), 0);
    assert_string_equal(o.base, "strict");
    assert_string_equal(o.scripts[PHASE_PRE], "/a/../pre"); /* the walk looks at each component */
    assert_string_equal(o.scripts[PHASE_POST], "/p");
    assert_string_equal(o.arguments[0], "--keep");
    assert_string_equal(o.arguments[1], "x");
    assert_null(o.arguments[2]);
    assert_true(o.keep && !o.add);
    const char *other[WORDS] = { "policy", "learn", "--base=./mine.json", "--phase=post", "--add", "--", "/post" };
    assert_int_equal(parse(&o, other, message, sizeof message), 0);
    assert_int_equal(o.base[0], '/');
    assert_string_equal(o.scripts[PHASE_POST], "/post");
    assert_string_equal(o.scripts[PHASE_PRE], "");
    assert_int_equal(o.phase, PHASE_POST);
    assert_true(o.add && !o.keep);
}

static void values(void **state)
{
    (void)state;
    static struct options o;
    char message[256];
    const char *words[WORDS] = { "run", "--freeze-timeout=7", "--allow-crash-consistent=always", "--config=/x/../y", "--", "cp", "--json" };
    assert_int_equal(parse(&o, words, message, sizeof message), 0);
    assert_int_equal(o.freeze_timeout_seconds, 7);
    assert_int_equal(o.allow_crash, CRASH_ALWAYS);
    assert_string_equal(o.plugin_config, "/x/../y"); /* the walk is to see every component */
    assert_false(o.json);
    assert_string_equal(o.snapshot[0], "cp");
    assert_string_equal(o.snapshot[1], "--json");
    assert_null(o.snapshot[2]);
    const char *help[WORDS] = { "journal", "show", "--help" };
    assert_int_equal(parse(&o, help, message, sizeof message), 0);
    assert_int_equal(o.topic, COMMAND_JOURNAL_SHOW);
}

static void relative_paths(void **state)
{
    (void)state;
    static struct options o;
    char message[256], cwd[4096], expected[5000];
    assert_non_null(getcwd(cwd, sizeof cwd));
    const char *words[WORDS] = { "check", "--host-config", "a/./b", "--mount", "m///", "--exclude=/" };
    assert_int_equal(parse(&o, words, message, sizeof message), 0);
    snprintf(expected, sizeof expected, "%s/a/./b", cwd);
    assert_string_equal(o.host_config, expected);
    snprintf(expected, sizeof expected, "%s/m", cwd);
    assert_string_equal(o.mounts.text, expected);
    assert_int_equal(o.mounts.count, 1);
    assert_int_equal(o.mounts.length, strlen(expected) + 1);
    assert_string_equal(o.exclude.text, "/");
}

static void too_many_mounts(void **state)
{
    (void)state;
    static struct options o;
    static char *argv[2 + PLAN_SKIP_MAX + 1];
    char message[256];
    argv[0] = (char *)(uintptr_t)"quiesce";
    argv[1] = (char *)(uintptr_t)"check";
    for (int i = 0; i < PLAN_SKIP_MAX + 1; i++) {
        argv[2 + i] = (char *)(uintptr_t)"--mount=/m";
    }
    assert_int_equal(options_parse(&o, 2 + PLAN_SKIP_MAX, argv, message, sizeof message), 0);
    assert_int_equal(o.mounts.count, PLAN_SKIP_MAX);
    assert_int_equal(options_parse(&o, 2 + PLAN_SKIP_MAX + 1, argv, message, sizeof message), -1);
    static char longest[PLAN_PATH_MAX + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[0] = '/';
    const char *words[WORDS] = { "check", "--config", longest };
    assert_int_equal(parse(&o, words, message, sizeof message), -1);
    longest[PLAN_PATH_MAX - 1] = '\0';
    assert_int_equal(parse(&o, words, message, sizeof message), 0);
}

/* Help names every option that is taken, and usage fits on two lines. */
static void help_and_usage(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMMANDS; i++) {
        char *text = NULL;
        size_t size = 0, lines = 0;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        options_usage(out, (enum command)i);
        fflush(out);
        for (size_t k = 0; k < size; k++) {
            lines += text[k] == '\n' ? 1 : 0;
        }
        assert_int_equal(lines, 2);
        options_help(out, (enum command)i, NULL);
        fclose(out);
        assert_non_null(strstr(text, "usage: quiesce"));
        assert_null(strstr(text, "(null)"));
        free(text);
    }
}

/* The first of two words is explained by all that can follow it, and by nothing else. */
static void help_on_a_group(void **state)
{
    (void)state;
    static const char *const lines[][WORDS] = { { "help", "policy" }, { "policy", "--help" } };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct options o;
        char message[256], *text = NULL;
        size_t size = 0;
        assert_int_equal(parse(&o, lines[i], message, sizeof message), 0);
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        options_help(out, o.topic, o.group);
        fclose(out);
        assert_non_null(strstr(text, "  policy lint "));
        assert_null(strstr(text, "journal"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken),          cmocka_unit_test(refused),         cmocka_unit_test(values), cmocka_unit_test(learning),
        cmocka_unit_test(relative_paths), cmocka_unit_test(too_many_mounts), cmocka_unit_test(help_and_usage),
        cmocka_unit_test(help_on_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
