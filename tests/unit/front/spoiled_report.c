/*
 * Whatever a supervisor that was taken over puts into its report: either report_valid()
 * refuses it, or it is printed in every way without a fault.  Run with sanitizers too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/report.h"
#include "base/report_json.h"
#include "front/explain.h"
#include "front/result.h"

const char program_name[] = "test-spoiled-report";

enum { TRIALS = 3000, CHANGES_MAX = 4, USED = 3 };

static const struct sock_filter filter[] = {
#include "filter_parser.inc"
};

static struct report *r;
static FILE *null;

/* ---- a report in which everything is used ------------------------------------------- */

static struct report_text text(const char *string)
{
    return report_text_add_string(r, string);
}

static void make_plugin(uint32_t i)
{
    struct report_plugin *p = &r->plugins[i];
    p->used = p->has_policy = p->freeze = 1;
    p->name = text("orders");
    p->config_path = text("/etc/azure/orders.json");
    p->policy = text("default");
    p->user = text("postgres");
    p->timeout_seconds = 30;
    p->poll_seconds = 3;
    p->effective.head.usable = 1;
    p->effective.cap_bounding = p->effective.cap_inheritable = p->effective.cap_ambient = 0xff;
    p->effective.rlimits_count = 1;
    p->effective.rlimits[0] = (struct policy_rlimit){ 7, 0, 10, 20 };
    p->effective.env_count = 1;
    p->effective.env_length = 4;
    memcpy(p->effective.env, "A=b", 4);
    p->effective.paths_count = 1;
    p->effective.paths_length = 5;
    memcpy(p->effective.paths_text, "/usr", 5);
    p->effective.filter_length = sizeof filter / sizeof filter[0];
    memcpy(p->effective.filter, filter, sizeof filter);
}

static int begin(void **state)
{
    (void)state;
    r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    null = fopen("/dev/null", "we");
    if (r == MAP_FAILED || null == NULL) {
        return -1;
    }
    r->version = REPORT_VERSION;
    r->finished = 1;
    memset(r->run_id, '1', WIRE_RUN_ID_MAX - 1);
    r->message = text("A sentence, or two.");
    r->snapshot.ran = 1;
    r->documents_count = r->attempts_count = r->denied_count = r->fs_count = r->findings_count = r->plugins_count = USED;
    for (uint32_t i = 0; i < USED; i++) {
        make_plugin(i);
        r->documents[i] = (struct report_document){ .kind = i, .present = 1, .path = text("/etc/x") };
        for (uint32_t phase = 0; phase < PHASES; phase++) {
            r->hooks[WIRE_SLOT(i, phase)] = (struct report_hook){
                .used = 1, .has_sha256 = 1, .attempts_total = 20, .plugin = text("orders"), .path = text("/s"), .policy = text("default"),
            };
        }
        r->attempts[i] = (struct report_attempt){ .slot = i, .number = 1, .ran = i != 2, .exit_code = 1, .survivors = 2 };
        r->attempts[i].out = r->attempts[i].err = (struct report_stream){ 100, text("first\nsecond\n"), text("last\n") };
        r->denied[i] = (struct report_denied){ .attempt = i, .number = 41 + i, .error = 1, .count = 3, .comm = "sh", .text = "2, 1" };
        r->fs[i] = (struct report_fs){ .major = 8, .minor = i, .level = i, .type = "ext4", .mount_point = text("/"), .device = text("/dev/x") };
        r->findings[i] = (struct report_finding){ .code = 305, .kind = (uint8_t)i, .line = 1, .column = 2,
                                                  .file = text("/f"), .key = text("a.b"), .message = text("is wrong") };
    }
    return report_valid(r, sizeof *r) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    (void)fclose(null);
    return munmap(r, sizeof *r);
}

/* ---- spoiling it ------------------------------------------------------------------------ */

/* What is used of it: changes elsewhere change nothing. */
#define PART(first, count) { offsetof(struct report, first), (count) * sizeof(((struct report *)0)->first) }
static const struct {
    size_t offset, size;
} parts[] = {
    { 0, offsetof(struct report, documents) }, { 0, offsetof(struct report, documents) },
    PART(documents[0], USED), PART(hooks[0], PHASES * USED), PART(attempts[0], USED), PART(denied[0], USED),
    PART(fs[0], USED), PART(findings[0], USED),
    { offsetof(struct report, plugins), offsetof(struct report_plugin, effective) },
    { offsetof(struct report, plugins[0].effective.flags), 1024 }, PART(plugins[1].effective.rlimits_count, 64),
    { offsetof(struct report, plugins[1].effective.env_count), 32 },
    { offsetof(struct report, plugins[1].effective.paths_count), 64 }, PART(plugins[2].effective.filter_length, 400),
    PART(text[0], 300),
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static uint64_t state_of_random;

static uint32_t below(uint32_t limit)
{
    state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state_of_random >> 33) % limit;
}

static uint32_t number(void)
{
    static const uint32_t edges[] = { 0, 1, 2, 3, 4, 16, 24, 31, 32, 64, 255, 256, 512, 4095, 4096, 65535, 0x7fffffff,
                                      0x80000000, 0xfffffffe, 0xffffffff };
    return below(2) != 0 ? edges[below(sizeof edges / sizeof edges[0])] : below(0x7fffffff);
}

static void print_all(void)
{
    static cJSON *(*const to_json[])(const struct report *) = { report_run_json, report_check_json, explain_json };
    result_print_run(null, r);
    result_print_check(null, r);
    explain_print(null, r);
    for (size_t i = 0; i < sizeof to_json / sizeof to_json[0]; i++) {
        cJSON *object = to_json[i](r);
        char *printed = cJSON_PrintUnformatted(object);
        assert_non_null(printed);
        cJSON_free(printed);
        cJSON_Delete(object);
    }
}

static void spoiled(void **state)
{
    unsigned taken = 0;
    (void)state;
    print_all();
    for (uint64_t seed = 1; seed <= TRIALS; seed++) {
        struct {
            size_t at, size;
            uint32_t before;
        } changes[CHANGES_MAX];
        state_of_random = seed << 20;
        unsigned count = 1 + below(CHANGES_MAX);
        for (unsigned i = 0; i < count; i++) {
            uint32_t part = below(PARTS), value = number();
            size_t size = below(3) == 0 ? 1 : sizeof value, at = below((uint32_t)(parts[part].size / size)) * size;
            changes[i].at = parts[part].offset + at;
            changes[i].size = size;
            memcpy(&changes[i].before, (char *)r + changes[i].at, size);
            memcpy((char *)r + changes[i].at, &value, size);
        }
        if (report_valid(r, sizeof *r)) {
            taken++;
            print_all();
        }
        while (count-- > 0) {
            memcpy((char *)r + changes[count].at, &changes[count].before, changes[count].size);
        }
    }
    print_message("%u of %d were taken and printed\n", taken, TRIALS);
    assert_in_range(taken, TRIALS / 20, TRIALS - TRIALS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(spoiled, begin, end) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
