/*
 * The state machine, driven from outside by a monitor, a launcher, a keeper and a
 * front that are this test: whole runs, and runs in which something goes wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/message.h"
#include "supervisor/run.h"

const char program_name[] = "test-supervisor";

enum { SCRIPTS = PLAN_PLUGINS_MAX * PHASES, PATIENCE_MS = 15000 };

/* One attempt's ends that a keeper and a hook would hold. */
struct keeper {
    int report, out, err;
};

static struct world {
    struct run run;
    struct wire_buffer buffer;
    struct wire_packet packet;
    int monitor, front, launcher, report, journal;
    bool ended;
    struct keeper keepers[SCRIPTS];
    unsigned progress;
    char warning[256];
} w;

static struct report *report_seen;

/* ---- the world ------------------------------------------------------------------- */

static int pair(int *mine)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    *mine = ends[0];
    return ends[1];
}

static int begin(void **state)
{
    static char name[] = "/tmp/quiesce-test-journal-XXXXXX";
    char path[sizeof(name)];
    struct run_fds fds;

    (void)state;
    memset(&w, 0, sizeof(w));
    memcpy(path, name, sizeof(name));
    w.journal = mkstemp(path);
    assert_true(w.journal >= 0);
    fds.monitor = pair(&w.monitor);
    fds.front = pair(&w.front);
    fds.launcher = pair(&w.launcher);
    w.report = memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(w.report, sizeof(struct report)), 0);
    fds.report = w.report;
    fds.journal_append = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    fds.journal_read = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    run_start(&w.run, &fds);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (report_seen)
        munmap(report_seen, sizeof(*report_seen));
    report_seen = NULL;
    for (int fd = 3; fd < 512; fd++)
        (void)close(fd);
    return 0;
}

/* Lets the supervisor handle what there is. */
static void pump(void)
{
    struct pollfd p = {.fd = w.run.loop.epoll, .events = POLLIN};

    while (!w.ended && poll(&p, 1, 0) > 0)
        w.ended = !run_turn(&w.run);
}

static void say(int fd, uint32_t type, const void *body, const int *fds, unsigned count)
{
    assert_int_equal(wire_send(fd, type, body, fds, count), 0);
    pump();
}

/* Waits until the supervisor has sent a message of this type; PROGRESS is passed over. */
static const void *hear(int fd, uint32_t type)
{
    uint64_t until = clock_monotonic_ns() + PATIENCE_MS * NS_PER_MS;

    while (clock_monotonic_ns() < until) {
        struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = w.ended ? -1 : w.run.loop.epoll, .events = POLLIN}};

        assert_true(poll(p, 2, PATIENCE_MS) > 0);
        if (p[0].revents) {
            assert_int_equal(wire_receive(fd, &w.buffer, &w.packet), 1);
            if (w.packet.type == MSG_PROGRESS) {
                const struct msg_progress *m = w.packet.body;

                w.progress++;
                if (m->kind == PROGRESS_WARNING)
                    memcpy(w.warning, m->text, sizeof(w.warning));
                continue;
            }
            assert_string_equal(wire_name(w.packet.type), wire_name(type));
            return w.packet.body;
        }
        pump();
    }
    fail_msg("%s did not come", wire_name(type));
    return NULL;
}

/* ---- what is loaded ------------------------------------------------------------------ */

struct setup {
    uint32_t mode, retries, timeout, grace, host_timeout, plugins;
    bool not_continue, not_freeze, forbid_survivors, missing_post;
    enum allow_crash allow_crash;
};

static int sealed(const char *text)
{
    int fd = memfd_create("document", MFD_CLOEXEC);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

static void document(uint32_t kind, uint32_t plugin, uint32_t phase, const char *path, const void *answer)
{
    static struct msg_document d;
    int fd = sealed(path);

    memset(&d, 0, sizeof(d));
    d.kind = kind;
    d.plugin = plugin;
    d.phase = phase;
    d.answered = answer != NULL;
    strcpy(d.path, path);
    say(w.monitor, MSG_DOCUMENT, &d, &fd, 1);
    close(fd);
    if (answer)
        say(w.monitor, WIRE_ANSWER(kind), answer, NULL, 0);
}

static void absent(uint32_t kind, uint32_t plugin, uint32_t phase, const char *path)
{
    static struct msg_document d;

    memset(&d, 0, sizeof(d));
    d.kind = kind;
    d.plugin = plugin;
    d.phase = phase;
    d.walk.verdict = WALK_MISSING;
    strcpy(d.path, path);
    strcpy(d.walk.component, path);
    say(w.monitor, MSG_DOCUMENT, &d, NULL, 0);
}

static void load_plugin(const struct setup *s, uint32_t index)
{
    static struct plugin_plan plan;
    static struct policy_plan policy;

    memset(&plan, 0, sizeof(plan));
    plan.head.usable = 1;
    snprintf(plan.name, sizeof(plan.name), "plugin%u", index);
    strcpy(plan.policy, "default");
    plan.continue_on_failure = !s->not_continue;
    plan.freeze = !s->not_freeze;
    plan.timeout_seconds = s->timeout ? s->timeout : 30;
    plan.poll_seconds = 1;
    plan.grace_seconds = s->grace;
    plan.scripts[PHASE_PRE].retries = plan.scripts[PHASE_POST].retries = s->retries;
    strcpy(plan.scripts[PHASE_PRE].path, "/pre");
    strcpy(plan.scripts[PHASE_POST].path, "/post");
    document(DOC_PLUGIN, index, 0, "/etc/azure/plugin.json", &plan);

    memset(&policy, 0, sizeof(policy));
    policy.head.usable = 1;
    policy.flags = s->forbid_survivors ? POLICY_FORBID_SURVIVORS : 0;
    policy.filter_length = 1;
    policy.filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES);
    document(DOC_POLICY, index, 0, "/usr/share/policy/default.json", &policy);
    document(DOC_KINDS, index, PHASE_PRE, "/pre", NULL);
    if (s->missing_post)
        absent(DOC_KINDS, index, PHASE_POST, "/post");
    else
        document(DOC_KINDS, index, PHASE_POST, "/post", NULL);
}

static void load_mounts(void)
{
    static struct mount_plan mounts;
    static const char text[] = "/data\0/dev/vdb\0/data/inner\0/dev/loop0";

    memset(&mounts, 0, sizeof(mounts));
    mounts.head.usable = 1;
    mounts.count = 2;
    memcpy(mounts.text, text, sizeof(text));
    mounts.text_length = sizeof(text);
    mounts.entries[0] = (struct fs_entry){.major = 254, .minor = 16, .type = "ext4", .mount_point = 0, .source = 6};
    mounts.entries[1] = (struct fs_entry){.major = 7, .minor = 0, .type = "xfs", .mount_point = 15, .source = 27};
    document(DOC_MOUNTS, UINT32_MAX, 0, "/proc/self/mountinfo", &mounts);
}

static void load(const struct setup *s)
{
    static struct msg_options options;
    static struct host_plan host;
    static const struct msg_topology topology = {.count = 1, .devices = {{7, 0, 254, 16}}};
    struct msg_loaded loaded = {.has_cgroup = 0, .has_expedite = 1, .has_journal = 1};

    memset(&options, 0, sizeof(options));
    strcpy(options.run_id, "0123456789abcdef0123456789abcdef");
    options.mode = (uint8_t)s->mode;
    options.allow_crash = (uint8_t)s->allow_crash;
    say(w.front, MSG_OPTIONS, &options, NULL, 0);
    say(w.front, MSG_TOPOLOGY, &topology, NULL, 0);
    absent(DOC_VMBACKUP, UINT32_MAX, 0, "/etc/azure/vmbackup.conf");
    memset(&host, 0, sizeof(host));
    host.head.usable = 1;
    host.timeout_seconds = s->host_timeout ? s->host_timeout : 1800;
    document(DOC_HOST, UINT32_MAX, 0, "/etc/azure/host.conf", &host);
    for (uint32_t i = 0; i < (s->plugins ? s->plugins : 1); i++)
        load_plugin(s, i);
    load_mounts();
    say(w.monitor, MSG_LOADED, &loaded, NULL, 0);
}

/* ---- the launcher's part ----------------------------------------------------------------- */

/* Waits for START of a slot, and starts: the keeper's ends stay here. */
static struct keeper *start(uint32_t slot, uint32_t attempt)
{
    const struct msg_start *m = hear(w.launcher, MSG_START);
    struct msg_started started = {.slot = slot, .attempt = attempt};
    struct msg_execed execed = {.pid = 4242, .layers = 7};
    struct keeper *k = &w.keepers[slot];
    int fds[3], out[2], err[2], handed[2];

    assert_int_equal(m->slot, slot);
    assert_int_equal(m->attempt, attempt);
    fds[0] = pair(&k->report);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    fds[1] = out[0];
    fds[2] = err[0];
    k->out = out[1];
    k->err = err[1];
    say(w.launcher, MSG_STARTED, &started, fds, 3);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
    assert_int_equal(pipe(handed), 0); /* stand for pidfd and listener */
    say(k->report, MSG_EXECED, &execed, handed, 2);
    close(handed[0]);
    close(handed[1]);
    return k;
}

static void close_keeper(struct keeper *k)
{
    close(k->out);
    close(k->err);
    close(k->report);
    pump();
}

static void exits(struct keeper *k, int32_t code, uint32_t signal, uint32_t left)
{
    struct msg_exited exited = {.code = code, .signal = signal, .cpu_us = 1500, .max_rss_kib = 2048, .left = left};

    say(k->report, MSG_EXITED, &exited, NULL, 0);
    if (!left)
        close_keeper(k);
}

static void run_script(uint32_t slot, uint32_t attempt, int32_t code)
{
    exits(start(slot, attempt), code, 0, 0);
}

/* ---- the monitor's part -------------------------------------------------------------------- */

static struct fs_result results[2];

static void freeze(enum freeze_verdict verdict)
{
    static struct msg_freeze_state frozen;
    const struct msg_freeze *m = hear(w.monitor, MSG_FREEZE);

    assert_int_equal(m->count, 2);
    assert_int_equal(m->targets[0].index, 1); /* the loop device's file system first */
    assert_int_equal(m->targets[0].level, 0);
    assert_int_equal(m->targets[1].index, 0);
    assert_int_equal(m->targets[1].level, 1);
    assert_int_equal(m->timeout_ms, 60000);
    memset(&frozen, 0, sizeof(frozen));
    frozen.word = verdict;
    frozen.count = 2;
    frozen.deadline_boottime_ns = 77;
    for (uint32_t i = 0; i < 2; i++)
        results[i] = (struct fs_result){.index = m->targets[i].index, .state = FS_FROZEN, .freeze_ns = 1000};
    if (verdict != FREEZE_OK) {
        results[0].freeze_error = EOPNOTSUPP;
        results[0].state = FS_REFUSED;
        results[1].state = FS_IDLE;
    }
    memcpy(frozen.results, results, sizeof(results));
    say(w.monitor, MSG_FROZEN, &frozen, NULL, 0);
}

static void thawed(enum thaw_reason reason)
{
    static struct msg_freeze_state m;

    m.word = reason;
    m.count = 2;
    for (uint32_t i = 0; i < 2; i++)
        results[i].state = FS_THAWED;
    memcpy(m.results, results, sizeof(results));
    say(w.monitor, MSG_THAWED, &m, NULL, 0);
}

static void thaw(void)
{
    (void)hear(w.monitor, MSG_THAW);
    thawed(THAW_ASKED);
}

/* ---- the front's part ------------------------------------------------------------------------- */

static void ready(uint8_t frozen)
{
    const struct msg_ready *m = hear(w.front, MSG_READY);

    assert_int_equal(m->frozen, frozen);
    assert_int_equal(m->deadline_boottime_ns, frozen ? 77 : 0);
}

static void release(uint32_t code)
{
    struct msg_release m = {.exit_code = code, .duration_ns = 5};

    say(w.front, MSG_RELEASE, &m, NULL, 0);
}

static const struct report *result(enum outcome outcome, int exit_status, enum grade grade)
{
    const struct msg_result *m = hear(w.front, MSG_RESULT);
    int fd = w.packet.fds[0];

    assert_string_equal(outcome_table[m->outcome].id, outcome_table[outcome].id);
    assert_int_equal(m->exit_status, exit_status);
    assert_int_equal(w.packet.fds_count, 1);
    assert_int_equal(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
    report_seen = mmap(NULL, sizeof(*report_seen), PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(report_seen, MAP_FAILED);
    close(fd);
    assert_true(report_valid(report_seen, sizeof(*report_seen)));
    assert_int_equal(report_seen->outcome, outcome);
    assert_int_equal(report_seen->grade, grade);
    assert_int_equal(report_seen->finished, 1);
    return report_seen;
}

static void finished(bool with_done)
{
    if (with_done) {
        (void)hear(w.monitor, MSG_DONE);
        close(w.monitor);
        pump();
    }
    assert_true(w.ended);
}

enum { PRE = WIRE_SLOT(0, PHASE_PRE), POST = WIRE_SLOT(0, PHASE_POST) };

/* ---- runs ------------------------------------------------------------------------------------------ */

static void whole_run(void **state)
{
    char line[4] = "";
    const struct report *r;
    struct keeper *k;

    (void)state;
    load(&(struct setup){0});
    k = start(PRE, 1);
    assert_int_equal(write(k->out, "hello\n", 6), 6);
    assert_int_equal(write(k->err, "\xff" "bad", 4), 4);
    exits(k, 0, 0, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    assert_int_equal(hear(w.launcher, MSG_START) != NULL, 1);
    assert_int_equal(((const struct msg_start *)w.packet.body)->pre_result, PRE_SUCCEEDED);
    assert_int_equal(((const struct msg_start *)w.packet.body)->snapshot_result, SNAPSHOT_TAKEN);
    /* a launcher that cannot start it */
    {
        struct msg_started failed = {.slot = POST, .attempt = 1, .error = ENOMEM, .step = START_FORK};

        say(w.launcher, MSG_STARTED, &failed, NULL, 0);
    }
    r = result(OUTCOME_POST_FAILED, 10, GRADE_FILE_SYSTEM);
    assert_int_equal(r->attempts_count, 2);
    assert_int_equal(r->attempts[0].exit_code, 0);
    assert_int_equal(r->attempts[0].out.bytes, 6);
    assert_memory_equal(r->text + r->attempts[0].out.head.offset, "hello\n", 6);
    assert_int_equal(r->attempts[0].err.head.length, 6);
    assert_int_equal(r->attempts[1].ran, 0);
    assert_int_equal(r->attempts[1].start_error, ENOMEM);
    assert_int_equal(r->fs_count, 2);
    assert_int_equal(r->fs[1].state, FS_THAWED);
    assert_true(r->step_at_ns[STEP_THAW] > r->step_at_ns[STEP_SNAPSHOT]);
    assert_true(w.progress > 6);
    finished(true);
    assert_int_equal(pread(w.journal, line, 3, 0), 3);
    assert_string_equal(line, "{\"p");
}

static void success(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.plugins = 2});
    (void)start(PRE, 1);
    run_script(WIRE_SLOT(1, PHASE_PRE), 1, 0);
    exits(&w.keepers[PRE], 0, 0, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    run_script(WIRE_SLOT(1, PHASE_POST), 1, 0);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_int_equal(r->plugins_count, 2);
    finished(true);
}

static void retries(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.retries = 2});
    run_script(PRE, 1, 1);
    run_script(PRE, 2, 1);
    run_script(PRE, 3, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_int_equal(r->hooks[PRE].attempts_total, 3);
    finished(true);
}

static void many_retries(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.retries = 40, .not_continue = true});
    for (uint32_t i = 1; i <= 41; i++) {
        struct keeper *k = start(PRE, i);

        assert_int_equal(dprintf(k->out, "attempt %u", i) > 0, 1);
        exits(k, 9, 0, 0);
    }
    run_script(POST, 1, 0);
    r = result(OUTCOME_PRE_FAILED, 20, GRADE_NONE);
    assert_int_equal(r->hooks[PRE].attempts_total, 41);
    assert_int_equal(r->attempts_count, REPORT_ATTEMPTS_PER_HOOK + 1);
    for (uint32_t i = 0; i < REPORT_ATTEMPTS_PER_HOOK; i++) {
        char text[32];
        int n = snprintf(text, sizeof(text), "attempt %u", r->attempts[i].number);

        assert_true(r->attempts[i].number <= 8 || r->attempts[i].number >= 34);
        assert_int_equal(r->attempts[i].out.head.length, n);
        assert_memory_equal(r->text + r->attempts[i].out.head.offset, text, (size_t)n);
    }
    finished(true);
}

static void pre_failed(void **state)
{
    (void)state;
    load(&(struct setup){.retries = 1});
    run_script(PRE, 1, 1);
    run_script(PRE, 2, 3);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    (void)result(OUTCOME_PRE_FAILED, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void pre_failed_without_freeze(void **state)
{
    (void)state;
    load(&(struct setup){.not_freeze = true});
    run_script(PRE, 1, 1);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_PRE_FAILED, 20, GRADE_NONE);
    finished(true);
}

static void without_freeze(void **state)
{
    (void)state;
    load(&(struct setup){.not_freeze = true});
    run_script(PRE, 1, 0);
    ready(0);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    finished(true);
}

/* TERM, which is ignored, then KILL when the grace is over. */
static void timeout(void **state)
{
    uint64_t began = clock_monotonic_ns();
    const struct report *r;
    struct keeper *k;

    (void)state;
    load(&(struct setup){.timeout = 1, .grace = 1, .retries = 5});
    k = start(PRE, 1);
    assert_int_equal(((const struct msg_slot *)hear(w.launcher, MSG_TERM))->slot, PRE);
    assert_true(clock_monotonic_ns() - began >= NS_PER_S);
    assert_int_equal(((const struct msg_slot *)hear(w.launcher, MSG_KILL))->slot, PRE);
    assert_true(clock_monotonic_ns() - began >= 2 * NS_PER_S);
    exits(k, -1, 9, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    assert_int_equal(((const struct msg_start *)hear(w.launcher, MSG_START))->pre_result, PRE_TIMED_OUT);
    close(w.launcher); /* and then the launcher dies */
    pump();
    r = result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    assert_int_equal(r->attempts[0].timed_out, 1);
    assert_int_equal(r->attempts[0].signal, 9);
    finished(true);
}

static void host_timeout(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){.timeout = 30, .host_timeout = 1, .grace = 5});
    k = start(PRE, 1);
    (void)hear(w.launcher, MSG_TERM);
    exits(k, -1, 15, 0); /* it obeys */
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    (void)result(OUTCOME_HOST_PRE_TIMEOUT, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void survivors(void **state)
{
    const struct report *r;
    struct keeper *k;

    (void)state;
    load(&(struct setup){0});
    k = start(PRE, 1);
    exits(k, 0, 0, 1);
    freeze(FREEZE_OK);
    ready(1);
    assert_int_equal(write(k->out, "still here", 10), 10);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    assert_int_equal(((const struct msg_slot *)hear(w.launcher, MSG_KILL))->slot, PRE);
    close_keeper(k);
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    assert_int_equal(r->attempts[0].survivors, 1);
    assert_int_equal(r->attempts[0].out.bytes, 10);
    finished(true);
}

static void forbidden_survivors(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){.forbid_survivors = true});
    k = start(PRE, 1);
    exits(k, 0, 0, 1);
    (void)hear(w.launcher, MSG_KILL);
    close_keeper(k);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    run_script(POST, 1, 0);
    (void)result(OUTCOME_PRE_FAILED, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void left_by_post(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    k = start(POST, 1);
    exits(k, 0, 0, 1);
    (void)hear(w.launcher, MSG_KILL);
    close_keeper(k);
    (void)result(OUTCOME_APP_CONSISTENT, 0, GRADE_APPLICATION);
    finished(true);
}

static void monitor_dies(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    close(w.monitor);
    pump();
    run_script(POST, 1, 0);
    release(0); /* the snapshot command ends meanwhile: taken, and then nothing is wrong with the message */
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    assert_true(strstr(w.warning, "monitor") != NULL);
    finished(false);
}

static void launcher_dies_while_frozen(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    close(w.launcher);
    pump();
    thaw();
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    finished(true);
}

static void guardian_dies(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    thawed(THAW_GUARDIAN_GONE);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_INTERNAL, 70, GRADE_NONE);
    finished(true);
}

static void deadline(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    thawed(THAW_DEADLINE);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_FREEZE_TIMEOUT, 22, GRADE_NONE);
    assert_true(strstr(w.warning, "deadline") != NULL);
    finished(true);
}

static void snapshot_fails(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    release(3);
    thaw();
    assert_int_equal(((const struct msg_start *)hear(w.launcher, MSG_START))->snapshot_result, SNAPSHOT_FAILED);
    {
        struct msg_started failed = {.slot = POST, .attempt = 1, .error = EAGAIN, .step = START_FORK};

        say(w.launcher, MSG_STARTED, &failed, NULL, 0);
    }
    (void)result(OUTCOME_SNAPSHOT_FAILED, 23, GRADE_NONE);
    finished(true);
}

static void front_dies_while_frozen(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_OK);
    ready(1);
    close(w.front);
    pump();
    thaw();
    run_script(POST, 1, 0);
    (void)hear(w.monitor, MSG_DONE);
    assert_true(w.ended);
}

static void front_dies_in_pre(void **state)
{
    struct keeper *k;

    (void)state;
    load(&(struct setup){.retries = 3, .grace = 5});
    k = start(PRE, 1);
    close(w.front);
    pump();
    (void)hear(w.launcher, MSG_TERM);
    exits(k, -1, 15, 0);
    run_script(POST, 1, 0);
    (void)hear(w.monitor, MSG_DONE);
    assert_true(w.ended);
}

static void freeze_fails(void **state)
{
    (void)state;
    load(&(struct setup){0});
    run_script(PRE, 1, 0);
    freeze(FREEZE_FAILED);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_FREEZE_FAILED, 21, GRADE_NONE);
    finished(true);
}

static void freeze_fails_crash_allowed(void **state)
{
    (void)state;
    load(&(struct setup){.allow_crash = CRASH_ALWAYS});
    run_script(PRE, 1, 0);
    freeze(FREEZE_FAILED);
    ready(0);
    release(0);
    run_script(POST, 1, 0);
    (void)result(OUTCOME_CRASH_CONSISTENT, 11, GRADE_CRASH);
    finished(true);
}

static void missing_script(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.missing_post = true, .not_continue = true});
    r = result(OUTCOME_POST_NOT_FOUND, 20, GRADE_NONE);
    assert_int_equal(r->attempts_count, 0);
    assert_int_equal(r->hooks[PRE].skipped, 1);
    finished(true);
}

static void missing_script_continue(void **state)
{
    (void)state;
    load(&(struct setup){.missing_post = true});
    freeze(FREEZE_OK);
    ready(1);
    release(0);
    thaw();
    (void)result(OUTCOME_POST_NOT_FOUND, 10, GRADE_FILE_SYSTEM);
    finished(true);
}

static void check(void **state)
{
    const struct report *r;

    (void)state;
    load(&(struct setup){.mode = MODE_CHECK});
    r = result(OUTCOME_APP_CONSISTENT, 0, GRADE_NONE);
    assert_int_equal(r->fs[0].level, 1);
    assert_int_equal(r->fs[1].level, 0);
    assert_int_equal(r->plugins[0].has_policy, 1);
    finished(true);
}

static void check_finds(void **state)
{
    (void)state;
    load(&(struct setup){.mode = MODE_CHECK, .missing_post = true});
    (void)result(OUTCOME_POST_NOT_FOUND, 78, GRADE_NONE);
    finished(true);
}

/* ---- what ends the process ----------------------------------------------------------------------- */

/* In a child: what is sent must make it end with status 70. */
static void is_fatal(int fd, uint32_t type, const void *body)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        close(2);
        (void)wire_send(fd, type, body, NULL, 0);
        for (;;)
            pump();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
}

static void out_of_place(void **state)
{
    static const struct msg_release release_body;
    static const struct msg_freeze_state thawed_body;
    static const struct msg_comm comm;
    static struct msg_options options;

    (void)state;
    options.mode = RUN_MODES;
    is_fatal(w.front, MSG_RELEASE, &release_body);
    is_fatal(w.front, MSG_OPTIONS, &options);
    load(&(struct setup){0});
    is_fatal(w.front, MSG_RELEASE, &release_body);
    is_fatal(w.monitor, MSG_THAWED, &thawed_body);
    is_fatal(w.launcher, MSG_COMM_IS, &comm);
}

static void short_record(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        close(2);
        (void)!write(w.front, "abc", 3);
        for (;;)
            pump();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 70);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(whole_run), T(success), T(retries), T(many_retries), T(pre_failed), T(pre_failed_without_freeze),
        T(without_freeze), T(timeout), T(host_timeout), T(survivors), T(forbidden_survivors), T(left_by_post),
        T(monitor_dies), T(launcher_dies_while_frozen), T(guardian_dies), T(deadline), T(snapshot_fails),
        T(front_dies_while_frozen), T(front_dies_in_pre), T(freeze_fails), T(freeze_fails_crash_allowed),
        T(missing_script), T(missing_script_continue), T(check), T(check_finds), T(out_of_place), T(short_record),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
