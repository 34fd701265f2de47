/*
 * Runs the tables beside the hook policies (policy/hooks/NAME.tests) in the
 * interpreter, on the program that is compiled from NAME.json.
 */
#include <errno.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bpf.h"
#include "base/syscall_names.h"
#include "parser/policy.h"

#ifdef __x86_64__
static const uint32_t native = AUDIT_ARCH_X86_64;
static const char *const foreign[] = {"x32", "i386"};
#else
static const uint32_t native = AUDIT_ARCH_AARCH64;
static const char *const foreign[] = {"arm"};
#endif
enum { FOREIGN = sizeof foreign / sizeof foreign[0] };

static char *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "re");
    char *bytes = malloc(DOC_POLICY_BYTES_MAX);

    assert_non_null(bytes);
    if (file == NULL)
        fail_msg("%s: %s (run from the top of the source tree)", path, strerror(errno));
    *n = fread(bytes, 1, DOC_POLICY_BYTES_MAX - 1, file);
    bytes[*n] = '\0';
    fclose(file);
    return bytes;
}

/* "x32" and so on into data->arch and the number's bits; 0: of another machine. */
static int set_abi(const char *abi, struct seccomp_data *data)
{
    data->arch = native;
    if (strcmp(abi, "native") == 0)
        return 1;
    for (unsigned i = 0; i < FOREIGN; i++) {
        if (strcmp(abi, foreign[i]) != 0)
            continue;
        if (strcmp(abi, "x32") == 0)
            data->nr |= 0x40000000;
        else
            data->arch = strcmp(abi, "i386") == 0 ? AUDIT_ARCH_I386 : AUDIT_ARCH_ARM;
        return 1;
    }
    return 0;
}

static uint32_t action_of(const char *text)
{
    static const struct {
        const char *name;
        uint32_t action;
    } names[] = {
        {"allow", SECCOMP_RET_ALLOW}, {"log", SECCOMP_RET_LOG}, {"trap", SECCOMP_RET_TRAP},
        {"kill", SECCOMP_RET_KILL_PROCESS}, {"errno EPERM", SECCOMP_RET_ERRNO | EPERM},
        {"errno EINVAL", SECCOMP_RET_ERRNO | EINVAL}, {"errno ENOSYS", SECCOMP_RET_ERRNO | ENOSYS},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, text) == 0)
            return names[i].action;
    fail_msg("no action: '%s'", text);
    return 0;
}

/* Runs one line; returns 1 if it was run, 0 if it is of another machine. */
static int run_line(const struct policy_plan *plan, const char *where, char *line)
{
    struct seccomp_data data = {0};
    char *arrow = strstr(line, " -> "), *rest = NULL, *word;
    char *abi = strtok_r(line, " ", &rest);
    uint32_t expected, got;

    if (arrow == NULL || abi == NULL)
        fail_msg("%s: not a test: '%s'", where, line);
    *arrow = '\0';
    expected = action_of(arrow + 4);
    word = strtok_r(NULL, " ", &rest);
    assert_non_null(word);
    data.nr = word[0] >= '0' && word[0] <= '9' ? (int)strtoul(word, NULL, 0) : syscall_number(word);
    if (data.nr == -1 || !set_abi(abi, &data))
        return 0;
    for (unsigned i = 0; (word = strtok_r(NULL, " ", &rest)) != NULL; i++) {
        assert_true(i < 6);
        data.args[i] = strtoull(word, NULL, 0);
    }
    got = bpf_run(plan->filter, plan->filter_length, &data);
    if (got != expected)
        fail_msg("%s: the filter says 0x%08x, not 0x%08x", where, got, expected);
    return 1;
}

static void run_table(const char *name, unsigned at_least)
{
    static struct policy_plan plan;
    char path[128], where[160];
    size_t n;
    char *source, *table, *rest = NULL;
    unsigned number = 0, run = 0;

    snprintf(path, sizeof path, "policy/hooks/%s.json", name);
    source = read_file(path, &n);
    policy_compile(&plan, source, n, POLICY_FOR_HOOK);
    for (uint32_t i = 0; i < plan.head.findings_count; i++)
        print_error("%s:%u: %s: %s\n", path, plan.head.findings[i].line, plan.head.findings[i].key,
                    plan.head.findings[i].message);
    assert_int_equal(plan.head.findings_count, 0);
    assert_int_equal(bpf_check(plan.filter, plan.filter_length), 0);

    snprintf(path, sizeof path, "policy/hooks/%s.tests", name);
    table = rest = read_file(path, &n);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        if (line[0] == '\0' || line[0] == '#')
            continue;
        snprintf(where, sizeof where, "%s:%u", path, number);
        run += (unsigned)run_line(&plan, where, line);
    }
    assert_true(run >= at_least);
    free(table);
    free(source);
}

static void default_policy(void **state)
{
    (void)state;
    run_table("default", 110);
}

static void strict_policy(void **state)
{
    (void)state;
    run_table("strict", 60);
}

static void database_policies(void **state)
{
    static const char *const names[] = {"postgresql", "mariadb", "redis", "mongodb"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        run_table(names[i], 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_policy),
        cmocka_unit_test(strict_policy),
        cmocka_unit_test(database_policies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
