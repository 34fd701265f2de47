/*
 * The front's loop against a supervisor made here: what it answers, what it
 * refuses, and that the snapshot command never outlives the run.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "front/report_map.h"
#include "front/run.h"
#include "quiesce/outcome.h"

/* ---- the table ------------------------------------------------------------------- */

static const struct wire_rule allowed[] = {
#define X(state, peer, type, function) { state, peer, type },
    FRONT_RULES(X)
#undef X
};

static bool is_allowed(unsigned state, uint32_t type)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (allowed[i].state == state && allowed[i].type == type && allowed[i].peer == PEER_SUPERVISOR) {
            return true;
        }
    }
    return false;
}

static const char run_id[WIRE_RUN_ID_MAX] = "0123456789abcdef0123456789abcdef";

/* A run whose loop has not begun, saying nothing; one file system is to be frozen, and is. */
static void make_run(struct run *run, struct options *options, int supervisor)
{
    memset(run, 0, sizeof *run);
    memset(options, 0, sizeof *options);
    static struct run_record map;
    map.wanted = 2;
    map.count = 1;
    map.fs[0].state = FS_FROZEN;
    run->options = options;
    run->mode = MODE_RUN;
    run->witness = (struct witness){ .record = &map, .run_id = run_id };
    run->supervisor = supervisor;
    run->log = run->signals = run->snapshot.pidfd = -1;
    sigemptyset(&run->mask);
    footing_take(&run->caller);
    int quiet = memfd_create("quiet", MFD_CLOEXEC);
    assert_true(quiet >= 0);
    progress_start(&run->progress, quiet, false, false);
}

static void every_state_times_every_type(void **state)
{
    (void)state;
    static struct run run;
    static struct options options;
    static union wire_any body; /* zeros: a harmless content for every type */
    unsigned taken = 0;
    for (unsigned s = 0; s < FRONT_STATES; s++) {
        for (uint32_t type = 0; type < MSG_TYPES + 3; type++) {
            make_run(&run, &options, -1);
            run.mode = MODE_CHECK;
            run.state = (enum front_state)s;
            struct wire_packet packet = { .type = type, .body = &body, .fds_count = 1, .fds = { dup(run.progress.outlet.fd) } };
            int status = run_dispatch(&run, &packet);
            if (!is_allowed(s, type)) {
                assert_int_equal(status, -EPROTO);
                assert_string_not_equal(run.failure, "");
            } else {
                taken++;
                /* READY wants a snapshot command, RESULT a report: their handlers refuse this. */
                assert_int_equal(status, type == MSG_PROGRESS || type == MSG_SURVEY ? 0 : -EPROTO);
                assert_null(strstr(run.failure, "where it may not"));
            }
            assert_int_equal(packet.fds_count, 0);
            close(run.progress.outlet.fd);
        }
    }
    assert_int_equal(taken, sizeof allowed / sizeof *allowed);
}

static void senseless_progress(void **state)
{
    (void)state;
    static struct run run;
    static struct options options;
    static const struct msg_progress good = { .step = STEP_PRE };
    struct msg_progress bad[4] = { good, good, good, good };
    bad[0].step = RUN_STEPS;
    bad[1].kind = PROGRESS_KINDS;
    memset(bad[2].plugin, 'x', sizeof bad[2].plugin);
    memset(bad[3].text, 'x', sizeof bad[3].text);
    make_run(&run, &options, -1);
    for (size_t i = 0; i < 4; i++) {
        struct wire_packet packet = { .type = MSG_PROGRESS, .body = &bad[i] };
        assert_int_equal(run_dispatch(&run, &packet), -EPROTO);
    }
    close(run.progress.outlet.fd);
}

/* ---- reports --------------------------------------------------------------------------- */

static const struct report_end {
    uint32_t outcome, grade, exit_status;
} good = { OUTCOME_APP_CONSISTENT, GRADE_APPLICATION, 0 }, late = { OUTCOME_FREEZE_TIMEOUT, GRADE_NONE, 22 },
  failed = { OUTCOME_SNAPSHOT_FAILED, GRADE_NONE, 23 };

static int make_report(off_t size, int seals, uint32_t text_length, const struct report_end *end)
{
    static const uint8_t finished = 1;
    int fd = memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    const uint32_t version = REPORT_VERSION;
    assert_int_equal(pwrite(fd, &version, sizeof version, offsetof(struct report, version)), sizeof version);
    assert_int_equal(pwrite(fd, run_id, sizeof run_id, offsetof(struct report, run_id)), sizeof run_id);
    assert_int_equal(pwrite(fd, &finished, sizeof finished, offsetof(struct report, finished)), sizeof finished);
    assert_int_equal(pwrite(fd, end, sizeof *end, offsetof(struct report, outcome)), sizeof *end);
    if (size >= (off_t)sizeof(struct report)) {
        assert_int_equal(pwrite(fd, &text_length, sizeof text_length, offsetof(struct report, text_length)), sizeof text_length);
    }
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void reports(void **state)
{
    (void)state;
    enum { ALL = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };
    static const struct {
        off_t size;
        int seals;
        uint32_t text_length;
        const char *why; /* NULL: good */
    } cases[] = {
        { sizeof(struct report), ALL, 0, NULL },
        { sizeof(struct report), ALL | F_SEAL_SEAL, 0, NULL },
        { sizeof(struct report), F_SEAL_SHRINK | F_SEAL_GROW, 0, "it is not sealed" },
        { sizeof(struct report), F_SEAL_WRITE | F_SEAL_GROW, 0, "it is not sealed" },
        { sizeof(struct report), F_SEAL_WRITE | F_SEAL_SHRINK, 0, "it is not sealed" },
        { sizeof(struct report) - 1, ALL, 0, "it has a wrong size" },
        { sizeof(struct report) + 1, ALL, 0, "it has a wrong size" },
        { sizeof(struct report), ALL, REPORT_TEXT_MAX + 1, "its content makes no sense" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = "";
        int fd = make_report(cases[i].size, cases[i].seals, cases[i].text_length, &good);
        const struct report *r = report_map(fd, &why);
        if (cases[i].why == NULL) {
            assert_non_null(r);
        } else {
            assert_null(r);
            assert_string_equal(why, cases[i].why);
        }
        close(fd);
    }
    const char *why = "";
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_null(report_map(null, &why));
    close(null);
}

/* ---- the loop, against a child that plays the supervisor ---------------------------------- */

/* What the child plays; each ends with the child's exit: 0 if it was answered as it should. */
typedef int play(int front);

static int receive_release(int front, struct msg_release *release)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;
    if (wire_receive(front, &buffer, &packet) != 1 || packet.type != MSG_RELEASE) {
        return -1;
    }
    memcpy(release, packet.body, sizeof *release);
    return 0;
}

static void send_result(int front, const struct report_end *end)
{
    const struct msg_result result = { .outcome = end->outcome, .exit_status = end->exit_status };
    int fd = make_report(sizeof(struct report), F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW, 0, end);
    if (wire_send(front, MSG_RESULT, &result, &fd, 1) != 0) {
        _exit(99);
    }
    close(fd);
}

static void send_ready(int front)
{
    const struct msg_progress progress = { .step = STEP_SNAPSHOT, .kind = PROGRESS_BEGIN };
    const struct msg_ready ready = { .frozen = 1, .file_systems = 1 };
    if (wire_send(front, MSG_PROGRESS, &progress, NULL, 0) != 0 || wire_send(front, MSG_READY, &ready, NULL, 0) != 0) {
        _exit(98);
    }
}

static int play_whole(int front, uint32_t exit_code, uint32_t signal)
{
    struct msg_release release;
    send_ready(front);
    if (receive_release(front, &release) != 0 || release.exit_code != exit_code || release.signal != signal) {
        return 1;
    }
    send_result(front, exit_code == 0 && signal == 0 ? &good : &failed);
    return 0;
}

static int play_good(int front)
{
    return play_whole(front, 0, 0);
}

static int play_exit_7(int front)
{
    return play_whole(front, 7, 0);
}

static int play_killed(int front)
{
    return play_whole(front, 0, SIGKILL);
}

static int play_not_found(int front)
{
    return play_whole(front, 127, 0);
}

static int play_interrupted(int front)
{
    return play_whole(front, 0, SIGTERM);
}

/* The deadline has thawed while the snapshot command runs: it is ended, as the release says. */
static int late_release(int front)
{
    struct msg_release release;
    if (receive_release(front, &release) != 0 || release.signal != SIGTERM) {
        return 1;
    }
    send_result(front, &late);
    return 0;
}

static int play_deadline(int front)
{
    const struct msg_progress over = { .step = STEP_SNAPSHOT, .kind = PROGRESS_WARNING, .text = "thawed" };
    send_ready(front);
    return wire_send(front, MSG_PROGRESS, &over, NULL, 0) != 0 ? 1 : late_release(front);
}

/* The same, and the supervisor says nothing of it. */
static int play_deadline_unsaid(int front)
{
    const struct msg_ready ready = { .frozen = 1, .file_systems = 1, .deadline_boottime_ns = 1 }; /* long ago */
    return wire_send(front, MSG_READY, &ready, NULL, 0) != 0 ? 1 : late_release(front);
}

/* The deadline has thawed: the result comes while the snapshot command still runs. */
static int play_early_result(int front)
{
    send_ready(front);
    send_result(front, &late);
    return 0;
}

/* The same, once the command has said that it is ready: through descriptor 9. */
enum { SAID_FD = 9 };
static int said[2];

static int play_late_result(int front)
{
    char byte;
    send_ready(front);
    if (read(said[0], &byte, 1) != 1) {
        return 1;
    }
    send_result(front, &late);
    return 0;
}

static int play_dies(int front)
{
    send_ready(front);
    return 0;
}

static int play_out_of_turn(int front)
{
    static const union wire_any thawed; /* zeros */
    send_ready(front);
    return wire_send(front, MSG_THAWED, &thawed, NULL, 0);
}

static int play_ready_twice(int front)
{
    send_ready(front);
    send_ready(front);
    return 0;
}

/* A snapshot that failed, and a supervisor that says otherwise. */
static int play_liar(int front)
{
    struct msg_release release;
    send_ready(front);
    if (receive_release(front, &release) != 0) {
        return 1;
    }
    send_result(front, &good);
    return 0;
}

/* It says nothing, and waits for the end. */
static int play_silent(int front)
{
    char byte;
    return read(front, &byte, 1) == 0 ? 0 : 1;
}

static int play_garbage(int front)
{
    return send(front, "garbage", 7, MSG_NOSIGNAL) == 7 ? 0 : 1;
}

static const struct {
    play *play;
    const char *command[4];
    const char *failure; /* part of run->failure */
    int exit_status;     /* -1: there is to be no result */
    int signal;          /* sent to the front before it begins; RUN_SIGNALS_MAX * NSIG: so many different ones */
} plays[] = {
    { play_good, { "true" }, "", 0, 0 },
    { play_exit_7, { "sh", "-c", "exit 7" }, "", 23, 0 },
    { play_killed, { "sh", "-c", "kill -KILL $$" }, "", 23, 0 },
    { play_not_found, { "/nonexistent/command" }, "", 23, 0 },
    { play_interrupted, { "sleep", "1000" }, "", 23, SIGTERM },
    { play_deadline, { "sleep", "1000" }, "", 22, 0 },
    { play_deadline_unsaid, { "sleep", "1000" }, "", 22, 0 },
    { play_early_result, { "sleep", "1000" }, "", 22, 0 },
    { play_early_result, { "sh", "-c", "sleep 1000 & sleep 1000" }, "", 22, 0 },
    { play_late_result, { "sh", "-c", "(trap '' TERM; echo >&9; sleep 1000) & exec sleep 1000" }, "", 22, 0 },
    { play_dies, { "sleep", "1000" }, "", -1, 0 },
    { play_out_of_turn, { "sleep", "1000" }, "MSG_THAWED where it may not", -1, 0 },
    { play_ready_twice, { "sleep", "1000" }, "MSG_READY where it may not", -1, 0 },
    { play_garbage, { "true" }, "cannot be read", -1, 0 },
    { play_liar, { "false" }, "snapshot that was not taken", -1, 0 },
    { play_silent, { "true" }, "all the time that a run can take", -1, 0 },
    { play_silent, { "true" }, "it was to end at once", -1, RUN_SIGNALS_MAX * NSIG },
};

static void perform(size_t row)
{
    static struct run run;
    static struct options options;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(pipe2(said, O_CLOEXEC), 0);
    assert_int_equal(dup2(said[1], SAID_FD), SAID_FD);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        _exit(plays[row].play(ends[1]));
    }
    close(ends[1]);
    close(said[1]);
    make_run(&run, &options, ends[0]);
    assert_int_equal(run_take_signals(&run), 0);
    options.snapshot = (char **)(uintptr_t)plays[row].command;
    if (plays[row].signal == RUN_SIGNALS_MAX * NSIG) {
        assert_int_equal(raise(SIGINT) + raise(SIGTERM) + raise(SIGHUP), 0);
    } else if (plays[row].signal != 0) {
        assert_int_equal(raise(plays[row].signal), 0);
    } else if (plays[row].play == play_silent) {
        run.patience_ns = 50 * NS_PER_MS;
    }
    uint64_t began_ns = clock_monotonic_ns();
    run_loop(&run);
    assert_true(clock_monotonic_ns() - began_ns < 4 * NS_PER_S); /* nobody waited for the sleep */
    (void)shutdown(ends[0], SHUT_RDWR); /* as roles_close does */
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("row %zu: the supervisor was not answered as it should: %#x", row, (unsigned)status);
    }
    if (plays[row].exit_status < 0) {
        assert_null(run.report);
    } else {
        assert_non_null(run.report);
        assert_int_equal(run.result.exit_status, plays[row].exit_status);
    }
    if (strstr(run.failure, plays[row].failure) == NULL) {
        fail_msg("row %zu: '%s'", row, run.failure);
    }
    assert_int_equal(run.snapshot.pidfd, -1);
    /* Nothing of the command's group is left; orphans of it come to us. */
    if (run.snapshot.pid > 0) {
        alarm(20);
        while (waitpid(-run.snapshot.pid, NULL, 0) > 0) {
        }
        alarm(0);
        assert_int_equal(kill(-run.snapshot.pid, 0), -1);
        run.snapshot.pid = 0;
    }
    sigprocmask(SIG_SETMASK, &run.mask, NULL);
    close(run.signals);
    close(SAID_FD);
    close(said[0]);
    close(ends[0]);
    close(run.progress.outlet.fd);
}

static void loop(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
        perform(i);
    }
}

/* ---- the log -------------------------------------------------------------------------------- */

static void log_lines(void **state)
{
    (void)state;
    static struct run run;
    static struct options options;
    static const struct {
        const char *in, *last, *shown;
    } cases[] = {
        { "quiesce-monitor: open: errno 2\n", "quiesce-monitor: open: No such file or directory",
          "quiesce: quiesce-monitor: open: No such file or directory\n" },
        { "half ", "", "" },
        { "half a line\nquiesce-guardian: late\n", "quiesce-guardian: late", "quiesce: half a line\nquiesce: quiesce-guardian: late\n" },
        { "\033[2J: errno x\n", "\033[2J: errno x", "quiesce: \\x1b[2J: errno x\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int ends[2];
        char shown[1024] = "";
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        make_run(&run, &options, -1);
        run.log = ends[0];
        assert_true(write(ends[1], cases[i].in, strlen(cases[i].in)) > 0);
        run_read_log(&run);
        assert_true(run.log >= 0);
        close(ends[1]);
        run_read_log(&run);
        assert_int_equal(run.log, -1);
        assert_string_equal(run.log_line, cases[i].last);
        assert_true(pread(run.progress.outlet.fd, shown, sizeof shown - 1, 0) >= 0);
        assert_string_equal(shown, cases[i].shown);
        close(run.progress.outlet.fd);
    }
}

/* A role that writes without end: what is shown has one, and so has each reading. */
static void log_flood(void **state)
{
    (void)state;
    static struct run run;
    static struct options options;
    int ends[2];
    struct stat facts;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    make_run(&run, &options, -1);
    run.log = ends[0];
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)fcntl(ends[1], F_SETFL, 0);
        for (;;) {
            (void)!write(ends[1], "x\nx\nx\nx\nx\nx\nx\nx\n", 16);
        }
    }
    alarm(20);
    while (run.log_lines <= RUN_LOG_LINES_MAX) {
        run_read_log(&run); /* returns */
    }
    alarm(0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(run.log_lines > RUN_LOG_LINES_MAX);
    assert_int_equal(fstat(run.progress.outlet.fd, &facts), 0);
    assert_int_equal(facts.st_size, RUN_LOG_LINES_MAX * strlen("quiesce: x\n"));
    close(ends[0]);
    close(ends[1]);
    close(run.progress.outlet.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_times_every_type), cmocka_unit_test(senseless_progress), cmocka_unit_test(reports),
        cmocka_unit_test(loop), cmocka_unit_test(log_lines), cmocka_unit_test(log_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
