/*
 * A learned policy's text: what of the base stays, how calls are written, and that what
 * comes out says what was learned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/bpf.h"
#include "base/native.h"
#include "parser/policy.h"
#include "policy/learn_text.h"

const char program_name[] = "test";

static struct learn_text text;
static struct learned learned;
static struct policy_plan plan;

/* Documents are written with ' for ". */
static char *quoted(const char *with)
{
    char *copy = strdup(with);
    assert_non_null(copy);
    for (char *p = copy; *p != '\0'; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    return copy;
}

static void make(const char *base, bool add)
{
    char *copy = quoted(base);
    const struct file_bytes bytes = { copy, strlen(copy) };
    const struct learn_source source = { "/etc/p/strict.json", "/etc/pre", &bytes, &learned, add };
    memset(&text, 0, sizeof text);
    learn_text(&text, &source);
    free(copy);
    assert_in_range(text.length, 1, sizeof text.bytes - 1);
    text.bytes[text.length] = '\0';
}

static void has(const char *with)
{
    char *piece = quoted(with);
    if (strstr(text.bytes, piece) == NULL) {
        fail_msg("no %s in:\n%s", piece, text.bytes);
    }
    free(piece);
}

static void has_not(const char *with)
{
    char *piece = quoted(with);
    if (strstr(text.bytes, piece) != NULL) {
        fail_msg("%s in:\n%s", piece, text.bytes);
    }
    free(piece);
}

static uint32_t ask(int number, uint64_t first, uint64_t second)
{
    const struct seccomp_data data = { .nr = number, .arch = NATIVE_ARCH, .args = { first, second } };
    (void)policy_compile(&plan, text.bytes, text.length, POLICY_FOR_HOOK);
    if (plan.head.usable != 1) {
        fail_msg("%s: %s in:\n%s", plan.head.findings[0].key, plan.head.findings[0].message, text.bytes);
    }
    return bpf_run(plan.filter, plan.filter_length, &data);
}

static void learn(const struct learned_call *calls, uint32_t count)
{
    memset(&learned, 0, sizeof learned);
    memcpy(learned.calls, calls, count * sizeof *calls);
    learned.count = count;
}

#define BASE                                                                                                          \
    "{\n  'comment': 'mine',\n  'process': { 'noNewPrivileges': true },\n  'linux': {\n    'seccomp': {\n"            \
    "      'defaultAction': 'SCMP_ACT_ERRNO',\n      'syscalls': [\n"                                                 \
    "        { 'names': ['read', 'poll', 'write'], 'action': 'SCMP_ACT_ALLOW' },\n"                                   \
    "        { 'comment': 'not here', 'names': ['mount'],   'action': 'SCMP_ACT_ERRNO', 'errnoRet': 18446 }\n"        \
    "      ]\n    }\n  }\n}\n"

static void entries(void **state)
{
    (void)state;
    const struct learned_call calls[] = {
        { .number = SYS_write, .answer = LEARN_ALLOWED, .count = 412, .names_count = 2, .names = { "sh", "psql" } },
        { .number = SYS_mount, .answer = 13, .count = 1 },
        { .number = SYS_ptrace, .answer = LEARN_KILLED, .count = 1 },
        { .number = SYS_ioctl, .answer = LEARN_MISSING, .count = 1, .masks = { 0, UINT32_MAX }, .args = { 0, 0x5413 } },
        { .number = SYS_ioctl, .answer = LEARN_MISSING, .count = 2, .masks = { 0, UINT32_MAX }, .args = { 0, 0x5401 } },
        { .number = SYS_clone, .answer = LEARN_LOGGED, .count = 2, .masks = { 0x7e020000 } },
        { .number = SYS_unshare, .answer = LEARN_MISSING, .count = 2, .masks = { UINT64_MAX }, .args = { 0x20000 } },
        { .number = SYS_getpid, .answer = LEARN_MISSING, .count = 3, .names_count = 1, .more_names = 1, .names = { "a\n\033b" } },
        { .number = 9999, .answer = LEARN_MISSING, .count = 3 },
    };
    learn(calls, sizeof calls / sizeof *calls);
    char *fixed = strdup(BASE);
    memcpy(strstr(fixed, "18446"), "13   ", 5);
    make(fixed, false);
    /* The base as it stands, but for its comment and its calls. */
    has("'process': { 'noNewPrivileges': true },\n  'linux': {\n    'seccomp': {\n      'defaultAction': 'SCMP_ACT_ERRNO',\n");
    has("{ 'comment': 'not here', 'names': ['mount'],   'action': 'SCMP_ACT_ERRNO', 'errnoRet': 13    }");
    has("'comment': 'Learned from strict.json: its denials, and of calls what /etc/pre called; counts are those of one run'");
    has_not("'mine'");
    has_not("['read'");
    has_not("ptrace");
    /* One entry for each kind, sorted, with a comment. */
    has("'comment': '412 times, by psql, sh',\n              'names': [ 'write' ],\n              'action': 'SCMP_ACT_ALLOW'\n          }");
    has("'comment': '3 times, by a??b, and others'");
    has("'comment': 'no new namespace: 2 times'");
    has("'action': 'SCMP_ACT_LOG',\n              'args': [ { 'index': 0, 'value': 2114060288, 'valueTwo': 0, 'op': 'SCMP_CMP_MASKED_EQ' } ]");
    has("'comment': 'TCGETS: 2 times'");
    has("'args': [ { 'index': 1, 'value': 21505, 'op': 'SCMP_CMP_EQ' } ]");
    has("'comment': 'TIOCGWINSZ: once'");
    has("'comment': 'CLONE_NEWNS: 2 times'");
    assert_true(strstr(text.bytes, "TCGETS") < strstr(text.bytes, "TIOCGWINSZ"));
    assert_true(strstr(text.bytes, "\"exit_group\"") < strstr(text.bytes, "\"getpid\""));
    assert_true(strstr(text.bytes, "\"unshare\"") < strstr(text.bytes, "\"write\""));
    /* To wait the base allows; to come back from a signal it does not. */
    has("'names': [ 'poll' ]");
    has_not("futex");
    has_not("rt_sigreturn");
    assert_int_equal(text.unnamed, 1);
    assert_int_equal(ask(SYS_write, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_read, 0, 0), SECCOMP_RET_ERRNO | 1);
    assert_int_equal(ask(SYS_mount, 0, 0), SECCOMP_RET_ERRNO | 13);
    assert_int_equal(ask(SYS_ioctl, 3, 0x5401), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_ioctl, 3, 0x5412), SECCOMP_RET_ERRNO | 1);
    assert_int_equal(ask(SYS_clone, 0x11, 0), SECCOMP_RET_LOG);
    assert_int_equal(ask(SYS_clone, 0x10000011, 0), SECCOMP_RET_ERRNO | 1);
    assert_int_equal(ask(SYS_unshare, 0x20000, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_unshare, 0x10020000, 0), SECCOMP_RET_ERRNO | 1);
    assert_int_equal(ask(SYS_execve, 0, 0), SECCOMP_RET_ALLOW);
    make(fixed, true);
    has("'Learned from strict.json: all of it, and what /etc/pre called; counts are those of one run'");
    has("{ 'names': ['read', 'poll', 'write'], 'action': 'SCMP_ACT_ALLOW' }");
    has_not("412 times");
    assert_int_equal(ask(SYS_read, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_getpid, 0, 0), SECCOMP_RET_ALLOW);
    free(fixed);
}

/* Where a base keeps things elsewhere, or not at all. */
static void shapes(void **state)
{
    static const char *const bases[] = {
        "{'defaultAction':'SCMP_ACT_ERRNO'}",
        "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[],'comment':'behind'}",
        "  {'linux':{'seccomp':{'syscalls':[],'defaultAction':'SCMP_ACT_KILL'}},'comment':{'any':'thing'}}",
        "{'comment':'','defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['mount'],'action':'SCMP_ACT_KILL_PROCESS'}]}",
    };
    (void)state;
    const struct learned_call call = { .number = SYS_read, .answer = LEARN_MISSING, .count = 1 };
    learn(&call, 1);
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        make(bases[i], i % 2 == 1);
        has("'Learned from ");
        has_not("behind");
        assert_int_equal(ask(SYS_read, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_not_equal(ask(SYS_write, 0, 0), SECCOMP_RET_ALLOW);
    }
}

/* Names of processes are any bytes, and stand in a string of JSON. */
static void names(void **state)
{
    (void)state;
    const struct learned_call call = {
        .number = SYS_read, .answer = LEARN_MISSING, .count = 1, .names_count = 3,
        .names = { "a\"b\\", "\033[2J\n", "\xff\xfe" },
    };
    learn(&call, 1);
    make("{'defaultAction':'SCMP_ACT_ERRNO'}", false);
    has("once, by ");
    assert_null(strchr(text.bytes, '\033'));
    assert_non_null(strstr(text.bytes, "a\\\"b\\\\"));
    has("?[2J?"); /* of the report it would be a line of its own */
    assert_int_equal(ask(SYS_read, 0, 0), SECCOMP_RET_ALLOW);
}

static void too_large(void **state)
{
    (void)state;
    memset(&learned, 0, sizeof learned);
    for (uint32_t i = 0; i < LEARNED_CALLS_MAX; i++) {
        learned.calls[i] = (struct learned_call){
            .number = SYS_ioctl, .answer = LEARN_MISSING, .count = 1, .masks = { 0, UINT32_MAX }, .args = { 0, i } };
    }
    learned.count = LEARNED_CALLS_MAX;
    char base[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}";
    const struct file_bytes bytes = { base, strlen(base) };
    const struct learn_source source = { "b", "s", &bytes, &learned, false };
    memset(&text, 0, sizeof text);
    learn_text(&text, &source);
    assert_int_equal(text.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries), cmocka_unit_test(shapes), cmocka_unit_test(names), cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests_name("policy/learn_text", tests, NULL, NULL);
}
