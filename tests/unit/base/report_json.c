/*
 * A report as JSON: the members that quiesce(1) promises, exact numbers, any text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/report.h"
#include "base/report_json.h"
#include "quiesce/outcome.h"

const char program_name[] = "test-report-json";

static struct report *r;

static int begin(void **state)
{
    (void)state;
    r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED)
        return -1;
    r->version = REPORT_VERSION;
    memset(r->run_id, '1', WIRE_RUN_ID_MAX - 1);
    r->outcome = OUTCOME_PRE_FAILED;
    r->grade = GRADE_FILE_SYSTEM;
    r->exit_status = 10;
    r->message = report_text_add_string(r, "\"quoted\" \xc3\xa9");
    r->started_realtime_ns = 1709210096789000000u; /* 2024-02-29, a leap day */
    r->duration_ns = 12000000345u;
    r->plugins_count = 1;
    r->hooks[0] = (struct report_hook){.used = 1, .has_sha256 = 1, .failed = 1, .attempts_total = 3, .sha256 = {0xab}};
    r->attempts_count = 3;
    for (uint32_t i = 0; i < 3; i++) /* rows not in order of their numbers */
        r->attempts[i] = (struct report_attempt){.number = 3 - i, .ran = 1, .exit_code = (int)i, .cpu_us = 1500001};
    r->attempts[2].exit_code = -1;
    r->attempts[2].signal = 9;
    r->denied_count = 1;
    r->denied[0] = (struct report_denied){
        .attempt = 1, .number = SYS_mount, .error = 1, .args = {UINT64_MAX}, .count = UINT64_MAX, .comm = "sh"};
    r->fs_count = 2;
    r->fs[0] = (struct report_fs){.type = "ext4", .major = 8, .minor = 1, .freeze_ns = 1};
    r->fs[1] = (struct report_fs){.type = "nfs", .skip = FS_NETWORK};
    r->findings_count = 1;
    r->findings[0] = (struct report_finding){.code = 305, .severity = FINDING_WARNING, .kind = FINDING_SCHEMA, .line = 2,
                                             .message = r->message};
    return 0;
}

static int end(void **state)
{
    (void)state;
    return munmap(r, sizeof(*r));
}

static const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!item)
        fail_msg("%s is missing", name);
    return item;
}

static void has_all(const cJSON *object, const char *const *names)
{
    for (; *names; names++)
        (void)member(object, *names);
}

/* Prints, so that what is looked at is what a reader gets. */
static cJSON *through_text(cJSON *made, const char *const *contains)
{
    char *text;
    cJSON *parsed;

    assert_non_null(made);
    text = cJSON_PrintUnformatted(made);
    for (; *contains; contains++)
        if (!strstr(text, *contains))
            fail_msg("%s is not in %s", *contains, text);
    parsed = cJSON_Parse(text);
    assert_non_null(parsed);
    free(text);
    cJSON_Delete(made);
    return parsed;
}

static void run_object(void **state)
{
    static const char *const contains[] = {
        "\"durationSeconds\":12.000000345", "\"cpuSeconds\":1.500001000", "\"startedAt\":\"2024-02-29T12:34:56.789Z\"",
        "\"freezeSeconds\":0.000000001", "\"count\":18446744073709551615", "\"0xffffffffffffffff\"", NULL};
    static const char *const top[] = {"consistency", "code", "name", "message", "exitStatus", "runId", "startedAt",
                                      "durationSeconds", "hooks", "fileSystems", "snapshot", "held", "warnings", NULL};
    static const char *const of_hook[] = {"plugin", "phase", "path", "sha256", "policy", "attempts", NULL};
    static const char *const of_attempt[] = {"exitCode", "signal", "timedOut", "durationSeconds", "maxRssKiB", "cpuSeconds",
                                             "stdout", "stderr", "denied", "survivors", NULL};
    static const char *const of_stream[] = {"bytes", "head", "tail", NULL};
    static const char *const of_denied[] = {"syscall", "args", "comm", "count", NULL};
    static const char *const of_fs[] = {"mountPoint", "type", "device", "flushSeconds", "freezeSeconds", "frozenSeconds",
                                        "thawSeconds", NULL};
    cJSON *o = through_text(report_run_json(r), contains);
    const cJSON *hook, *attempts, *denied;

    (void)state;
    has_all(o, top);
    assert_string_equal(member(o, "consistency")->valuestring, "fileSystemConsistent");
    assert_int_equal(member(o, "code")->valueint, 300);
    assert_string_equal(member(o, "message")->valuestring, "\"quoted\" \xc3\xa9");
    assert_true(cJSON_IsNull(member(o, "snapshot")));
    assert_true(cJSON_IsNull(member(o, "held")));
    hook = cJSON_GetArrayItem(member(o, "hooks"), 0);
    has_all(hook, of_hook);
    attempts = member(hook, "attempts");
    assert_int_equal(cJSON_GetArraySize(attempts), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(member(cJSON_GetArrayItem(attempts, i), "number")->valueint, i + 1);
    assert_true(cJSON_IsNull(member(cJSON_GetArrayItem(attempts, 0), "exitCode")));
    assert_int_equal(member(cJSON_GetArrayItem(attempts, 0), "signal")->valueint, 9);
    has_all(cJSON_GetArrayItem(attempts, 1), of_attempt);
    has_all(member(cJSON_GetArrayItem(attempts, 1), "stdout"), of_stream);
    denied = cJSON_GetArrayItem(member(cJSON_GetArrayItem(attempts, 1), "denied"), 0);
    has_all(denied, of_denied);
    assert_string_equal(member(denied, "syscall")->valuestring, "mount");
    assert_int_equal(cJSON_GetArraySize(member(o, "fileSystems")), 1);
    has_all(cJSON_GetArrayItem(member(o, "fileSystems"), 0), of_fs);
    assert_int_equal(cJSON_GetArraySize(member(o, "warnings")), 1);
    cJSON_Delete(o);
}

static void snapshot(void **state)
{
    static const char *const none[] = {NULL};
    cJSON *o;

    (void)state;
    r->snapshot.ran = 1;
    r->snapshot.signal = 15;
    r->snapshot.duration_ns = 5;
    o = through_text(report_run_json(r), none);
    assert_int_equal(member(member(o, "snapshot"), "signal")->valueint, 15);
    assert_true(cJSON_IsNull(member(member(o, "snapshot"), "exitCode")));
    cJSON_Delete(o);
}

static void held(void **state)
{
    static const char *const none[] = {NULL};
    cJSON *o;

    (void)state;
    r->held.held = 1;
    r->held.uid = 5;
    o = through_text(report_run_json(r), none);
    assert_true(cJSON_IsNull(member(member(o, "held"), "releasedBy")));
    assert_true(cJSON_IsNull(member(member(o, "held"), "uid")));
    cJSON_Delete(o);
    r->held.released = 1;
    r->held.cause = RELEASE_THAW;
    o = through_text(report_run_json(r), none);
    assert_string_equal(member(member(o, "held"), "releasedBy")->valuestring, "thaw");
    assert_int_equal(member(member(o, "held"), "uid")->valueint, 5);
    cJSON_Delete(o);
    r->held.cause = RELEASE_CALLER;
    o = through_text(report_run_json(r), none);
    assert_string_equal(member(member(o, "held"), "releasedBy")->valuestring, "callerGone");
    assert_true(cJSON_IsNull(member(member(o, "held"), "uid")));
    cJSON_Delete(o);
}

static void check_object(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const top[] = {"findings", "fileSystems", "plugins", "exitStatus", NULL};
    static const char *const of_finding[] = {"code", "name", "severity", "kind", "file", "line", "column", "key", "message",
                                             "remedy", NULL};
    cJSON *o = through_text(report_check_json(r), none);
    const cJSON *finding;

    (void)state;
    has_all(o, top);
    finding = cJSON_GetArrayItem(member(o, "findings"), 0);
    has_all(finding, of_finding);
    assert_string_equal(member(finding, "name")->valuestring, "IncorrectJSONConfigFile");
    assert_string_equal(member(finding, "kind")->valuestring, "schema");
    assert_int_equal(cJSON_GetArraySize(member(o, "fileSystems")), 2);
    cJSON_Delete(o);
}

static void moments(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},          {951782399, "2000-02-28T23:59:59.000Z"},
        {951782400, "2000-02-29T00:00:00.000Z"},  {951868800, "2000-03-01T00:00:00.000Z"},
        {1735689599, "2024-12-31T23:59:59.000Z"}, {4107542400, "2100-03-01T00:00:00.000Z"},
        {1795218061, "2026-11-20T23:41:01.000Z"},
    };
    static const char *const none[] = {NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON *o;

        r->started_realtime_ns = rows[i].seconds * 1000000000u;
        o = through_text(report_check_json(r), none);
        assert_string_equal(member(o, "startedAt")->valuestring, rows[i].text);
        cJSON_Delete(o);
    }
}

/* Memory that runs out at any moment: no object, no crash, nothing left behind. */
static int allocations;

static void *limited(size_t size)
{
    return allocations-- > 0 ? malloc(size) : NULL;
}

static void no_memory(void **state)
{
    cJSON_Hooks hooks = {.malloc_fn = limited, .free_fn = free};

    (void)state;
    cJSON_InitHooks(&hooks);
    for (int limit = 0;; limit++) {
        cJSON *run, *check;

        allocations = limit;
        run = report_run_json(r);
        allocations = limit;
        check = report_check_json(r);
        cJSON_Delete(run);
        cJSON_Delete(check);
        if (run && check)
            break;
        assert_true(limit < 10000);
    }
    cJSON_InitHooks(NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {T(run_object), T(snapshot), T(held), T(check_object), T(moments), T(no_memory)};
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
