#include "policy/learn_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bpf.h"
#include "base/native.h"
#include "base/plan_check.h"
#include "base/syscall_names.h"
#include "policy/confine.h"
#include "policy/learn_text.h"
#include "quiesce/outcome.h"

enum { WORDS_MAX = 512 };

static const char *name_of(const struct learned_call *call, char number[32])
{
    const char *name = syscall_name(call->number);
    snprintf(number, 32, "call %u", call->number);
    return name != NULL ? name : number;
}

/* ---- what is said ----------------------------------------------------------------------- */

static void say_call(const char *what, const struct learned_call *call)
{
    char number[32], arguments[WORDS_MAX], usage[WORDS_MAX];
    learn_arguments(arguments, sizeof arguments, call);
    learn_usage(usage, sizeof usage, call);
    const char *error = call->answer < LEARN_MISSING ? strerrorname_np((int)call->answer) : NULL;
    fprintf(stderr, "%s%s%s%s%s: %s%s%s\n", what, name_of(call, number), arguments[0] != '\0' ? " (" : "", arguments,
            arguments[0] != '\0' ? ")" : "", usage, error != NULL ? ", " : "", error != NULL ? error : "");
}

static void report(const struct learned *learned)
{
    unsigned kinds = 0, missing = 0;
    for (uint32_t i = 0; i < learned->count; i++) {
        kinds += learned->calls[i].answer >= LEARN_MISSING && learned->calls[i].answer != LEARN_KILLED;
        missing += learned->calls[i].answer == LEARN_MISSING;
    }
    fprintf(stderr, "learned: %u kinds of system calls, %u of which the base does not allow\n", kinds, missing);
    for (uint32_t i = 0; i < learned->count; i++) {
        if (learned->calls[i].answer == LEARN_MISSING) {
            say_call("  beyond the base: ", &learned->calls[i]);
        }
    }
    for (uint32_t i = 0; i < learned->count; i++) {
        if (learned->calls[i].answer < LEARN_MISSING) {
            say_call("  denied by the base: ", &learned->calls[i]);
        }
    }
    for (uint32_t i = 0; i < learned->count; i++) {
        if (learned->calls[i].answer == LEARN_KILLED) {
            say_call("  killed by the base, and everything with it: ", &learned->calls[i]);
        }
    }
    if (learned->lost != 0) {
        fprintf(stderr, "  more than %d kinds of calls: %llu calls are not in the list\n", LEARNED_CALLS_MAX,
                (unsigned long long)learned->lost);
    }
}

/* ---- what is made -------------------------------------------------------------------------- */

static void make_text(void *answer, const void *context)
{
    learn_text(answer, context);
}

static void compile(void *answer, const void *context)
{
    const struct file_bytes *source = context;
    (void)policy_compile(answer, source->bytes, source->length, POLICY_FOR_HOOK);
}

/* Whether what was let through is allowed, as the filter itself says. */
static bool lets_through(const struct policy_plan *plan, const struct learned_call *call)
{
    struct seccomp_data data = { .nr = (int)call->number, .arch = NATIVE_ARCH };
    for (unsigned i = 0; i < 6; i++) {
        data.args[i] = call->args[i];
    }
    uint32_t said = bpf_run(plan->filter, plan->filter_length, &data);
    return said == SECCOMP_RET_ALLOW || said == SECCOMP_RET_LOG;
}

/* A policy that does not compile, or not to what was learned, is not written. */
static int check(const struct learn_text *text, const struct learned *learned)
{
    static struct policy_plan plan;
    const char *bytes = text->bytes;
    const struct file_bytes source = { (char *)(uintptr_t)bytes, text->length };
    if (confined_run("the learned policy", compile, &source, &plan, sizeof plan) != 0) {
        return EXIT_INTERNAL;
    }
    if (!plan_valid(DOC_POLICY, &plan) || plan.head.usable == 0) {
        findings_print("the learned policy", &plan.head);
        fputs("the learned policy does not compile, and is not written\n", stderr);
        return EXIT_INTERNAL;
    }
    for (uint32_t i = 0; i < learned->count; i++) {
        const struct learned_call *call = &learned->calls[i];
        bool passed = call->answer >= LEARN_MISSING && call->answer != LEARN_KILLED;
        if (passed && syscall_name(call->number) != NULL && !lets_through(&plan, call)) {
            say_call("the learned policy does not allow, and is not written: ", call);
            return EXIT_INTERNAL;
        }
    }
    return 0;
}

static int write_text(int fd, const struct learn_text *text)
{
    if (pwrite(fd, text->bytes, text->length, 0) != (ssize_t)text->length) {
        fprintf(stderr, "the learned policy cannot be handed over: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    return 0;
}

static int write_policy(const struct job *job, const struct learned *learned)
{
    static struct learn_text text;
    const struct document *base = &job->documents[0];
    struct file_bytes source;
    if (file_read(base->fd, base->name, DOC_POLICY_BYTES_MAX, &source) != 0) {
        return EXIT_CONFIGURATION;
    }
    const struct learn_source made_of = { base->name, job->learned_name, &source, learned, job->add };
    int status = confined_run(base->name, make_text, &made_of, &text, sizeof text) == 0 ? 0 : EXIT_INTERNAL;
    free(source.bytes);
    if (status == 0 && (text.length == 0 || text.length > sizeof text.bytes)) {
        fprintf(stderr, "the learned policy is larger than the %d bytes that a run reads\n", DOC_POLICY_BYTES_MAX);
        status = EXIT_CONFIGURATION;
    }
    if (status == 0 && text.unnamed != 0) {
        fprintf(stderr, "  without a name here, so not in the policy: %u\n", text.unnamed);
    }
    status = status == 0 ? check(&text, learned) : status;
    return status == 0 ? write_text(base->output, &text) : status;
}

int verb_learn_write(const struct job *job)
{
    struct file_bytes bytes;
    if (job->count != 1 || job->documents[0].output < 0 || job->learned_name == NULL) {
        fputs("learn-write: one document with an output and what was learned are needed\n", stderr);
        return EXIT_USAGE;
    }
    if (file_read(job->learned, "what was learned", sizeof(struct learned), &bytes) != 0) {
        return EXIT_INTERNAL;
    }
    const struct learned *learned = (const struct learned *)(const void *)bytes.bytes;
    int status = EXIT_INTERNAL;
    if (bytes.length != sizeof *learned || !learned_valid(learned)) {
        fputs("what was learned makes no sense\n", stderr);
    } else {
        report(learned);
        status = job->report ? 0 : write_policy(job, learned);
    }
    free(bytes.bytes);
    return status;
}
