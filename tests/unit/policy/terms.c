/*
 * Terms mean exactly what the paths mean, and read well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/native.h"
#include "base/syscall_names.h"
#include "parser/policy.h"
#include "policy/calls.h"

const char program_name[] = "terms";

static uint64_t state = 88172645463325252u;
static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}
static uint32_t below(uint32_t n)
{
    return next() % n;
}

static struct policy_plan plan;

/* Documents are written with ' for ". */
static bool compile(const char *entries)
{
    static char text[8192];
    snprintf(text, sizeof text, "{'linux':{'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[%s]}}}", entries);
    for (char *p = text; *p != '\0'; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    policy_compile(&plan, text, strlen(text), POLICY_FOR_ROLE);
    return plan.head.usable == 1;
}

static void load(const char *path)
{
    static char source[DOC_POLICY_BYTES_MAX];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t n = fread(source, 1, sizeof source, file);
    fclose(file);
    policy_compile(&plan, source, n, POLICY_FOR_EITHER);
    assert_int_equal(plan.head.usable, 1);
}

/* ---- meaning ------------------------------------------------------------------------ */

static bool set_holds(const struct word_set *s, uint32_t word)
{
    if (s->kind == SET_LIST) {
        for (uint32_t i = 0; i < s->count; i++) {
            if (s->others[i].value == word) {
                return true;
            }
        }
        return false;
    }
    bool holds = s->kind == SET_BITS ? (word & s->mask) == s->value : word >= s->low && word <= s->high;
    for (uint32_t i = 0; i < s->count; i++) {
        holds = holds && (word & s->others[i].mask) != s->others[i].value;
    }
    return holds;
}

/* The terms that hold: exactly one, with the action of the path. */
static void same_meaning(const struct call *call, const uint32_t words[CALL_WORDS])
{
    const struct path *path = paths_find(&call->paths, words);
    unsigned holding = 0;
    assert_non_null(path);
    for (uint32_t i = 0; i < call->terms.count; i++) {
        bool holds = true;
        for (unsigned w = 0; w < WORD_NR; w++) {
            holds = holds && set_holds(&call->terms.list[i].words[w], words[w]);
        }
        if (holds) {
            holding++;
            assert_int_equal(call->terms.list[i].action, path->action);
        }
    }
    assert_int_equal(holding, 1);
}

/* A word near one that a path speaks of. */
static uint32_t interesting(const struct paths *paths)
{
    if (paths->conditions_count == 0 || below(4) == 0) {
        return below(2) == 0 ? below(50) : next();
    }
    const struct condition *c = &paths->conditions[below(paths->conditions_count)];
    uint32_t value = c->value | (below(2) == 0 ? next() & ~c->mask : 0);
    return value + below(3) - 1;
}

static void check_calls(void)
{
    for (uint32_t number = 0; number < 480; number++) {
        struct call call;
        assert_int_equal(call_begin(&call, plan.filter, plan.filter_length, number), PATHS_OK);
        for (unsigned i = 0; i < 20 + 4 * call.paths.count && i < 2000; i++) {
            uint32_t words[CALL_WORDS];
            for (unsigned w = 0; w < CALL_WORDS; w++) {
                words[w] = interesting(&call.paths);
            }
            same_meaning(&call, words);
        }
        call_end(&call);
    }
}

static void meaning(void **unused)
{
    (void)unused;
    static const char *const documents[] = { "policy/hooks/default.json", "policy/hooks/strict.json", "policy/roles/launcher.json",
                                             "policy/roles/monitor.json", "policy/roles/parser.json" };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        load(documents[i]);
        check_calls();
    }
}

/* Every operator, at both ends of what a word can be, on an int and on a long. */
static void meaning_of_operators(void **unused)
{
    (void)unused;
    static const char *const operators[] = { "NE", "LT", "LE", "EQ", "GE", "GT" };
    unsigned compiled = 0;
    static const char *const values[] = { "0", "1", "6", "4294967294", "4294967295", "4294967296", "60000000000" };
    for (size_t o = 0; o < sizeof operators / sizeof *operators; o++) {
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            char text[1024];
            snprintf(text, sizeof text,
                     "{'names':['lseek'],'action':'SCMP_ACT_ALLOW','args':[{'index':1,'value':%s,'op':'SCMP_CMP_%s'},"
                     "{'index':2,'value':3,'op':'SCMP_CMP_NE'}]},"
                     "{'names':['socket'],'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':%s,'op':'SCMP_CMP_%s'}]}",
                     values[v], operators[o], v < 5 ? values[v] : "9", operators[o]);
            if (compile(text)) { /* not so where nothing is greater or less */
                check_calls();
                compiled++;
            }
        }
    }
    assert_true(compiled >= 36);
}

/* ---- words -------------------------------------------------------------------------- */

#define ARG(index, op, value) "{'index':" #index ",'value':" #value ",'op':'SCMP_CMP_" #op "'}"
#define MASKED(index, mask, value) "{'index':" #index ",'value':" #mask ",'valueTwo':" #value ",'op':'SCMP_CMP_MASKED_EQ'}"
#define ALLOW(call, args) "{'names':['" call "'],'action':'SCMP_ACT_ALLOW','args':[" args "]}"

static const struct {
    const char *entries, *call, *sentence;
} sentences[] = {
    { ALLOW("read", ""), "read", "allowed" },
    { ALLOW("read", ""), "write", "refused with EPERM" },
    { ALLOW("socket", ARG(0, EQ, 1)), "socket", "allowed if domain = AF_UNIX; else refused with EPERM" },
    { ALLOW("socket", ARG(0, EQ, 1)) "," ALLOW("socket", ARG(0, EQ, 2)) "," ALLOW("socket", ARG(0, EQ, 10)), "socket",
      "allowed if domain = AF_UNIX, AF_INET or AF_INET6; else refused with EPERM" },
    { ALLOW("socket", ARG(0, NE, 16)), "socket", "refused with EPERM if domain = AF_NETLINK; else allowed" },
    { ALLOW("socket", ARG(0, EQ, 16) "," ARG(2, EQ, 0)), "socket",
      "allowed if domain = AF_NETLINK and protocol = 0; else refused with EPERM" },
    { ALLOW("clone", MASKED(0, 268435456, 0)), "clone", "allowed if flags has no CLONE_NEWUSER; else refused with EPERM" },
    { ALLOW("clone", MASKED(0, 268566528, 0)), "clone",
      "allowed if flags has none of CLONE_NEWNS, CLONE_NEWUSER; else refused with EPERM" },
    { ALLOW("clone", MASKED(0, 268566528, 268566528)), "clone",
      "allowed if flags has all of CLONE_NEWNS, CLONE_NEWUSER; else refused with EPERM" },
    { ALLOW("clone", MASKED(0, 268566528, 131072)), "clone", "allowed if flags & 0x10020000 = 0x20000; else refused with EPERM" },
    { ALLOW("ioctl", ARG(1, EQ, 21522)), "ioctl", "allowed if request = TIOCSTI; else refused with EPERM" },
    { ALLOW("fcntl", ARG(1, LT, 3)), "fcntl", "allowed if cmd = F_DUPFD, F_GETFD or F_SETFD; else refused with EPERM" },
    { ALLOW("kill", ARG(0, EQ, 1)) "," ALLOW("kill", ARG(0, EQ, 3)) "," ALLOW("kill", ARG(0, EQ, 4)) "," ALLOW("kill", ARG(0, EQ, 5))
      "," ALLOW("kill", ARG(0, EQ, 6)) "," ALLOW("kill", ARG(0, EQ, 7)), "kill",
      "allowed if pid = 1, 3, 4, 5, 6 or 7; else refused with EPERM" },
    { ALLOW("ioctl", ARG(0, LE, 999)), "ioctl", "allowed if fd <= 999; else refused with EPERM" },
    { ALLOW("ioctl", ARG(0, GT, 999)), "ioctl", "allowed if fd >= 1000; else refused with EPERM" },
    { ALLOW("lseek", ARG(1, EQ, 6)), "lseek", "allowed if arg1 = 6; else refused with EPERM" },
    { ALLOW("lseek", ARG(1, EQ, 25769803781)), "lseek", "allowed if arg1 = 0x600000005; else refused with EPERM" },
    { ALLOW("lseek", ARG(1, LT, 25769803776)), "lseek", "allowed if high half of arg1 <= 5; else refused with EPERM" },
    { ALLOW("lseek", MASKED(1, 7, 5)), "lseek", "allowed if arg1 & 0x7 = 0x5; else refused with EPERM" },
    { "{'names':['kill'],'action':'SCMP_ACT_KILL_PROCESS','args':[" ARG(1, EQ, 9) "]}," ALLOW("kill", ""), "kill",
      "killed if sig = SIGKILL; else allowed" },
    { "{'names':['kill'],'action':'SCMP_ACT_LOG','args':[" ARG(1, EQ, 9) "]}," ALLOW("kill", ARG(1, EQ, 15)), "kill",
      "allowed if sig = SIGTERM; allowed and logged if sig = SIGKILL; else refused with EPERM" },
};

static void words(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        struct call call;
        char *text = NULL;
        size_t length = 0;
        assert_true(compile(sentences[i].entries));
        assert_int_equal(call_begin(&call, plan.filter, plan.filter_length, (uint32_t)syscall_number(sentences[i].call)), PATHS_OK);
        FILE *out = open_memstream(&text, &length);
        assert_non_null(out);
        call_print(out, &call, false);
        fclose(out);
        assert_string_equal(text, sentences[i].sentence);
        free(text);
        call_end(&call);
    }
}

static void only_what_is_granted(void **unused)
{
    (void)unused;
    struct call call;
    char text[256] = "";
    assert_true(compile("{'names':['ioctl'],'action':'SCMP_ACT_KILL_PROCESS','args':[" ARG(1, EQ, 21522) "]}," ALLOW("ioctl", "")));
    assert_int_equal(call_begin(&call, plan.filter, plan.filter_length, (uint32_t)syscall_number("ioctl")), PATHS_OK);
    FILE *out = fmemopen(text, sizeof text, "w");
    call_print(out, &call, true);
    fclose(out);
    assert_string_equal(text, "allowed if request is not TIOCSTI");
    call_end(&call);
}

/* ---- all calls ------------------------------------------------------------------------ */

static void overview(void **unused)
{
    (void)unused;
    static struct calls calls;
    uint32_t failed;
    load("policy/hooks/default.json");
    assert_int_equal(calls_make(&calls, plan.filter, plan.filter_length, &failed), PATHS_OK);
    assert_int_equal(calls.newest, syscall_number("file_setattr"));
    assert_false(calls.above.depends);
    assert_int_equal(calls.above.action, SECCOMP_RET_ERRNO | 38);
    assert_true(calls.numbers[syscall_number("socket")].depends);
    assert_int_equal(calls.numbers[syscall_number("read")].action, SECCOMP_RET_ALLOW);
    assert_true(calls.abis_count >= 2);
    for (unsigned i = 0; i < calls.abis_count; i++) {
        assert_false(calls.abis[i].answer.depends);
        assert_int_equal(calls.abis[i].answer.action, SECCOMP_RET_KILL_PROCESS);
    }
    /* A filter that does not look at the architecture at all. */
    const struct sock_filter all[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
    assert_int_equal(calls_make(&calls, all, 1, &failed), PATHS_OK);
    assert_int_equal(calls.newest, UINT32_MAX);
    assert_int_equal(calls.abis[0].answer.action, SECCOMP_RET_ALLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meaning), cmocka_unit_test(meaning_of_operators), cmocka_unit_test(words),
        cmocka_unit_test(only_what_is_granted), cmocka_unit_test(overview),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
