/*
 * Differences of system calls: random pairs of policies against the interpreter.
 * What differs is said, on the right side, with an example that holds; what does not
 * differ is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bpf.h"
#include "base/native.h"
#include "base/syscall_names.h"
#include "parser/policy.h"
#include "policy/diff.h"

const char program_name[] = "diff";

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

static struct policy_plan plans[2];

static bool compile(struct policy_plan *plan, const char *entries)
{
    char text[4096];
    snprintf(text, sizeof text, "{'linux':{'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[%s]}}}", entries);
    for (char *p = text; *p != '\0'; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    policy_compile(plan, text, strlen(text), POLICY_FOR_HOOK);
    return plan->head.usable == 1;
}

/* A few entries for lseek, which has arguments without names. */
static void random_entries(char *text, size_t capacity)
{
    static const char *const actions[] = { "ALLOW", "ALLOW", "ALLOW", "LOG", "KILL_PROCESS", "TRAP" };
    /* Of the second argument those that are few prefixes: products of the others are
     * more cases than are looked at. */
    static const char *const operators[] = { "EQ", "LT", "LE", "NE", "GE", "GT" };
    size_t used = 0;
    unsigned count = 1 + below(4);
    for (unsigned i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, capacity - used, "%s{'names':['lseek'],'action':'SCMP_ACT_%s','args':[", i > 0 ? "," : "",
                                 actions[below(6)]);
        unsigned args = below(3);
        for (unsigned a = 0; a < args; a++) {
            used += (size_t)snprintf(text + used, capacity - used, "%s{'index':%u,'value':%u,'op':'SCMP_CMP_%s'}", a > 0 ? "," : "",
                                     a, 1 + below(6), operators[below(a == 0 ? 6 : 3)]);
        }
        used += (size_t)snprintf(text + used, capacity - used, "]}");
    }
}

static uint32_t ask(const struct policy_plan *plan, const uint64_t args[6])
{
    struct seccomp_data data = { .nr = syscall_number("lseek"), .arch = NATIVE_ARCH };
    memcpy(data.args, args, sizeof data.args);
    return bpf_run(plan->filter, plan->filter_length, &data);
}

static const struct difference *find(const struct differences *d, enum side side)
{
    for (unsigned i = 0; i < d->count; i++) {
        if (d->list[i].side == side && (strcmp(d->list[i].key, "lseek") == 0 || strstr(d->list[i].text, "lseek") != NULL)) {
            return &d->list[i];
        }
    }
    return NULL;
}

/* The numbers of "for example lseek(1, 0x20)", if there is one. */
static bool read_example(const char *text, uint64_t args[6])
{
    static const char before[] = "for example lseek(";
    const char *p = strstr(text, before);
    memset(args, 0, 6 * sizeof *args);
    if (p == NULL) {
        return false;
    }
    p += sizeof before - 1;
    for (unsigned i = 0; i < 6 && *p != ')'; i++) {
        char *end;
        args[i] = strtoull(p, &end, 0);
        assert_true(end > p);
        p = end + strspn(end, ", ");
    }
    return true;
}

static void check_side(const struct differences *d, enum side side)
{
    const struct difference *found = find(d, side);
    uint64_t args[6];
    if (found != NULL && read_example(found->text, args)) {
        uint32_t first = ask(&plans[0], args), second = ask(&plans[1], args);
        assert_int_not_equal(first, second);
        assert_int_equal(action_grants(first), side == ONLY_FIRST || (side == NEITHER && action_grants(second)));
        assert_int_equal(action_grants(second), side == ONLY_SECOND || (side == NEITHER && action_grants(first)));
    }
}

/* All of them are compared where nothing slows it down. */
#ifdef __SANITIZE_ADDRESS__
enum { ROUNDS = 60 };
#else
enum { ROUNDS = 300 };
#endif

static void random_pairs(void **unused)
{
    (void)unused;
    unsigned differ = 0, equal = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char entries[2][2048];
        random_entries(entries[0], sizeof entries[0]);
        random_entries(entries[1], sizeof entries[1]);
        if (round % 8 == 0) {
            memcpy(entries[1], entries[0], sizeof entries[0]);
        }
        if (!compile(&plans[0], entries[0]) || !compile(&plans[1], entries[1])) {
            continue;
        }
        struct differences d = { 0 };
        uint32_t failed;
        enum paths_error error = differences_of_calls(&d, &plans[0], &plans[1], &failed);
        if (error == PATHS_MANY) {
            differences_free(&d);
            continue;
        }
        assert_int_equal(error, PATHS_OK);
        assert_false(d.failed);
        for (enum side side = ONLY_FIRST; side < SIDES; side++) {
            check_side(&d, side);
        }
        for (unsigned i = 0; i < 400; i++) {
            uint64_t args[6] = { below(8), below(8) };
            args[0] |= below(4) == 0 ? (uint64_t)below(8) << 32 : 0;
            uint32_t first = ask(&plans[0], args), second = ask(&plans[1], args);
            enum side side = action_grants(first) == action_grants(second) ? NEITHER : action_grants(first) ? ONLY_FIRST : ONLY_SECOND;
            if (first != second) {
                /* Of calls that also differ in what they grant, other differences are not said. */
                assert_true(find(&d, side) != NULL || (side == NEITHER && d.count > 0));
            }
        }
        differ += d.count > 0;
        equal += d.count == 0;
        differences_free(&d);
    }
    assert_true(differ > ROUNDS / 3);
    assert_true(equal > ROUNDS / 15);
}

/* An answer that no policy gives to another number or ABI today would be said as well. */
static void other_classes(void **unused)
{
    (void)unused;
    struct differences d = { 0 };
    uint32_t failed;
    assert_true(compile(&plans[0], "{'names':['read'],'action':'SCMP_ACT_ALLOW'}"));
    plans[1] = plans[0];
    plans[1].filter[0] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
    plans[1].filter_length = 1;
    assert_int_equal(differences_of_calls(&d, &plans[0], &plans[1], &failed), PATHS_OK);
    unsigned abis = 0, higher = 0;
    for (unsigned i = 0; i < d.count; i++) {
        assert_int_equal(d.list[i].side, ONLY_SECOND);
        abis += strstr(d.list[i].text, "architecture: for example") != NULL;
        higher += strstr(d.list[i].text, "all higher numbers: for example number ") != NULL;
    }
    assert_int_equal(abis, 1);
    assert_int_equal(higher, 1);
    differences_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_pairs), cmocka_unit_test(other_classes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
