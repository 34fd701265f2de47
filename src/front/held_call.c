#include "front/held_call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/held_door.h"
#include "front/progress.h"
#include "front/report_map.h"

enum {
    GONE_MS = 1000,  /* how long a session may take to go once it has nothing to do */
    TIMES_ASKED = 3, /* who was cut off before it was heard asks again */
};

struct call {
    int socket;
    enum held_wish wish;
    bool accepted; /* the session has answered */
    bool ended;    /* it was told to end */
    bool over;
    struct progress progress;
    struct held_answer *answer;
    int fd; /* of RESULT, -1: none */
};

/* ---- messages ----------------------------------------------------------------------- */

typedef void handler(struct call *c, const union held_body *body);

static void on_progress(struct call *c, const union held_body *body)
{
    progress_message(&c->progress, &body->as_HELD_PROGRESS, clock_monotonic_ns());
}

static void on_note(struct call *c, const union held_body *body)
{
    progress_say(&c->progress, body->as_HELD_NOTE.text);
}

static void on_accepted(struct call *c, const union held_body *body)
{
    (void)body;
    c->accepted = true;
}

/* A report is looked at as the one of "quiesce run" is. */
static void take_report(struct call *c, const struct msg_result *m)
{
    struct held_answer *a = c->answer;
    a->report = report_map(c->fd, &a->why);
    if (a->report != NULL && (a->report->mode != MODE_RUN || a->report->held.held == 0 || a->report->finished == 0
                              || a->report->outcome != m->outcome || a->report->exit_status != m->exit_status)) {
        munmap((void *)(uintptr_t)a->report, sizeof(struct report));
        a->report = NULL;
        a->why = "it is not the report of its result";
    }
    close(c->fd);
    c->fd = -1;
}

static void on_last(struct call *c, const union held_body *body)
{
    static const struct held_nothing nothing = { 0 };
    c->answer->type = (enum held_type)c->answer->record.header.type;
    c->over = true;
    if (c->fd >= 0) {
        take_report(c, &body->as_HELD_RESULT);
    }
    bool keeps = c->answer->type == HELD_READY_TOLD, ends = c->answer->type == HELD_RESULT || c->answer->type == HELD_FAILED;
    if ((keeps || ends) && held_send(c->socket, HELD_TAKEN, &nothing, -1) == 0 && ends) {
        /* It goes now: whoever calls next is to find nothing held. */
        struct pollfd gone = { .fd = c->socket, .events = POLLIN };
        (void)poll(&gone, 1, GONE_MS);
    }
}

/* What was told to end meanwhile is not held: its result follows. */
static void on_ready(struct call *c, const union held_body *body)
{
    if (!c->ended) {
        on_last(c, body);
    }
}

static const struct {
    enum held_wish wish;
    enum held_type type;
    handler *handle;
} rules[] = {
#define X(wish, type, function) { wish, type, function },
    HELD_CALLER_RULES(X)
#undef X
};

int held_caller_rule(enum held_wish wish, uint32_t type)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].wish == wish && rules[i].type == type) {
            return (int)i;
        }
    }
    return -1;
}

static void fail(struct call *c, int error)
{
    c->answer->error = error;
    c->over = true;
}

static void hear(struct call *c)
{
    int got = held_receive(c->socket, &c->answer->record, &c->fd, HELD_TO_CALLER);
    if (got == -EAGAIN || got == -EINTR) {
        return;
    }
    c->answer->heard = c->answer->heard || got == 1;
    int row = got == 1 ? held_caller_rule(c->wish, c->answer->record.header.type) : -1;
    if (row >= 0) {
        rules[row].handle(c, &c->answer->record.body);
        return;
    }
    fail(c, got == 1 ? -EPROTO : got);
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
}

/* ---- the call --------------------------------------------------------------------------- */

static void pass_on(struct call *c, int signals)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) == sizeof info) {
        const struct held_end end = { .signal = info.ssi_signo };
        c->ended = held_send(c->socket, HELD_END, &end, -1) == 0 || c->ended;
    }
}

/* A session that is stopped still ends by its deadline; but who waits is to know. */
static int answer_timeout(struct call *c, uint64_t began_ns)
{
    uint64_t now_ns = clock_monotonic_ns(), until_ns = began_ns + HELD_ANSWER_MS * NS_PER_MS;
    if (c->accepted || c->wish == HELD_WISH_FREEZE) {
        return -1;
    }
    if (now_ns < until_ns) {
        return (int)((until_ns - now_ns) / NS_PER_MS) + 1;
    }
    if (c->wish == HELD_WISH_STATUS) {
        fail(c, -ETIMEDOUT);
        return 0;
    }
    c->accepted = true; /* said once */
    progress_say(&c->progress, "the session does not answer; this goes on waiting; what is frozen is thawed at its deadline");
    return -1;
}

/* What was kept for a file, which may lie on what is frozen now, a child writes when it
 * can; the caller goes on. */
static void end_lines(struct call *c)
{
    bool later = c->answer->type == HELD_READY_TOLD && c->progress.outlet.way == OUTLET_LATER && c->progress.outlet.length > 0;
    pid_t pid = later ? fork() : -1;
    if (pid > 0) {
        return;
    }
    if (pid == 0) { /* whoever reads what else the caller has open does not wait for it */
        (void)close_range(STDERR_FILENO + 1, ~0u, 0);
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
    }
    progress_end(&c->progress);
    if (pid == 0) {
        _exit(0);
    }
}

void held_call(int socket, enum held_wish wish, int signals, bool quiet, struct held_answer *answer)
{
    static struct call call; /* large */
    enum { SESSION, SIGNALS, SOURCES };
    uint64_t began_ns = clock_monotonic_ns();
    memset(answer, 0, sizeof *answer);
    call = (struct call){ .socket = socket, .wish = wish, .answer = answer, .fd = -1 };
    progress_start(&call.progress, STDERR_FILENO, quiet, wish == HELD_WISH_FREEZE);
    while (!call.over) {
        struct pollfd sources[SOURCES] = {
            [SESSION] = { .fd = socket, .events = POLLIN },
            [SIGNALS] = { .fd = signals, .events = POLLIN },
        };
        int timeout = progress_timeout(&call.progress), answers = answer_timeout(&call, began_ns);
        timeout = timeout < 0 || (answers >= 0 && answers < timeout) ? answers : timeout;
        int ready = call.over ? 0 : poll(sources, SOURCES, timeout);
        if (ready > 0 && sources[SIGNALS].revents != 0) {
            pass_on(&call, signals);
        }
        if (ready > 0 && sources[SESSION].revents != 0) {
            hear(&call);
        }
        progress_redraw(&call.progress, clock_monotonic_ns());
    }
    close(socket);
    end_lines(&call);
}

static int connect_and_say(enum held_type type, const void *body, int *socket)
{
    int fd = held_door_connect(HELD_ANSWER_MS);
    int error = fd < 0 ? fd : held_send(fd, type, body, -1);
    if (error == -EPIPE || error == -ECONNRESET) {
        error = 0; /* it was closed at once, and why can still be read */
    }
    if (error != 0 && fd >= 0) {
        close(fd);
    }
    *socket = fd;
    return error;
}

int held_ask(enum held_type type, const void *body, enum held_wish wish, bool quiet, struct held_answer *answer)
{
    int error = 0;
    bool again = true;
    memset(answer, 0, sizeof *answer);
    for (unsigned times = 0; again && error == 0 && times < TIMES_ASKED; times++) {
        int socket = -1;
        error = connect_and_say(type, body, &socket);
        if (error == 0) {
            held_call(socket, wish, -1, quiet, answer);
        }
        again = !answer->heard && answer->error == 0;
    }
    return error;
}

bool held_ask_status(struct held_answer *answer)
{
    const struct held_nothing nothing = { 0 };
    int error = held_ask(HELD_STATUS, &nothing, HELD_WISH_STATUS, true, answer);
    answer->error = error != 0 ? error : answer->error;
    return answer->type == HELD_STATE;
}

/* ---- the lock ------------------------------------------------------------------------------ */

/* The kernel's list of locks: to try the lock would keep a run from it that begins just now. */
int held_lock_taken(void)
{
    struct stat st;
    char line[256], wanted[64];
    if (stat(QUIESCE_RUN_DIR "/" QUIESCE_LOCK, &st) != 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    FILE *locks = fopen("/proc/locks", "re");
    if (locks == NULL) {
        return -errno;
    }
    bool taken = false;
    snprintf(wanted, sizeof wanted, " %02x:%02x:%llu ", major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino);
    while (!taken && fgets(line, sizeof line, locks) != NULL) {
        taken = strstr(line, "FLOCK") != NULL && strstr(line, wanted) != NULL;
    }
    fclose(locks);
    return taken ? 1 : 0;
}

void held_name_holder(char *message, size_t capacity)
{
    static struct held_answer answer;
    if (!held_ask_status(&answer)) {
        return;
    }
    const struct held_status *s = &answer.record.body.as_HELD_STATE;
    if (s->state == HELD_READY) {
        snprintf(message, capacity, "session %s holds %s, %s for %.1f s, and for %.1f s more: 'quiesce thaw' ends it", s->run_id,
                 QUIESCE_RUN_DIR "/" QUIESCE_LOCK, s->frozen != 0 ? "frozen" : "ready", (double)s->ready_ns / (double)NS_PER_S,
                 (double)s->left_ns / (double)NS_PER_S);
    } else if (s->state != HELD_OVER) {
        snprintf(message, capacity, "session %s, which %s, holds %s: try again when it is over", s->run_id,
                 s->state == HELD_STARTING ? "is about to freeze" : "is ending", QUIESCE_RUN_DIR "/" QUIESCE_LOCK);
    }
}
