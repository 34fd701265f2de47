#include "policy/test_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parser/text.h"
#include "policy/answer.h"
#include "quiesce/outcome.h"

/* ---- text ------------------------------------------------------------------------- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void print_row(const struct test_result *result, uint32_t i, bool verbose)
{
    const struct table_row *row = &result->table.rows[i];
    const uint32_t kernel = result->kernel[i];
    const bool asked = kernel != ANSWER_NOT_ASKED;
    const bool interpreter_good = result->interpreter[i] == row->expected;
    const bool kernel_good = !asked || kernel == row->expected;
    char call[TABLE_CALL_MAX], expected[ANSWER_WORDS_MAX], got[ANSWER_WORDS_MAX];
    if (!verbose && interpreter_good && kernel_good) {
        return;
    }
    table_write_call(call, &row->call);
    answer_write(expected, row->expected);
    printf("%s:%u: %s: ", result->table_name, row->line, call);
    if (interpreter_good && kernel_good) {
        printf("%s%s\n", expected, asked ? "" : ", in the interpreter only");
        return;
    }
    printf("expected %s", expected);
    if (!interpreter_good) {
        answer_write(got, result->interpreter[i]);
        printf(", got %s %s", got, asked && kernel == result->interpreter[i] ? "in the interpreter and live"
                                                                            : "in the interpreter");
    }
    if (!kernel_good && kernel != result->interpreter[i]) {
        answer_write(got, kernel);
        printf(", got %s live", got);
    }
    putchar('\n');
}

static void print_disagreements(const struct test_result *result)
{
    const struct agreement *a = &result->agreement;
    for (uint32_t i = 0; i < a->shown; i++) {
        char call[TABLE_CALL_MAX], interpreter[ANSWER_WORDS_MAX], kernel[ANSWER_WORDS_MAX];
        table_write_call(call, &a->differ[i].call);
        answer_write(interpreter, a->differ[i].interpreter);
        answer_write(kernel, a->differ[i].kernel);
        printf("%s: %s: the interpreter says %s, the kernel %s\n", result->policy, call, interpreter, kernel);
    }
    if (a->shown > 0) {
        printf("%s: again: quiesce policy test --seed %" PRIu32 " --tuples %" PRIu64 " %s\n", result->policy,
               result->seed, a->made, result->policy);
    }
}

static void print_summary(const struct test_result *result)
{
    const struct agreement *a = &result->agreement;
    const uint32_t rows = result->table.rows_count, elsewhere = rows - result->kernel_rows;
    printf("%s: %s: %u row%s in the interpreter", result->policy, result->status == 0 ? "ok" : "FAILED", rows,
           plural(rows));
    if (result->interpreter_failed > 0) {
        printf(", %u wrong", result->interpreter_failed);
    }
    printf("; %u live", result->kernel_rows);
    if (result->kernel_failed > 0) {
        printf(", %u wrong", result->kernel_failed);
    }
    if (elsewhere > 0) {
        printf(", %u cannot be made on this machine", elsewhere);
    }
    if (result->table.passed_over > 0) {
        printf("; %u row%s of calls that it does not have passed over", result->table.passed_over,
               plural(result->table.passed_over));
    }
    printf("; %" PRIu64 " call%s of seed %" PRIu32 ", %" PRIu64 " agreed\n", a->made, plural(a->made), result->seed,
           a->agreed);
}

static void print_text(const struct test_report *report, const struct test_result *result)
{
    if (result->status != 0 && result->status != EXIT_TEST_FAILED) {
        printf("%s: FAILED: not tested, or not to the end\n", result->policy);
        return;
    }
    for (uint32_t i = 0; i < result->table.rows_count; i++) {
        print_row(result, i, report->verbose);
    }
    print_disagreements(result);
    print_summary(result);
}

/* ---- JSON ---------------------------------------------------------------------------- */

/* Each of these marks the report as failed if there is no memory. */
static cJSON *keep(struct test_report *report, cJSON *item)
{
    report->failed = report->failed || item == NULL;
    return item;
}

static void add_text(struct test_report *report, cJSON *object, const char *name, const char *text)
{
    char clean[PLAN_PATH_MAX];
    text_sanitize(clean, sizeof clean, text, strlen(text));
    (void)keep(report, cJSON_AddStringToObject(object, name, clean));
}

static void add_number(struct test_report *report, cJSON *object, const char *name, uint64_t number)
{
    (void)keep(report, cJSON_AddNumberToObject(object, name, (double)number));
}

static void add_answer(struct test_report *report, cJSON *object, const char *name, uint32_t answer)
{
    char words[ANSWER_WORDS_MAX];
    answer_write(words, answer);
    add_text(report, object, name, words);
}

static cJSON *add_call(struct test_report *report, cJSON *array, const struct seccomp_data *call)
{
    char text[TABLE_CALL_MAX];
    cJSON *object = keep(report, cJSON_CreateObject());
    if (object != NULL && !cJSON_AddItemToArray(array, object)) {
        cJSON_Delete(object);
        object = keep(report, NULL);
    }
    table_write_call(text, call);
    add_text(report, object, "call", text);
    return object;
}

static void add_rows(struct test_report *report, cJSON *array, const struct test_result *result)
{
    for (uint32_t i = 0; i < result->table.rows_count; i++) {
        const struct table_row *row = &result->table.rows[i];
        const bool asked = result->kernel[i] != ANSWER_NOT_ASKED;
        bool good = result->interpreter[i] == row->expected && (!asked || result->kernel[i] == row->expected);
        if (good && !report->verbose) {
            continue;
        }
        cJSON *object = add_call(report, array, &row->call);
        add_number(report, object, "line", row->line);
        add_answer(report, object, "expected", row->expected);
        add_answer(report, object, "interpreter", result->interpreter[i]);
        if (asked) {
            add_answer(report, object, "live", result->kernel[i]);
        }
    }
}

static void add_disagreements(struct test_report *report, cJSON *array, const struct agreement *a)
{
    for (uint32_t i = 0; i < a->shown; i++) {
        cJSON *object = add_call(report, array, &a->differ[i].call);
        add_answer(report, object, "interpreter", a->differ[i].interpreter);
        add_answer(report, object, "live", a->differ[i].kernel);
    }
}

static void add_json(struct test_report *report, const struct test_result *result)
{
    const struct agreement *a = &result->agreement;
    cJSON *object = keep(report, cJSON_CreateObject());
    if (object != NULL && !cJSON_AddItemToArray(report->documents, object)) {
        cJSON_Delete(object);
        object = keep(report, NULL);
    }
    add_text(report, object, "policy", result->policy);
    add_text(report, object, "table", result->table_name);
    (void)keep(report, cJSON_AddBoolToObject(object, "passed", result->status == 0));
    add_number(report, object, "status", (uint64_t)result->status);
    if (result->status != 0 && result->status != EXIT_TEST_FAILED) {
        return;
    }
    add_number(report, object, "rows", result->table.rows_count);
    add_number(report, object, "rowsPassedOver", result->table.passed_over);
    add_number(report, object, "rowsLive", result->kernel_rows);
    add_number(report, object, "wrongInInterpreter", result->interpreter_failed);
    add_number(report, object, "wrongLive", result->kernel_failed);
    add_number(report, object, "seed", result->seed);
    add_number(report, object, "tuples", a->made);
    add_number(report, object, "tuplesAgreed", a->agreed);
    add_rows(report, keep(report, cJSON_AddArrayToObject(object, report->verbose ? "allRows" : "wrongRows")), result);
    add_disagreements(report, keep(report, cJSON_AddArrayToObject(object, "disagreements")), a);
}

/* ---- both ------------------------------------------------------------------------------ */

void test_report_begin(struct test_report *report, bool json, bool verbose)
{
    *report = (struct test_report){ .verbose = verbose };
    if (json) {
        report->json = keep(report, cJSON_CreateObject());
        report->documents = keep(report, cJSON_AddArrayToObject(report->json, "documents"));
    }
}

void test_report_add(struct test_report *report, const struct test_result *result)
{
    report->bad = report->bad || result->status != 0;
    if (report->json != NULL) {
        add_json(report, result);
    } else {
        print_text(report, result);
    }
}

int test_report_end(struct test_report *report)
{
    if (report->json != NULL) {
        (void)keep(report, cJSON_AddBoolToObject(report->json, "passed", !report->bad));
        char *text = report->failed ? NULL : cJSON_PrintUnformatted(report->json);
        report->failed = report->failed || text == NULL;
        if (text != NULL) {
            puts(text);
        }
        cJSON_free(text);
        cJSON_Delete(report->json);
    }
    if (report->failed) {
        fputs("quiesce-policy: no memory for the report\n", stderr);
    }
    return report->failed ? -1 : 0;
}
