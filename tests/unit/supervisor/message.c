/*
 * The sentence that a run ends with: what its outcome means, and what it was this time.
 */
#include "supervisor/loading.h"

static void frozen_run(uint32_t snapshot_exit)
{
    freeze(FREEZE_OK);
    ready(1);
    release(snapshot_exit);
    thaw();
}

static void all_well(void)
{
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    frozen_run(0);
    run_script(POST, 1, 0);
}

static void pre_fails(void)
{
    load(&(struct setup){.retries = 1});
    run_script(PRE, 1, 1);
    run_script(PRE, 2, 3);
    frozen_run(0);
    run_script(POST, 1, 0);
}

static void post_not_started(void)
{
    const struct msg_started failed = {.slot = POST, .attempt = 1, .error = ENOMEM, .step = START_FORK};

    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    frozen_run(0);
    (void)hear(w.launcher, MSG_START);
    say(w.launcher, MSG_STARTED, &failed, NULL, 0);
}

static void snapshot_fails(void)
{
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    frozen_run(127);
    run_script(POST, 1, 0);
}

static void freeze_fails(enum allow_crash allow)
{
    load(&(struct setup){.allow_crash = allow});
    run_script(PRE, 1, 0);
    freeze(FREEZE_FAILED);
    if (allow == CRASH_ALWAYS) {
        ready(0);
        release(0);
    }
    run_script(POST, 1, 0);
}

static void not_frozen(void)
{
    freeze_fails(CRASH_NEVER);
}

static void crash_consistent(void)
{
    freeze_fails(CRASH_ALWAYS);
}

static void deadline(void)
{
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    thawed(THAW_DEADLINE);
    release(0);
    run_script(POST, 1, 0);
}

static void bad_value(void)
{
    load(&(struct setup){.with_unusable = true, .unusable = DOC_PLUGIN});
    frozen_run(0);
}

static void missing_script(void)
{
    load(&(struct setup){.missing_post = true});
    frozen_run(0);
}

static void nothing_to_do(void)
{
    load(&(struct setup){.no_plugins = true, .no_fsfreeze = true, .allow_crash = CRASH_NEVER});
}

static void no_script_given(void)
{
    load(&(struct setup){.missing_post = true, .no_post_path = true});
    frozen_run(0);
}

static const struct {
    void (*happens)(void);
    const char *message;
} rows[] = {
    {all_well, "The snapshot is application-consistent."},
    {pre_fails, "A pre-script failed after all its tries (plugin 'plugin0', attempt 2: exit status 3)."},
    {post_not_started, "A post-script failed after all its tries "
                       "(plugin 'plugin0', attempt 1: it could not be started: fork: Cannot allocate memory)."},
    {snapshot_fails, "The snapshot command failed (exit status 127)."},
    {not_frozen, "A file system could not be frozen; nothing is left frozen "
                 "(/data/inner: cannot be frozen: file systems of its type have no freeze)."},
    {crash_consistent, "The snapshot was taken without a freeze and is crash-consistent "
                       "(/data/inner: cannot be frozen: file systems of its type have no freeze)."},
    {deadline, "The deadline thawed the file systems before the snapshot was over; the snapshot must not be used "
               "(the snapshot command was not over after 60 s)."},
    {bad_value, "A plugin configuration, or a document it names, cannot be used; no script was run "
                "(/etc/azure/plugin.json:3:14: timeoutInSeconds: must be 1 to 1800)."},
    {missing_script, "A post-script does not exist; no script was run (/post: file '/post' does not exist)."},
    {no_script_given, "A post-script does not exist; no script was run "
                      "(/etc/azure/plugin.json: postScriptLocation: no path is given)."},
    {nothing_to_do, "A file system could not be frozen; nothing is left frozen (there is no script and nothing to "
                    "freeze, and a crash-consistent snapshot is not allowed)."},
};

static void messages(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct msg_result *m;
        char text[1280];

        if (i > 0) {
            (void)end(state);
            (void)begin(state);
        }
        rows[i].happens();
        m = hear(w.front, MSG_RESULT);
        report_seen = mmap(NULL, sizeof(*report_seen), PROT_READ, MAP_PRIVATE, w.packet.fds[0], 0);
        assert_ptr_not_equal(report_seen, MAP_FAILED);
        assert_true(m->outcome < OUTCOMES);
        snprintf(text, sizeof(text), "%.*s", (int)report_seen->message.length,
                 report_seen->text + report_seen->message.offset);
        assert_string_equal(text, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(messages, begin, end)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
