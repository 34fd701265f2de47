#include "front/held_session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/conduct.h"
#include "front/held_detach.h"
#include "front/held_state.h"
#include "quiesce/outcome.h"

/* ---- time -------------------------------------------------------------------------------------- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* When the wait has to end here: without a freeze nobody else keeps the deadline; with one the supervisor
 * says that it has passed, and if it does not, that has an end too. */
static uint64_t overdue_ns(const struct held *h)
{
    if (h->state != HELD_READY) {
        return 0;
    }
    return h->frozen ? h->deadline_ns + HELD_OVERDUE_S * NS_PER_S : h->deadline_ns;
}

static void set_timer(struct held *h)
{
    uint64_t at_ns = sooner(overdue_ns(h), sooner(h->end_ns, h->lines.listen_again_ns));
    for (int i = 0; i < HELD_LINES; i++) {
        at_ns = sooner(at_ns, held_lines_patience(&h->lines.lines[i]));
    }
    (void)clock_set_timer(h->timer, at_ns); /* its arguments are good */
}

static void look_at_clock(struct held *h)
{
    uint64_t now_ns = clock_boottime_ns(), overdue = overdue_ns(h), times;
    (void)!read(h->timer, &times, sizeof times); /* it may not have expired */
    for (int i = 0; i < HELD_LINES; i++) {
        struct held_line *line = &h->lines.lines[i];
        uint64_t until_ns = held_lines_patience(line);
        if (until_ns != 0 && now_ns >= until_ns) {
            held_lines_end(&h->lines, line);
        }
    }
    if (overdue != 0 && now_ns >= overdue) {
        held_release(h, h->frozen ? RELEASE_LATE : RELEASE_DEADLINE, NULL, false);
    }
    if (h->lines.listen_again_ns != 0 && now_ns >= h->lines.listen_again_ns) {
        held_lines_listen(&h->lines, true);
    }
    h->leave = h->leave || (h->end_ns != 0 && now_ns >= h->end_ns);
}

/* ---- for the run's loop -------------------------------------------------------------------------- */

int held_fd(const struct held *h)
{
    return h->lines.epoll;
}

void held_serve(struct held *h)
{
    struct epoll_event events[HELD_LINES + 2];
    bool door = false, timer = false;
    int count = epoll_wait(h->lines.epoll, events, HELD_LINES + 2, 0);
    for (int i = 0; i < count; i++) {
        struct held_line *line = events[i].data.ptr;
        if (events[i].data.ptr == NULL) {
            door = true;
        } else if (events[i].data.ptr == &h->timer) {
            timer = true;
        } else {
            if (line->fd >= 0 && line->owed != HELD_NONE && (events[i].events & EPOLLOUT) != 0) {
                held_tell(h, line, line->owed);
            }
            if (line->fd >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
                held_hear(h, line);
            }
        }
    }
    /* After those who have a place already: who comes in numbers comes last. */
    if (timer) {
        look_at_clock(h);
    }
    for (int i = 0; door && i < HELD_LINES; i++) {
        struct held_line *line;
        door = held_lines_accept(&h->lines, h->session.run_id, &line);
        if (line != NULL) {
            held_hear(h, line); /* it has mostly said what it wants */
        }
    }
    set_timer(h);
}

void held_progress(struct held *h, const struct msg_progress *m)
{
    if (m->kind == PROGRESS_BEGIN) {
        h->step = (enum run_step)m->step;
    }
    held_tell_all(h, HELD_PROGRESS, m);
    /* The supervisor says so when the deadline has thawed, and when somebody of the run is gone. */
    if (h->state == HELD_READY && m->step == STEP_SNAPSHOT && m->kind == PROGRESS_WARNING) {
        held_release(h, RELEASE_LATE, NULL, false);
    }
}

void held_targets(struct held *h, const struct msg_targets *targets)
{
    h->targets = *targets;
}

void held_ready(struct held *h, const struct msg_ready *ready)
{
    h->state = HELD_READY;
    h->step = STEP_SNAPSHOT;
    h->frozen = ready->frozen != 0;
    h->ready_ns = clock_boottime_ns();
    h->deadline_ns = ready->deadline_boottime_ns;
    for (int i = 0; i < HELD_LINES; i++) {
        struct held_line *line = &h->lines.lines[i];
        if (line->fd >= 0 && line->peer == HELD_STARTER) {
            h->starter_told = true;
            held_tell(h, line, HELD_READY_TOLD);
        }
    }
    set_timer(h);
}

static void on_note(void *to, const char *text)
{
    held_tell_note(to, text);
}

/* ---- from beginning to end ------------------------------------------------------------------------- */

/* The result is there: for those who wait, and for those who will ask. */
static void be_over(struct held *h)
{
    bool sent = false;
    h->state = HELD_OVER;
    h->end_ns = clock_boottime_ns() + HELD_KEEP_S * NS_PER_S;
    for (int i = 0; i < HELD_LINES; i++) {
        struct held_line *line = &h->lines.lines[i];
        if (line->fd >= 0 && (line->peer == HELD_WAITING || (line->peer == HELD_STARTER && !h->starter_told))) {
            held_tell_result(h, line);
            sent = sent || (line->fd >= 0 && line->owed == HELD_NONE);
        }
    }
    /* Whoever told this process itself to end wants it gone; who has been sent the result has it. */
    h->leave = h->told = h->run.signals_count > h->starter_signals;
    h->taken = h->leave && sent;
    set_timer(h);
}

static bool anybody_waits(const struct held *h)
{
    bool any = false;
    for (int i = 0; i < HELD_LINES; i++) {
        const struct held_line *line = &h->lines.lines[i];
        any = any || (line->fd >= 0 && (line->peer == HELD_TOLD || line->peer == HELD_STARTER));
    }
    return any;
}

static void keep(struct held *h)
{
    enum { LINES, SIGNALS, SOURCES };
    while (!h->leave && (anybody_waits(h) || (!h->taken && h->lines.door.socket >= 0))) {
        struct pollfd sources[SOURCES] = {
            [LINES] = { .fd = h->lines.epoll, .events = POLLIN },
            [SIGNALS] = { .fd = h->run.signals, .events = POLLIN },
        };
        int ready = poll(sources, SOURCES, -1);
        h->leave = h->told = ready > 0 && sources[SIGNALS].revents != 0;
        if (ready > 0 && sources[LINES].revents != 0) {
            held_serve(h);
        }
    }
}

static void fail(struct held *h, int status, const char *message)
{
    h->failed.exit_status = (uint32_t)status;
    memcpy(h->failed.run_id, h->session.run_id, sizeof h->failed.run_id);
    snprintf(h->failed.message, sizeof h->failed.message, "%s", message);
}

/* The lock is ours now, so the socket is as well. */
static int open_door(struct held *h, char *message, size_t capacity)
{
    int error = held_lock_memory();
    if (error != 0) {
        snprintf(message, capacity, "memory cannot be locked: %s", strerror(-error));
        return EXIT_INTERNAL;
    }
    if (held_door_open(&h->lines.door, message, capacity) != 0) {
        return EXIT_INTERNAL;
    }
    held_lines_listen(&h->lines, true);
    return 0;
}

/* Conducts the run; returns true if there is a report. */
static bool conduct(struct held *h, const struct options *options)
{
    char message[HELD_MESSAGE_MAX];
    int status = conduct_start(&h->run, &h->session, options, MODE_RUN, message, sizeof message);
    if (status != 0) {
        fail(h, status, message);
        return false;
    }
    progress_start(&h->run.progress, STDERR_FILENO, true, true);
    h->run.progress.note = on_note;
    h->run.progress.note_to = h;
    h->run.held = h;
    status = open_door(h, message, sizeof message);
    if (status == 0) {
        run_loop(&h->run);
    }
    progress_end(&h->run.progress);
    if (h->run.report == NULL) {
        char why[HELD_MESSAGE_MAX];
        conduct_break_off(&h->run, &h->session, why, sizeof why);
        fail(h, EXIT_INTERNAL, status == 0 ? why : message);
    }
    conduct_clean_up(&h->run, &h->session);
    return h->run.report != NULL;
}

_Noreturn void held_session(const struct options *options, int starter)
{
    static struct held held;
    struct ucred ours = { .pid = getppid() };
    held.began_ns = clock_boottime_ns();
    held.run.signals = -1;
    held.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &held.timer };
    /* Without these nobody could be told anything; "quiesce freeze" sees the end of file. */
    if (held.timer < 0 || held_lines_open(&held.lines) != 0 || held_lines_add(&held.lines, starter, HELD_STARTER, &ours) == NULL
        || epoll_ctl(held.lines.epoll, EPOLL_CTL_ADD, held.timer, &event) != 0) {
        _exit(EXIT_INTERNAL);
    }
    (void)conduct(&held, options);
    (void)munlockall();
    be_over(&held);
    keep(&held);
    /* Whoever comes for a result that nobody has taken is to see that there was a session. */
    held_door_close(&held.lines.door, held.taken || !held.told);
    _exit(0);
}
