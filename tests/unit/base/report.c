/*
 * A report that holds, and every way in which one may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>

#include "base/report.h"
#include "quiesce/outcome.h"

const char program_name[] = "test-report";

static struct report *r;

static void fill(void)
{
    memset(r, 0, offsetof(struct report, text) + 4096);
    r->version = REPORT_VERSION;
    memset(r->run_id, 'f', WIRE_RUN_ID_MAX - 1);
    r->message = report_text_add_string(r, "a message");
    r->documents_count = r->attempts_count = r->denied_count = r->fs_count = r->findings_count = r->plugins_count = 1;
    r->documents[0].path = r->message;
    r->hooks[0].used = 1;
    r->hooks[0].attempts_total = 1;
    r->attempts[0].number = 1;
    r->attempts[0].exit_code = -1;
    r->denied[0].count = 1;
    r->plugins[0].has_policy = 1;
    r->plugins[0].effective.head.usable = 1;
    r->plugins[0].effective.filter_length = 1;
    r->plugins[0].effective.filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    memcpy(r->fs[0].type, "ext4", 5);
}

static int begin(void **state)
{
    (void)state;
    r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED)
        return -1;
    fill();
    return 0;
}

static int end(void **state)
{
    (void)state;
    return munmap(r, sizeof(*r));
}

#define AT(member) #member, offsetof(struct report, member), sizeof(((struct report *)0)->member)

/* One member that is set to a value; the report must hold or not. */
static const struct row {
    const char *name;
    size_t offset, size;
    uint64_t value;
    bool valid;
} rows[] = {
    {AT(version), 0, false},
    {AT(version), 2, false},
    {AT(mode), MODE_EXPLAIN, true},
    {AT(mode), RUN_MODES, false},
    {AT(run_id[0]), 'g', false},
    {AT(run_id[0]), 0, false},
    {AT(run_id[WIRE_RUN_ID_MAX - 1]), 'a', false},
    {AT(continue_on_failure), 2, false},
    {AT(finished), 2, false},
    {AT(outcome), OUTCOME_INTERNAL, true},
    {AT(outcome), OUTCOMES, false},
    {AT(outcome), UINT32_MAX, false},
    {AT(grade), GRADE_NONE, true},
    {AT(grade), GRADES, false},
    {AT(exit_status), 255, true},
    {AT(exit_status), 256, false},
    {AT(snapshot.ran), 2, false},
    {AT(snapshot.exit_code), 256, false},
    {AT(snapshot.signal), 64, true},
    {AT(snapshot.signal), 65, false},
    {AT(held.held), 1, true},
    {AT(held.held), 2, false},
    {AT(held.released), 1, false},
    {AT(held.cause), RELEASE_LATE, true},
    {AT(held.cause), RELEASE_CAUSES, false},
    {AT(host_timeout_seconds), PLAN_TIMEOUT_MAX + 1, false},
    {AT(freeze_timeout_seconds), PLAN_FREEZE_TIMEOUT_MAX + 1, false},
    {AT(has_cgroup), 2, false},
    {AT(has_expedite), 2, false},
    {AT(has_record), 2, false},
    {AT(has_journal), 2, false},
    {AT(message.offset), 9, false},
    {AT(message.offset), UINT32_MAX, false},
    {AT(message.length), 10, false},
    {AT(message.length), UINT32_MAX, false},
    {AT(text_length), REPORT_TEXT_MAX + 1u, false},
    {AT(text_length), 8, false},
    {AT(text[3]), 0x1b, false},
    {AT(text[3]), 0, false},
    {AT(text[3]), 0xff, false},
    {AT(documents_count), WIRE_DOCUMENTS_MAX + WIRE_HOOKS_MAX + 1, false},
    {AT(documents[0].kind), DOC_KINDS, true},
    {AT(documents[0].kind), DOC_KINDS + 1, false},
    {AT(documents[0].present), 2, false},
    {AT(documents[0].path.length), 10, false},
    {AT(hooks[0].used), 2, false},
    {AT(hooks[0].used), 0, false}, /* an attempt of a hook that is not used */
    {AT(hooks[2].used), 1, false}, /* of a plugin that there is not */
    {AT(hooks[0].has_sha256), 2, false},
    {AT(hooks[0].failed), 2, false},
    {AT(hooks[0].skipped), 2, false},
    {AT(hooks[0].attempts_total), 0, false},
    {AT(hooks[31].plugin.length), 10, false},
    {AT(hooks[0].path.offset), 10, false},
    {AT(hooks[0].policy.length), 10, false},
    {AT(attempts_count), REPORT_ATTEMPTS_MAX + 1, false},
    {AT(attempts[0].slot), 1, false},
    {AT(attempts[0].slot), WIRE_HOOKS_MAX, false},
    {AT(attempts[0].number), 0, false},
    {AT(attempts[0].number), 2, false},
    {AT(attempts[0].ran), 2, false},
    {AT(attempts[0].timed_out), 2, false},
    {AT(attempts[0].recorder_full), 2, false},
    {AT(attempts[0].start_step), START_STEPS, false},
    {AT(attempts[0].exit_code), 255, true},
    {AT(attempts[0].exit_code), 256, false},
    {AT(attempts[0].exit_code), 0xfffffffe, false},
    {AT(attempts[0].signal), 65, false},
    {AT(attempts[0].out.head.length), 10, false},
    {AT(attempts[0].out.tail.length), 10, false},
    {AT(attempts[0].err.head.length), 10, false},
    {AT(attempts[0].err.tail.offset), 10, false},
    {AT(denied_count), REPORT_DENIED_MAX + 1, false},
    {AT(denied[0].attempt), 1, false},
    {AT(denied[0].error), 4096, false},
    {AT(denied[0].count), 0, false},
    {AT(denied[0].comm[0]), 0x1b, false},
    {AT(fs_count), PLAN_FS_MAX + 1, false},
    {AT(fs[0].skip), FS_SKIPS, false},
    {AT(fs[0].state), FS_STATES, false},
    {AT(fs[0].level), UINT32_MAX, false},
    {AT(fs[0].type[0]), 0x80, false},
    {AT(fs[0].mount_point.length), 10, false},
    {AT(fs[0].device.length), 10, false},
    {AT(findings_count), REPORT_FINDINGS_MAX + 1, false},
    {AT(findings[0].severity), FINDING_SEVERITIES, false},
    {AT(findings[0].kind), FINDING_KINDS, false},
    {AT(findings[0].file.length), 10, false},
    {AT(findings[0].key.length), 10, false},
    {AT(findings[0].message.length), 10, false},
    {AT(plugins_count), PLAN_PLUGINS_MAX + 1, false},
    {AT(plugins[0].used), 2, false},
    {AT(plugins[0].continue_on_failure), 2, false},
    {AT(plugins[0].freeze), 2, false},
    {AT(plugins[0].has_policy), 2, false},
    {AT(plugins[0].timeout_seconds), PLAN_TIMEOUT_MAX + 1, false},
    {AT(plugins[0].poll_seconds), PLAN_POLL_MAX + 1, false},
    {AT(plugins[0].grace_seconds), PLAN_GRACE_MAX + 1, false},
    {AT(plugins[0].name.length), 10, false},
    {AT(plugins[0].app_name.length), 10, false},
    {AT(plugins[0].config_path.length), 10, false},
    {AT(plugins[0].policy.length), 10, false},
    {AT(plugins[0].user.length), 10, false},
    {AT(plugins[0].effective.head.usable), 0, false}, /* then nothing else would be looked at */
    {AT(plugins[0].effective.filter_length), POLICY_FILTER_MAX + 1, false},
    {AT(plugins[0].effective.paths_count), POLICY_PATHS_MAX + 1, false},
};

static void members(void **state)
{
    (void)state;
    assert_true(report_valid(r, sizeof(*r)));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fill();
        memcpy((char *)r + rows[i].offset, &rows[i].value, rows[i].size < 8 ? rows[i].size : 8);
        if (report_valid(r, sizeof(*r)) != rows[i].valid)
            fail_msg("%s = %llu", rows[i].name, (unsigned long long)rows[i].value);
    }
    fill();
    memset(r->denied[0].comm, 'x', sizeof(r->denied[0].comm));
    assert_false(report_valid(r, sizeof(*r)));
    fill();
    memset(r->fs[0].type, 'x', sizeof(r->fs[0].type));
    assert_false(report_valid(r, sizeof(*r)));
    fill();
    assert_false(report_valid(r, sizeof(*r) - 1));
    assert_false(report_valid(r, 0));
}

static void adding(void **state)
{
    struct report_text t;

    (void)state;
    t = report_text_add(r, "\x1b!", 2);
    assert_int_equal(t.length, 4);
    assert_memory_equal(r->text + t.offset, "\xef\xbf\xbd!", 4);
    /* a full report takes what fits, and then nothing */
    r->text_length = REPORT_TEXT_MAX - 5;
    t = report_text_add(r, "abcdefgh", 8);
    assert_int_equal(t.length, 4);
    t = report_text_add(r, "abcdefgh", 8);
    assert_int_equal(t.length, 0);
    assert_true(r->text_length <= REPORT_TEXT_MAX);
    r->text_length = REPORT_TEXT_MAX;
    t = report_text_add(r, "abc", 3);
    assert_int_equal(t.length, 0);
    assert_int_equal(t.offset, REPORT_TEXT_MAX);
}

static void putting(void **state)
{
    uint32_t room = 0;
    struct report_text t = report_text_put(r, (struct report_text){0, 0}, &room, "0123456789", 10), next, again;

    (void)state;
    next = report_text_add_string(r, "neighbour");
    assert_int_equal(room, 10);
    again = report_text_put(r, t, &room, "abc", 3);
    assert_int_equal(again.offset, t.offset);
    assert_int_equal(again.length, 3);
    again = report_text_put(r, again, &room, "0123", 4); /* might grow to 12 */
    assert_true(again.offset > next.offset);
    assert_memory_equal(r->text + next.offset, "neighbour", 9);
    assert_memory_equal(r->text + again.offset, "0123", 4);
    assert_true(report_valid(r, sizeof(*r)));
}

static void findings(void **state)
{
    const struct finding f = {.code = 305, .severity = FINDING_ERROR, .kind = FINDING_VALUE, .line = 3, .message = "wrong"};

    (void)state;
    for (int i = 0; i < REPORT_FINDINGS_MAX + 10; i++)
        report_finding_add(r, &f, "/etc/x");
    assert_int_equal(r->findings_count, REPORT_FINDINGS_MAX);
    assert_int_equal(r->findings[1].line, 3);
    assert_memory_equal(r->text + r->findings[REPORT_FINDINGS_MAX - 1].message.offset, "there are more", 14);
    assert_true(report_valid(r, sizeof(*r)));
}

static void dropping(void **state)
{
    (void)state;
    r->denied_count = 4;
    for (uint32_t i = 0; i < 4; i++) {
        r->denied[i].attempt = i % 2;
        r->denied[i].count = i + 1;
    }
    report_denied_drop(r, 0);
    assert_int_equal(r->denied_count, 2);
    assert_int_equal(r->denied[0].count, 2);
    assert_int_equal(r->denied[1].count, 4);
    assert_int_equal(r->denied[2].count, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {T(members), T(adding), T(putting), T(findings), T(dropping)};
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
