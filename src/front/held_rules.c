/*
 * held_rules.c - what the callers of a held session say, and what they are answered.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/held_state.h"

/* ---- what is sent ----------------------------------------------------------------------- */

static const struct msg_result *result_of(const struct held *h)
{
    return &h->run.result;
}

/* What monitor and guardian say, whatever the supervisor does. */
static bool any_frozen(const struct held *h)
{
    bool any = false;
    for (uint32_t i = 0; h->session.record != NULL && i < PLAN_FS_MAX; i++) {
        any = any || h->session.record->fs[i].state == FS_FROZEN || h->session.record->fs[i].state == FS_FREEZING;
    }
    return any;
}

static void describe(const struct held *h, struct held_status *s)
{
    uint64_t now_ns = clock_boottime_ns();
    memset(s, 0, sizeof *s);
    memcpy(s->run_id, h->session.run_id, sizeof s->run_id);
    s->state = (uint8_t)h->state;
    s->step = (uint8_t)h->step;
    s->frozen = any_frozen(h) ? 1 : 0;
    s->pid = (uint32_t)getpid();
    s->started_ns = now_ns - h->began_ns;
    s->ready_ns = h->ready_ns != 0 ? now_ns - h->ready_ns : 0;
    s->left_ns = h->state == HELD_READY && h->deadline_ns > now_ns ? h->deadline_ns - now_ns : 0;
    s->targets = h->targets;
}

/* "quiesce freeze" is gone.  If it does not know that all is ready, nobody does. */
static void starter_gone(struct held *h)
{
    if (!h->starter_heard && h->state < HELD_ENDING) {
        run_interrupt(&h->run, SIGHUP, RELEASE_CALLER);
    }
}

/* That a caller is gone shows where it is read from and where it is written to. */
static void line_gone(struct held *h, struct held_line *line)
{
    enum held_peer peer = line->peer;
    held_lines_end(&h->lines, line);
    if (peer == HELD_STARTER) {
        starter_gone(h);
    }
}

/* Sends what is of one piece; of a caller who does not read it stays owed. */
void held_tell(struct held *h, struct held_line *line, enum held_type type)
{
    static struct held_status status; /* large */
    int error = 0;
    if (type == HELD_RESULT) {
        error = held_send(line->fd, type, result_of(h), h->run.report_fd);
    } else if (type == HELD_FAILED) {
        error = held_send(line->fd, type, &h->failed, -1);
    } else {
        describe(h, &status);
        error = held_send(line->fd, type, &status, -1);
    }
    line->owed = error == -EAGAIN ? type : HELD_NONE;
    if (error == 0 || error == -EAGAIN) {
        held_lines_watch(&h->lines, line, error != 0);
    } else {
        line_gone(h, line);
    }
}

static void refuse(struct held *h, struct held_line *line, enum held_refusal why)
{
    struct held_refused refused = { .refusal = why };
    memcpy(refused.run_id, h->session.run_id, sizeof refused.run_id);
    (void)held_send(line->fd, HELD_REFUSED, &refused, -1); /* it has been refused whether it reads that or not */
    held_lines_end(&h->lines, line);
}

/* To all who look on; one that does not read misses it. */
void held_tell_all(struct held *h, enum held_type type, const void *body)
{
    for (int i = 0; i < HELD_LINES; i++) {
        const struct held_line *line = &h->lines.lines[i];
        bool looks_on = line->peer == HELD_WAITING || (line->peer == HELD_STARTER && !h->starter_told);
        if (line->fd >= 0 && looks_on && line->owed == HELD_NONE) {
            (void)held_send(line->fd, type, body, -1);
        }
    }
}

void held_tell_note(struct held *h, const char *text)
{
    struct held_note note = { 0 }; /* all of it is sent, and must be nothing but the text */
    snprintf(note.text, sizeof note.text, "%s", text);
    held_tell_all(h, HELD_NOTE, &note);
}

void held_tell_result(struct held *h, struct held_line *line)
{
    if (line->peer == HELD_WAITING) {
        line->peer = HELD_TOLD;
        line->since_ns = clock_boottime_ns();
    }
    held_tell(h, line, h->run.report != NULL ? HELD_RESULT : HELD_FAILED);
}

/* ---- the end of the wait ------------------------------------------------------------------- */

void held_release(struct held *h, enum release_cause cause, const struct ucred *who, bool good)
{
    const struct msg_release message = {
        .exit_code = good ? 0 : 1,
        .duration_ns = clock_boottime_ns() - h->ready_ns,
        .cause = cause,
        .uid = who != NULL ? who->uid : 0,
        .pid = who != NULL ? (uint32_t)who->pid : 0,
        .refused = h->lines.refused,
    };
    h->state = HELD_ENDING;
    run_release(&h->run, &message);
}

void held_give_up(struct held *h, enum release_cause cause)
{
    if (h->state == HELD_READY) {
        held_release(h, cause, NULL, false);
    } else if (h->state == HELD_STARTING) {
        h->state = HELD_ENDING; /* run.c releases as soon as it is asked for a snapshot */
    }
}

/* ---- what callers say ------------------------------------------------------------------------ */

typedef void handler(struct held *h, struct held_line *line, const union held_body *body);

/* END has crossed READY, which the sender passes over: it waits for the result again. */
static void on_late_end(struct held *h, struct held_line *line, const union held_body *body)
{
    bool passed_over = h->starter_told;
    (void)body;
    h->starter_told = false;
    if (passed_over && h->state == HELD_OVER) {
        held_tell_result(h, line);
    }
}

static void on_end(struct held *h, struct held_line *line, const union held_body *body)
{
    on_late_end(h, line, body);
    h->starter_signals++;
    run_signal(&h->run, (int)body->as_HELD_END.signal);
}

static void on_status(struct held *h, struct held_line *line, const union held_body *body)
{
    (void)body;
    held_tell(h, line, HELD_STATE);
    if (line->fd >= 0) {
        held_lines_end(&h->lines, line);
    }
}

/* False: it means another session. */
static bool is_meant(struct held *h, struct held_line *line, const struct held_thaw *m)
{
    bool meant = m->run_id[0] == '\0' || strcmp(m->run_id, h->session.run_id) == 0;
    if (!meant) {
        refuse(h, line, HELD_ANOTHER);
    }
    return meant;
}

static void on_early(struct held *h, struct held_line *line, const union held_body *body)
{
    if (is_meant(h, line, &body->as_HELD_THAW)) {
        refuse(h, line, HELD_NOT_YET);
    }
}

static void on_wait(struct held *h, struct held_line *line, const union held_body *body)
{
    if (!is_meant(h, line, &body->as_HELD_THAW)) {
        return;
    }
    line->peer = HELD_WAITING;
    held_tell(h, line, HELD_ACCEPTED);
    if (h->state == HELD_OVER && line->fd >= 0) {
        held_tell_result(h, line);
    }
}

static void on_thaw(struct held *h, struct held_line *line, const union held_body *body)
{
    if (is_meant(h, line, &body->as_HELD_THAW)) {
        held_release(h, RELEASE_THAW, &line->who, body->as_HELD_THAW.failed == 0);
        on_wait(h, line, body);
    }
}

static void on_taken(struct held *h, struct held_line *line, const union held_body *body)
{
    (void)body;
    if (line->peer == HELD_STARTER && h->starter_told) {
        h->starter_heard = true;
        held_lines_end(&h->lines, line);
        return;
    }
    if (h->state != HELD_OVER) {
        line_gone(h, line); /* after an END: it was sent nothing that it could have taken */
        return;
    }
    line->peer = HELD_DONE;
    if (!h->taken) {
        h->taken = true;
        h->end_ns = clock_boottime_ns() + HELD_OTHERS_S * NS_PER_S;
    }
}

static void on_leave(struct held *h, struct held_line *line, const union held_body *body)
{
    (void)body;
    if (line->who.uid != 0) {
        refuse(h, line, HELD_NOT_PERMITTED);
        return;
    }
    line->peer = HELD_DONE;
    h->taken = h->leave = true;
}

static const struct {
    enum held_state state;
    enum held_peer peer;
    enum held_type type;
    handler *handle;
} rules[] = {
#define X(state, peer, type, function) { state, peer, type, function },
    HELD_RULES(X)
#undef X
};

int held_rule(enum held_state state, enum held_peer peer, uint32_t type)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].state == state && rules[i].peer == peer && rules[i].type == type) {
            return (int)i;
        }
    }
    return -1;
}

void held_hear(struct held *h, struct held_line *line)
{
    static struct held_record record;
    int got = held_receive(line->fd, &record, NULL, HELD_TO_SESSION);
    if (got == -EAGAIN || got == -EINTR) {
        return;
    }
    int row = got == 1 ? held_rule(h->state, line->peer, record.header.type) : -1;
    if (row >= 0) {
        rules[row].handle(h, line, &record.body);
        return;
    }
    line_gone(h, line);
}
