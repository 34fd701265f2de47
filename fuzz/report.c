/*
 * The sealed report, as the front looks at it: changes to a report in which everything is used.
 *
 * The input is units of eight bytes: which part (8 bits), where in it (24 bits), a value
 * (32 bits, of which the part's highest bit says that one byte is written).  Either
 * report_valid() refuses the report, or it is printed in every way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/report.h"
#include "base/report_json.h"
#include "front/explain.h"
#include "front/result.h"
#include "fuzz.h"
#include "templates.h"

const char program_name[] = "fuzz-report";

enum { USED = 3, UNIT = 8, CHANGES_MAX = 32, SLOWER = 20 };

static struct report *r;
static FILE *null;

static struct report_text text(const char *string)
{
    return report_text_add_string(r, string);
}

static void make_rows(uint32_t i)
{
    struct report_plugin *p = &r->plugins[i];

    p->used = p->has_policy = p->freeze = 1;
    p->name = text("orders");
    p->config_path = text("/etc/azure/orders.json");
    p->policy = text("default");
    p->user = text("postgres");
    p->timeout_seconds = 30;
    p->poll_seconds = 3;
    memcpy(&p->effective, template_plan(DOC_POLICY), sizeof(p->effective));
    r->documents[i] = (struct report_document){.kind = i, .present = 1, .path = text("/etc/x")};
    for (uint32_t phase = 0; phase < PHASES; phase++) {
        r->hooks[WIRE_SLOT(i, phase)] = (struct report_hook){
            .used = 1, .has_sha256 = 1, .attempts_total = 2, .plugin = text("orders"), .path = text("/s"), .policy = text("default")};
    }
    r->attempts[i] = (struct report_attempt){.slot = i, .number = 1, .ran = i != 2, .exit_code = 1, .survivors = 2};
    r->attempts[i].out = r->attempts[i].err = (struct report_stream){100, text("first\nsecond\n"), text("last\n")};
    r->denied[i] = (struct report_denied){.attempt = i, .number = 41 + i, .error = 1, .count = 3, .comm = "sh", .text = "2, 1"};
    r->fs[i] = (struct report_fs){.major = 8, .minor = i, .level = i, .type = "ext4", .mount_point = text("/"), .device = text("/dev/x")};
    r->findings[i] = (struct report_finding){.code = 305, .kind = (uint8_t)i, .line = 1, .column = 2, .file = text("/f"),
                                             .key = text("a.b"), .message = text("is wrong")};
}

static void make(void)
{
    r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    null = fopen("/dev/null", "we");
    FUZZ_CHECK(r != MAP_FAILED && null, "no report");
    r->version = REPORT_VERSION;
    r->finished = 1;
    memset(r->run_id, '1', WIRE_RUN_ID_MAX - 1);
    r->message = text("A sentence, or two.");
    r->snapshot.ran = 1;
    r->documents_count = r->attempts_count = r->denied_count = r->fs_count = r->findings_count = r->plugins_count = USED;
    for (uint32_t i = 0; i < USED; i++) {
        make_rows(i);
    }
    FUZZ_CHECK(report_valid(r, sizeof(*r)), "the harness's report is not valid");
}

/* What is used of it: changes elsewhere change nothing. */
#define PART(first, count) {offsetof(struct report, first), (count) * sizeof(((struct report *)0)->first)}
static const struct {
    size_t offset, size;
} parts[] = {
    {0, offsetof(struct report, documents)}, PART(documents[0], USED), PART(hooks[0], PHASES * USED),
    PART(attempts[0], USED), PART(denied[0], USED), PART(fs[0], USED), PART(findings[0], USED),
    {offsetof(struct report, plugins), offsetof(struct report_plugin, effective)},
    {offsetof(struct report, plugins[0].effective.flags), 1024}, PART(plugins[1].effective.rlimits_count, 64),
    {offsetof(struct report, plugins[1].effective.env_count), 64},
    {offsetof(struct report, plugins[1].effective.paths_count), 64},
    PART(plugins[2].effective.filter_length, 100), PART(text[0], 300),
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static void print_all(void)
{
    static cJSON *(*const to_json[])(const struct report *) = {report_run_json, report_check_json, explain_json};

    result_print_run(null, r);
    result_print_check(null, r);
    explain_print(null, r);
    for (size_t i = 0; i < sizeof(to_json) / sizeof(to_json[0]); i++) {
        cJSON *object = to_json[i](r);
        char *printed = cJSON_PrintUnformatted(object);
        FUZZ_CHECK(printed, "a valid report has no JSON");
        cJSON_free(printed);
        cJSON_Delete(object);
    }
}

static void run(const char *bytes, size_t n)
{
    struct {
        size_t at, size;
        uint32_t before;
    } changes[CHANGES_MAX];
    const uint8_t *unit = (const uint8_t *)bytes;
    unsigned count = 0;

    if (!r) {
        make();
    }
    for (; n >= UNIT && count < CHANGES_MAX; unit += UNIT, n -= UNIT, count++) {
        unsigned part = (unit[0] & 0x7F) % PARTS;
        size_t size = unit[0] & 0x80 ? 1 : sizeof(uint32_t);
        size_t at = (unit[1] | (size_t)unit[2] << 8 | (size_t)unit[3] << 16) % (parts[part].size / size) * size;
        changes[count].at = parts[part].offset + at;
        changes[count].size = size;
        memcpy(&changes[count].before, (char *)r + changes[count].at, size);
        memcpy((char *)r + changes[count].at, unit + 4, size);
    }
    fuzz_meter_start();
    if (report_valid(r, sizeof(*r))) {
        print_all();
    }
    fuzz_meter_stop();
    while (count-- > 0) {
        memcpy((char *)r + changes[count].at, &changes[count].before, changes[count].size);
    }
}

/* A valid report may be as large as 40 MB, and so may what is printed of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run_slow(run, data, size, SLOWER);
}
