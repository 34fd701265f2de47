#include "front/held.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/report_json.h"
#include "front/ending.h"
#include "front/held_call.h"
#include "front/held_detach.h"
#include "front/held_door.h"
#include "front/held_print.h"
#include "front/held_session.h"
#include "front/preflight.h"
#include "front/result.h"
#include "quiesce/outcome.h"

enum { MESSAGE_MAX = HELD_MESSAGE_MAX, PRINT_MS = 500 };

/* ---- what ended a call ------------------------------------------------------------------ */

static const char *session_gone(int error)
{
    return error == -ECONNREFUSED ? "a session was held here, and it ended without being asked for its result: it was killed, or told to end"
        : error == -EPROTONOSUPPORT ? "the session is of another version of quiesce; call the one that began it"
        : error == -EPROTO          ? "the session says what makes no sense"
        : error == -ETIMEDOUT       ? "the session does not answer; what is frozen is thawed at its deadline whatever it does"
                                    : "the session is gone: it was killed, or told to end";
}

static int say_gone(const struct options *options, const char *run_id, int error)
{
    char message[MESSAGE_MAX];
    snprintf(message, sizeof message,
             "%s; what was frozen is thawed by the monitor or the guardian; what the run came to is in the journal, if it could "
             "still be recorded: 'quiesce journal show --last 1'", session_gone(error));
    return ending_failure(options->json, run_id, EXIT_INTERNAL, message);
}

/* The result of the whole run. */
static int show_result(const struct options *options, const struct held_answer *answer, FILE **out)
{
    const struct presentation how = { MODE_RUN, result_print_run, report_run_json, out, false };
    char message[MESSAGE_MAX];
    if (answer->report == NULL) {
        snprintf(message, sizeof message, "the session's report cannot be used: %s", answer->why);
        return ending_failure(options->json, "", EXIT_INTERNAL, message);
    }
    ending_report(&how, answer->report, NULL, options->json);
    return (int)answer->report->exit_status;
}

static int show_failed(const struct options *options, const struct held_failed *failed)
{
    char message[MESSAGE_MAX];
    memcpy(message, failed->message, sizeof message);
    if (failed->exit_status == EXIT_TRY_AGAIN) {
        held_name_holder(message, sizeof message);
    }
    return ending_failure(options->json, failed->run_id, (int)failed->exit_status, message);
}

/* ---- freeze ----------------------------------------------------------------------------- */

struct printing {
    const struct options *options;
    const struct held_status *status;
    int error; /* of the session's lines */
};

/* Prints, and returns 0 or an errno. */
typedef int printer(const struct printing *p);

static int print_session(const struct printing *p)
{
    if (p->options->json) {
        held_print_status_json(stdout, p->status, clock_realtime_ns());
    } else {
        held_print_status(stdout, p->status, clock_realtime_ns());
    }
    return fflush(stdout) == 0 ? 0 : errno;
}

static int print_trouble(const struct printing *p)
{
    if (p->error < 0) {
        fprintf(stderr, "quiesce: session %s is held; standard output, where it is written, takes nothing before the thaw\n",
                p->status->run_id);
    } else {
        fprintf(stderr, "quiesce: session %s is held, but that could not be printed: %s\n", p->status->run_id, strerror(p->error));
    }
    return 0;
}

/* The child's part of print_apart.  Of what the caller has open it keeps what it writes to: whoever
 * reads the rest does not wait for it. */
_Noreturn static void print_and_end(printer *print, const struct printing *p, int to, int told)
{
    if (dup2(told, STDIN_FILENO) != STDIN_FILENO || close_range(STDERR_FILENO + 1, ~0u, 0) != 0) {
        _exit(1);
    }
    close(to == STDOUT_FILENO ? STDERR_FILENO : STDOUT_FILENO);
    int error = print(p);
    _exit(error == 0 || write(STDIN_FILENO, &error, sizeof error) == sizeof error ? 0 : 1);
}

/* Prints in a child: a file may lie on what is frozen now, and who writes to it sleeps until the thaw.
 * Returns 0, an errno, or -1: the child is still at it. */
static int print_apart(printer *print, const struct printing *p, int to)
{
    int ends[2], error = 0; /* the child's end of the pipe is closed by its end */
    if (pipe(ends) != 0) {
        return errno;
    }
    pid_t pid = fork();
    if (pid == 0) {
        print_and_end(print, p, to, ends[1]);
    }
    int fork_error = errno;
    close(ends[1]);
    struct pollfd done = { .fd = ends[0], .events = POLLIN };
    if (pid < 0) {
        error = fork_error;
    } else if (poll(&done, 1, PRINT_MS) == 0) {
        error = -1;
    } else if (read(ends[0], &error, sizeof error) != sizeof error) {
        error = 0;
    }
    close(ends[0]);
    return error;
}

static int print_safely(printer *print, const struct printing *p, int to)
{
    struct stat st;
    return fstat(to, &st) == 0 && S_ISREG(st.st_mode) ? print_apart(print, p, to) : print(p);
}

static int show_session(const struct options *options, const struct held_status *s)
{
    struct printing p = { .options = options, .status = s };
    p.error = print_safely(print_session, &p, STDOUT_FILENO);
    if (p.error != 0) {
        (void)print_safely(print_trouble, &p, STDERR_FILENO); /* often the same file */
    }
    return 0;
}

static int not_permitted(const struct options *options)
{
    static const char *const group = QUIESCE_SESSION_GROUP;
    char message[MESSAGE_MAX];
    snprintf(message, sizeof message, "only root%s%s may talk to a session; try 'sudo quiesce ...'",
             group[0] != '\0' ? " and members of the group " : "", group);
    return ending_failure(options->json, "", EXIT_NOT_PERMITTED, message);
}

static int show_refused(const struct options *options, const struct held_refused *refused)
{
    static const struct {
        int status;
        const char *words;
    } refusals[HELD_REFUSALS] = {
        [HELD_NOT_PERMITTED] = { EXIT_NOT_PERMITTED, "" },
        [HELD_NOT_YET] = { EXIT_TRY_AGAIN, "is about to freeze, and nothing is held yet: try again" },
        [HELD_ANOTHER] = { EXIT_NOTHING_HELD, "is held, and not the one that was named: nothing was done" },
        [HELD_BUSY] = { EXIT_TRY_AGAIN, "has too many callers: try again" },
    };
    char message[MESSAGE_MAX];
    if (refused->refusal == HELD_NOT_PERMITTED) {
        return not_permitted(options);
    }
    snprintf(message, sizeof message, "session %s %s", refused->run_id, refusals[refused->refusal].words);
    return ending_failure(options->json, refused->run_id, refusals[refused->refusal].status, message);
}

/* Whatever ended a call.  run_id: the session that was asked for, or "". */
static int show_answer(const struct options *options, const struct held_answer *answer, const char *run_id, FILE **out)
{
    if (answer->type == HELD_READY_TOLD) {
        return show_session(options, &answer->record.body.as_HELD_READY_TOLD);
    }
    if (answer->type == HELD_RESULT) {
        return show_result(options, answer, out);
    }
    if (answer->type == HELD_FAILED) {
        return show_failed(options, &answer->record.body.as_HELD_FAILED);
    }
    if (answer->type == HELD_REFUSED) {
        return show_refused(options, &answer->record.body.as_HELD_REFUSED);
    }
    return say_gone(options, run_id, answer->error);
}

/* Signals are for the run: the session ends it in order. */
static int take_signals(void)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &ours, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return -errno;
    }
    int fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

int held_freeze(const struct options *options)
{
    static struct held_answer answer;
    char message[MESSAGE_MAX];
    int socket = -1, error = held_fill_stdio();
    int status = preflight(message, sizeof message);
    if (status != 0) {
        return ending_failure(options->json, "", status, message);
    }
    error = error != 0 ? error : held_fork(&socket, options->words);
    if (error == 0) {
        held_session(options, socket);
    }
    /* A child of ours may write until after the thaw (print_apart): it keeps no file system busy. */
    if (error > 0 && chdir("/") != 0) {
        error = -errno;
    }
    int signals = error > 0 ? take_signals() : -1;
    if (error < 0 || signals < 0) {
        snprintf(message, sizeof message, "a session cannot be started: %s", strerror(error < 0 ? -error : -signals));
        return ending_failure(options->json, "", EXIT_INTERNAL, message);
    }
    held_call(socket, HELD_WISH_FREEZE, signals, false, &answer);
    return show_answer(options, &answer, "", &stderr);
}

/* ---- thaw and status ------------------------------------------------------------------------ */

/* Nobody to connect to. */
static int no_session(const struct options *options, int error)
{
    bool status = options->command == COMMAND_STATUS;
    if (error == -EACCES || error == -EPERM) {
        return not_permitted(options);
    }
    if (error == -ECONNREFUSED || error == -ETIMEDOUT) {
        return say_gone(options, "", error);
    }
    if (error == -EAGAIN) {
        return ending_failure(options->json, "", EXIT_TRY_AGAIN, "too many callers are at the session's socket: try again");
    }
    if (error != -ENOENT) {
        char message[MESSAGE_MAX];
        snprintf(message, sizeof message, "the session's socket %s cannot be reached: %s", HELD_PATH, strerror(-error));
        return ending_failure(options->json, "", EXIT_INTERNAL, message);
    }
    int taken = held_lock_taken();
    int end = status && taken == 1 ? EXIT_TRY_AGAIN : EXIT_NOTHING_HELD;
    const char *message = taken == 1 ? "nothing is held; a run is going on, which thaws by itself"
        : taken == 0 ? "nothing is held" : "nothing is held; whether a run is going on can be seen by root";
    if (!status) {
        return ending_failure(options->json, "", end, message);
    }
    if (options->json) {
        held_print_none_json(stdout, taken == 1, end);
    } else {
        puts(message);
    }
    return end;
}

/* --failed counts if it came first. */
static void say_too_late(const struct options *options, const struct report *r)
{
    if (options->failed && r != NULL && r->grade != GRADE_NONE) {
        fputs("quiesce: --failed came too late: the session was thawed before by somebody who said that the snapshot is good\n", stderr);
    }
}

int held_thaw(const struct options *options)
{
    static struct held_answer answer;
    struct held_thaw thaw = { .failed = options->failed ? 1 : 0 };
    memcpy(thaw.run_id, options->session, sizeof thaw.run_id);
    (void)signal(SIGPIPE, SIG_IGN);
    int error = held_fill_stdio();
    error = error != 0 ? error : held_ask(HELD_THAW, &thaw, HELD_WISH_THAW, false, &answer);
    if (error != 0) {
        return no_session(options, error);
    }
    if (answer.type == HELD_RESULT) {
        say_too_late(options, answer.report);
    }
    return show_answer(options, &answer, options->session, &stdout);
}

int held_status(const struct options *options)
{
    static struct held_answer answer;
    int error = held_fill_stdio();
    if (error == 0 && held_ask_status(&answer)) {
        const struct held_status *s = &answer.record.body.as_HELD_STATE;
        if (options->json) {
            held_print_status_json(stdout, s, clock_realtime_ns());
        } else {
            held_print_status(stdout, s, clock_realtime_ns());
        }
        return 0;
    }
    if (answer.type == HELD_REFUSED) {
        return show_refused(options, &answer.record.body.as_HELD_REFUSED);
    }
    return no_session(options, error != 0 ? error : answer.error != 0 ? answer.error : -ECONNREFUSED);
}
