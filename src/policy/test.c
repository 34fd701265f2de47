#include "policy/test.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bpf.h"
#include "policy/answer.h"
#include "policy/confine.h"
#include "policy/instruction.h"
#include "policy/live.h"
#include "policy/test_report.h"
#include "quiesce/outcome.h"

/* ---- the table ------------------------------------------------------------------- */

static void parse(void *answer, const void *context)
{
    const struct file_bytes *text = context;
    table_parse(answer, text->bytes, text->length);
}

/* Returns 0, or an exit status after a message. */
static int load_table(const struct document *document, struct table *table)
{
    struct file_bytes text;
    if (file_read(document->table, document->table_name, TABLE_BYTES_MAX, &text) != 0) {
        return EXIT_CONFIGURATION;
    }
    int failed = confined_run(document->table_name, parse, &text, table, sizeof *table);
    free(text.bytes);
    if (failed != 0) {
        return EXIT_INTERNAL;
    }
    if (!table_valid(table)) {
        fprintf(stderr, "%s: what its reader answered makes no sense\n", document->table_name);
        return EXIT_INTERNAL;
    }
    findings_print(document->table_name, &table->head);
    return table->head.usable == 1 ? 0 : EXIT_CONFIGURATION;
}

/* ---- rows ------------------------------------------------------------------------- */

static int complain(const char *name, const char *what, int error)
{
    fprintf(stderr, "%s: the kernel could not be asked: %s%s%s\n", name, what, error != 0 ? ": " : "",
            error != 0 ? strerror(error) : "");
    return EXIT_INTERNAL;
}

static void ask_interpreter(const struct policy_plan *plan, struct test_result *result)
{
    for (uint32_t i = 0; i < result->table.rows_count; i++) {
        const struct table_row *row = &result->table.rows[i];
        result->interpreter[i] = bpf_run(plan->filter, plan->filter_length, &row->call);
        result->interpreter_failed += result->interpreter[i] != row->expected ? 1 : 0;
    }
}

/* Takes over the answers; batch holds the rows of which makable() is true, in order. */
static void take_answers(const struct live_batch *batch, const bool *makable, struct test_result *result)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < result->table.rows_count; i++) {
        result->kernel[i] = ANSWER_NOT_ASKED;
        if (makable[i] && next < batch->count) {
            result->kernel[i] = batch->calls[next++].answer;
            result->kernel_failed += result->kernel[i] != result->table.rows[i].expected ? 1 : 0;
        }
    }
    result->kernel_rows = batch->count;
}

/* Returns 0, or an exit status after a message. */
static int ask_kernel(const struct policy_plan *plan, struct test_result *result)
{
    static struct live_program program;
    static bool makable[TABLE_ROWS_MAX];
    _Static_assert((int)TABLE_ROWS_MAX <= (int)LIVE_CALLS_MAX, "a table is one batch");
    if (live_prepare(&program, plan->filter, plan->filter_length, LIVE_KILLS_REAL) != 0) {
        return complain(result->policy, "the filter leaves no errno that could stand for an action", 0);
    }
    struct live_batch *batch = live_open();
    if (batch == NULL) {
        return complain(result->policy, "no memory", errno);
    }
    const bool int80 = instruction_exists(AUDIT_ARCH_I386);
    for (uint32_t i = 0; i < result->table.rows_count; i++) {
        const struct seccomp_data *call = &result->table.rows[i].call;
        makable[i] = (call->arch == AUDIT_ARCH_I386 ? int80 : instruction_exists(call->arch)) &&
            !instruction_unfiltered(call);
        if (makable[i]) {
            batch->calls[batch->count++].call = *call;
        }
    }
    int failed = live_run(&program, batch);
    int status = failed != 0 ? complain(result->policy, live_failure(batch), batch->error) : 0;
    if (status == 0) {
        take_answers(batch, makable, result);
    }
    live_close(batch);
    return status;
}

/* ---- documents ---------------------------------------------------------------------- */

static int test_policy(const struct document *document, const struct policy_plan *plan, uint32_t tuples,
                       struct test_result *result)
{
    const struct agree_sides sides = { plan->filter, plan->filter, plan->filter_length, plan->filter_length };
    const char *failure;
    int error;
    int status = load_table(document, &result->table);
    if (status != 0) {
        return status;
    }
    ask_interpreter(plan, result);
    status = ask_kernel(plan, result);
    if (status != 0) {
        return status;
    }
    if (agree_run(&result->agreement, &sides, result->seed, tuples, &failure, &error) != 0) {
        return complain(document->name, failure, error);
    }
    bool good = result->interpreter_failed == 0 && result->kernel_failed == 0 &&
        result->agreement.agreed == result->agreement.made;
    return good ? 0 : EXIT_TEST_FAILED;
}

void test_document(const struct document *document, uint32_t seed, uint32_t tuples, struct test_result *result)
{
    static struct policy policy; /* large */
    memset(result, 0, sizeof *result);
    result->policy = document->name;
    result->table_name = document->table_name;
    result->seed = seed;
    result->status = policy_load(document, &policy);
    if (result->status == 0) {
        result->status = test_policy(document, &policy.plan, tuples, result);
        policy_free(&policy);
    }
}

/* What could not be done at all counts more than what cannot be used, and that more than what is wrong. */
static int worse(int a, int b)
{
    static const int order[] = { EXIT_INTERNAL, EXIT_CONFIGURATION, EXIT_TEST_FAILED };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (a == order[i] || b == order[i]) {
            return order[i];
        }
    }
    return 0;
}

int verb_test(const struct job *job)
{
    static struct test_result result; /* large */
    struct test_report report;
    uint32_t seed = job->seed;
    int worst = 0;
    if (!job->has_seed && getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        fprintf(stderr, "quiesce-policy: the kernel gives no random seed: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    test_report_begin(&report, job->json, job->verbose);
    for (unsigned i = 0; i < job->count; i++) {
        test_document(&job->documents[i], seed, job->tuples, &result);
        test_report_add(&report, &result);
        worst = worse(worst, result.status);
    }
    return test_report_end(&report) == 0 ? worst : EXIT_INTERNAL;
}
