/*
 * Every system call, by number and in the other ABIs, from within a confined role.
 *
 * The policy of the role is an argument, a line for each rule as policy_rules of
 * hijack.bash writes it:
 *
 *     NAME [INDEX OPERATION VALUE VALUE_TWO]...
 *
 * Each number is tried with arguments that the kernel refuses, and each rule with
 * arguments that just meet it and with those that just miss it in one place.  What
 * the kernel looks at must be what the rules allow, exactly: all else is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/syscall_names.h"
#include "hijack.h"

enum { NUMBERS = 512, RULES_MAX = 256, TESTS_MAX = 6, MISMATCHES_SHOWN = 20, CALL_MS = 500, BUSY_MS = 20000 };

struct test {
    unsigned index;
    bool masked; /* (argument & value) == value_two; else argument == value */
    uint64_t value, value_two;
};
static struct rule {
    int number;
    unsigned count;
    struct test tests[TESTS_MAX];
} rules[RULES_MAX];
static unsigned rules_count;

/* ---- the policy ---------------------------------------------------------------------- */

static bool read_rule(char *line)
{
    struct rule *r = &rules[rules_count];
    char *rest = line, *word = strsep(&rest, " \n");
    r->number = syscall_number(word);
    r->count = 0;
    while (rest != NULL && *rest >= '0' && *rest <= '9') {
        struct test *t = &r->tests[r->count];
        char operation[32];
        int used = 0;
        if (r->count == TESTS_MAX ||
            sscanf(rest, "%u %31s %lu %lu %n", &t->index, operation, &t->value, &t->value_two, &used) != 4) {
            return false;
        }
        t->masked = strcmp(operation, "SCMP_CMP_MASKED_EQ") == 0;
        if (!t->masked && strcmp(operation, "SCMP_CMP_EQ") != 0) {
            return false;
        }
        r->count++;
        rest += used;
    }
    rules_count += r->number >= 0; /* a call of another architecture has no number here */
    return true;
}

static void read_policy(void)
{
    char line[1024];
    FILE *in = fopen(HIJACK_DIRECTORY "/rules", "re");
    while (in != NULL && rules_count < RULES_MAX && fgets(line, sizeof line, in) != NULL) {
        if (!read_rule(line)) {
            hijack_say("cannot read the rule: %s", line);
        }
    }
    if (in != NULL) {
        (void)fclose(in);
    }
}

static bool holds(const struct test *t, const uint64_t args[6])
{
    return t->masked ? (args[t->index] & t->value) == t->value_two : args[t->index] == t->value;
}

static bool allowed(int number, const uint64_t args[6])
{
    for (unsigned i = 0; i < rules_count; i++) {
        const struct rule *r = &rules[i];
        bool all = r->number == number;
        for (unsigned k = 0; all && k < r->count; k++) {
            all = holds(&r->tests[k], args);
        }
        if (all) {
            return true;
        }
    }
    return false;
}

/* ---- one call --------------------------------------------------------------------------- */

enum abi { NATIVE, X32, I386, ABIS };

struct call {
    enum abi abi;
    int number;
    uint64_t args[6];
};

static long call_i386(int number)
{
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"((long)number), "b"(-1L), "c"(-1L), "d"(-1L) : "memory");
    return result;
#else
    (void)number;
    return -ENOSYS;
#endif
}

/* 0: the kernel has seen it.  Not through the C library, which may do things of its own. */
static int make(const void *what)
{
    const struct call *c = what;
    const uint64_t *a = c->args;
    if (c->abi == I386) {
        (void)call_i386(c->number);
        return 0;
    }
    long pid = getpid(), number = c->abi == X32 ? c->number | 0x40000000 : c->number;
    (void)syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (syscall(SYS_getpid) != pid) { /* it was a fork: this is one process too many */
        (void)syscall(SYS_exit_group, 0);
    }
    return 0;
}

/* The same for a role that may not ask for its pid: forks are killed there, or of the C library's kind. */
static int make_plainly(const void *what)
{
    const struct call *c = what;
    const uint64_t *a = c->args;
    if (c->abi == I386) {
        (void)call_i386(c->number);
    } else {
        (void)syscall(c->abi == X32 ? c->number | 0x40000000 : c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    return 0;
}

/* uretprobe(2) and uprobe(2) of x86-64: the kernel's own trampolines make them, so it
 * asks no filter (kernel/seccomp.c, since 6.14 and 6.18) and kills who else does. */
static bool never_filtered(const struct call *c)
{
#ifdef __x86_64__
    return c->abi == NATIVE && (c->number == 335 || c->number == 336);
#else
    return false;
#endif
}

static unsigned made, killed, through, too_much, too_little;

static void look(const struct call *c, bool expected)
{
    static const char *const abis[ABIS] = { "", "x32 ", "i386 " };
    int status = 0;
    bool unfiltered = weakened("role-seccomp") || weakened("drop");
    if (unfiltered && c->abi == NATIVE && c->number == SYS_sync) {
        return; /* it would wait for every file system of the machine, also for what a test beside this has frozen */
    }
    int result = hijack_try(unfiltered ? make : make_plainly, c, CALL_MS, &status);
    if (result == ETIME && !expected && !unfiltered) { /* or a busy machine has not let it make the call */
        result = hijack_try(make_plainly, c, BUSY_MS, &status);
    }
    bool was_killed = result == -SIGSYS;
    made++;
    killed += was_killed;
    through += !was_killed;
    if (was_killed == !expected || never_filtered(c)) {
        return;
    }
    too_much += !was_killed;
    too_little += was_killed;
    if (too_much + too_little <= MISMATCHES_SHOWN && !unfiltered) {
        const char *name = syscall_name((uint32_t)c->number);
        hijack_say("mismatch %s%s(%d) %#lx %#lx %#lx %#lx is %s", abis[c->abi], name != NULL ? name : "?", c->number,
                   c->args[0], c->args[1], c->args[2], c->args[3], hijack_word(result));
    }
}

static void set_all(struct call *c, uint64_t value)
{
    for (unsigned i = 0; i < 6; i++) {
        c->args[i] = value;
    }
}

/* Arguments that meet a rule, in every bit that it leaves open as bad as can be; then
 * missed in one bit of one place after another. */
static void look_at_rule(const struct rule *r)
{
    struct call c = { .number = r->number };
    set_all(&c, UINT64_MAX);
    for (unsigned i = 0; i < r->count; i++) {
        const struct test *t = &r->tests[i];
        c.args[t->index] = t->masked ? t->value_two | ~t->value : t->value;
    }
    look(&c, allowed(c.number, c.args));
    for (unsigned i = 0; i < r->count; i++) {
        struct call missed = c;
        const struct test *t = &r->tests[i];
        missed.args[t->index] ^= t->masked ? t->value & ~(t->value - 1) : 1;
        look(&missed, allowed(missed.number, missed.args));
    }
}

static void all_calls(void)
{
    const unsigned foreign = (unsigned)hijack_number("foreign", NUMBERS);
    read_policy();
    for (int number = 0; number < NUMBERS; number++) {
        struct call c = { .number = number };
        set_all(&c, UINT64_MAX);
        look(&c, allowed(number, c.args));
    }
    for (unsigned i = 0; i < rules_count; i++) {
        if (rules[i].count > 0) {
            look_at_rule(&rules[i]);
        }
    }
    unsigned native = too_much;
    hijack_say("%s-calls %s %u calls, %u rules: %u got through, %u were killed", weakened_program(),
               native > 0 ? "succeeded" : "contained", made, rules_count, through, killed);
    too_much = 0;
#ifdef __x86_64__
    for (enum abi abi = X32; abi <= I386; abi++) {
        for (unsigned number = 0; number < foreign; number++) {
            const struct call c = { .abi = abi, .number = foreign < NUMBERS ? 39 - 19 * (abi == I386) : (int)number };
            look(&c, false);
        }
    }
    hijack_say("%s-foreign-calls %s", weakened_program(), too_much > 0 ? "succeeded" : "contained");
#endif
    if (too_little > 0 || rules_count == 0) {
        hijack_say("%s-rules unclear %u calls that the policy allows were killed", weakened_program(), too_little);
    }
    _exit(0);
}

HIJACK(calls, "calls", all_calls, NULL);
