/*
 * The mount table has changed when the freeze is asked for: what follows, and what if
 * somebody is gone by then or says what he may not.
 */
#include "supervisor/loading.h"

/* What is mounted, of /data (0), /data/inner (1) on it, and /new (2). */
static void mounts_now(unsigned which)
{
    static const struct {
        uint32_t major, minor;
        const char *point, *source;
    } rows[] = {{254, 16, "/data", "/dev/vdb"}, {7, 0, "/data/inner", "/dev/loop0"}, {254, 32, "/new", "/dev/vdc"}};
    static struct mount_plan mounts;

    memset(&mounts, 0, sizeof(mounts));
    mounts.head.usable = 1;
    for (unsigned i = 0; i < 3; i++) {
        struct fs_entry *e = &mounts.entries[mounts.count];

        if ((which >> i & 1) == 0)
            continue;
        *e = (struct fs_entry){.major = rows[i].major, .minor = rows[i].minor, .mount_points = 1, .type = "ext4"};
        e->mount_point = mounts.text_length;
        mounts.text_length += (uint32_t)strlen(strcpy(mounts.text + mounts.text_length, rows[i].point)) + 1;
        e->source = mounts.text_length;
        mounts.text_length += (uint32_t)strlen(strcpy(mounts.text + mounts.text_length, rows[i].source)) + 1;
        mounts.count++;
    }
    document(DOC_MOUNTS, UINT32_MAX, 0, "/proc/self/mountinfo", &mounts);
}

static void topology(bool failed)
{
    static struct msg_topology m = {.count = 1, .devices = {{7, 0, 254, 16, BELOW_NUMBER}}};

    m.failed = failed;
    (void)hear(w.front, MSG_SURVEY);
    say(w.front, MSG_TOPOLOGY, &m, NULL, 0);
}

/* Up to the first FREEZE. */
static void begin_freeze(enum allow_crash allow)
{
    load(&(struct setup){.allow_crash = allow});
    run_script(PRE, 1, 0);
    assert_int_equal(((const struct msg_freeze *)hear(w.monitor, MSG_FREEZE))->count, 2);
}

/* The second one, which is done. */
static void frozen(uint32_t count)
{
    static struct msg_freeze_state m;
    const struct msg_freeze *asked = hear(w.monitor, MSG_FREEZE);

    assert_int_equal(asked->count, count);
    memset(&m, 0, sizeof(m));
    m.word = FREEZE_OK;
    m.count = count;
    m.deadline_boottime_ns = 77;
    for (uint32_t i = 0; i < count; i++)
        m.results[i] = (struct fs_result){.index = asked->targets[i].index, .state = FS_FROZEN};
    say(w.monitor, MSG_FROZEN, &m, NULL, 0);
    ready(1);
    release(0);
    (void)hear(w.monitor, MSG_THAW);
    m.word = THAW_ASKED;
    for (uint32_t i = 0; i < count; i++)
        m.results[i].state = FS_THAWED;
    say(w.monitor, MSG_THAWED, &m, NULL, 0);
    run_script(POST, 1, 0);
}

static bool says(const struct report *r, const char *file, const char *message)
{
    for (uint32_t i = 0; i < r->findings_count; i++) {
        const struct report_finding *f = &r->findings[i];

        if (f->file.length == strlen(file) && memcmp(r->text + f->file.offset, file, f->file.length) == 0 &&
            memmem(r->text + f->message.offset, f->message.length, message, strlen(message)))
            return true;
    }
    return false;
}

static void one_appears(void **state)
{
    const struct report *r;

    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(7);
    topology(false);
    frozen(3);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_true(says(r, "/new", "has been mounted since the run began"));
    assert_int_equal(r->fs_count, 3);
    finished(true);
}

static void one_vanishes(void **state)
{
    const struct report *r;

    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(1);
    topology(false);
    frozen(1);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_true(says(r, "/data/inner", "has been unmounted since the run began"));
    assert_int_equal(r->fs_count, 1);
    finished(true);
}

/* Nothing is left, and nothing of what it would be worth is known. */
static void all_vanish(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(0);
    topology(false);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_FREEZE_FAILED, 21, GRADE_NONE);
    finished(true);
}

static void all_vanish_crash_allowed(void **state)
{
    (void)state;
    begin_freeze(CRASH_ALWAYS);
    mounts_now(0);
    topology(false);
    ready(0);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_CRASH_CONSISTENT, 11, GRADE_CRASH);
    finished(true);
}

static void topology_fails(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(3);
    topology(true);
    run_script(POST, 1, 0);
    assert_true(says(result(OUTCOME_FREEZE_FAILED, 21, GRADE_NONE), "", "cannot be told any more"));
    finished(true);
}

static void parser_dies(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    document(DOC_MOUNTS, UINT32_MAX, 0, "/proc/self/mountinfo", NULL);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_FREEZE_FAILED, 21, GRADE_NONE);
    finished(true);
}

static void table_is_spoiled(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    spoiled(&(struct setup){0}, DOC_MOUNTS, UINT32_MAX, "/proc/self/mountinfo");
    run_script(POST, 1, 0);
    (void)result(OUTCOME_FREEZE_FAILED, 21, GRADE_NONE);
    finished(true);
}

/* ---- somebody is gone ----------------------------------------------------------------- */

static void front_dies(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(3);
    (void)hear(w.front, MSG_SURVEY);
    close(w.front);
    pump();
    w.run.silence.expired(&w.run, &w.run.silence);
    assert_false(w.run.abandoned);
    run_script(POST, 1, 0);
    (void)hear(w.monitor, MSG_DONE);
    assert_true(w.ended);
}

/* Stopped, it may be.  Nothing is frozen, so no deadline runs; the applications do not wait for it. */
static void front_is_silent(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(3);
    (void)hear(w.front, MSG_SURVEY);
    assert_true(w.run.silence.source.open);
    w.run.silence.expired(&w.run, &w.run.silence);
    run_script(POST, 1, 0);
    (void)hear(w.monitor, MSG_DONE);
    assert_true(w.ended);
}

/* It is waited for what the front says, and then there is no freeze. */
static void launcher_dies(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(3);
    close(w.launcher);
    pump();
    topology(false);
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    finished(true);
}

static void monitor_dies(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    mounts_now(3);
    close(w.monitor);
    pump();
    topology(false);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    assert_true(w.ended);
}

/* ---- what ends the process ----------------------------------------------------------------- */

/* In a child: what is done must make it end with status 70. */
static void is_fatal(void (*act)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        close(2);
        act();
        for (;;)
            pump();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
}

static void send_other_document(void)
{
    static struct msg_document d = {.kind = DOC_VMBACKUP, .plugin = UINT32_MAX, .walk.verdict = WALK_MISSING};

    (void)wire_send(w.monitor, MSG_DOCUMENT, &d, NULL, 0);
}

static void send_third_topology(void)
{
    static const struct msg_topology m;

    (void)wire_send(w.front, MSG_TOPOLOGY, &m, NULL, 0);
}

static void send_wild_topology(void)
{
    static const struct msg_topology m = {.count = PLAN_BELOW_MAX + 1};

    (void)wire_send(w.front, MSG_TOPOLOGY, &m, NULL, 0);
}

static void send_wild_kind(void)
{
    static const struct msg_topology m = {.count = 1, .devices = {{.kind = BELOW_KINDS}}};

    (void)wire_send(w.front, MSG_TOPOLOGY, &m, NULL, 0);
}

static void survey_again(void)
{
    mounts_now(3);
}

static void fatal_ones(void **state)
{
    (void)state;
    begin_freeze(CRASH_AUTO);
    is_fatal(send_other_document);
    is_fatal(send_third_topology); /* nobody has asked yet */
    mounts_now(3);
    (void)hear(w.front, MSG_SURVEY);
    is_fatal(send_wild_topology);
    is_fatal(send_wild_kind);
    say(w.front, MSG_TOPOLOGY, &(struct msg_topology){.count = 0}, NULL, 0);
    (void)hear(w.monitor, MSG_FREEZE);
    is_fatal(survey_again);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(one_appears), T(one_vanishes), T(all_vanish), T(all_vanish_crash_allowed), T(topology_fails), T(parser_dies),
        T(table_is_spoiled), T(front_dies), T(front_is_silent), T(launcher_dies), T(monitor_dies), T(fatal_ones),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
