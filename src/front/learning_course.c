/*
 * learning_course.c - the course of a script that is learned from: as in a run, but one
 * attempt, and what a pre-script leaves running has the time of the script.
 *
 *   IDLE -> STARTING -> RUNNING -+-> ENDING (TERM, grace) -> KILLED
 *                                +-> KILLED
 *   over when the keeper's socket ends, which may come in any of them
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/learning.h"

/* A killed tree that is still there after so long hangs in the kernel. */
enum { KILL_WAIT_SECONDS = 10 };

typedef void handler(struct learning *l, struct course *c, struct wire_packet *packet);
static handler on_started, on_execed, on_exec_failed, on_learned_call, on_learned_end, on_exited;

static const struct wire_rule rules[] = {
#define X(state, peer, type, function) { state, peer, type },
    LEARNING_RULES(X)
#undef X
};
static handler *const handlers[] = {
#define X(state, peer, type, function) function,
    LEARNING_RULES(X)
#undef X
};

static void fail(struct learning *l, const char *why)
{
    l->failure = l->failure != NULL ? l->failure : why;
}

void course_message(struct learning *l, struct course *c, enum wire_peer peer, struct wire_packet *packet)
{
    int row = wire_find(rules, sizeof rules / sizeof *rules, c->state, peer, packet->type);
    if (row >= 0) {
        handlers[row](l, c, packet);
    } else {
        fail(l, "quiesce-learn said what it may not");
    }
    wire_close(packet);
}

bool course_passed(const struct course *c)
{
    return c->ran && c->exited && c->learned->code == 0 && c->learned->end != LEARNED_FORBIDDEN &&
        c->learned->end != LEARNED_HOSTILE && c->learned->end != LEARNED_TIMED_OUT;
}

static void set_deadline(struct course *c, uint64_t seconds)
{
    c->deadline_ns = clock_monotonic_ns() + seconds * NS_PER_S;
}

static void tell_slot(struct learning *l, const struct course *c, uint32_t type)
{
    const struct msg_slot slot = { WIRE_SLOT(0, c->phase) };
    /* Gone: its end of file follows, and says more. */
    (void)wire_send(l->learner, type, &slot, NULL, 0);
}

void course_kill(struct learning *l, struct course *c)
{
    c->state = LEARNING_KILLED;
    tell_slot(l, c, MSG_KILL);
    set_deadline(c, KILL_WAIT_SECONDS);
}

static void end_all(struct learning *l, struct course *c)
{
    c->state = LEARNING_ENDING;
    tell_slot(l, c, MSG_TERM);
    set_deadline(c, PLAN_GRACE_DEFAULT);
}

void course_start(struct learning *l, struct course *c)
{
    bool post = c->phase == PHASE_POST;
    const struct msg_start start = {
        .slot = WIRE_SLOT(0, c->phase), .attempt = 1,
        .pre_result = post ? PRE_SUCCEEDED : PRE_NONE,
        .snapshot_result = post ? SNAPSHOT_TAKEN : SNAPSHOT_NONE,
    };
    c->state = LEARNING_STARTING;
    c->learned->end = LEARNED_OVER;
    c->learned->code = -1;
    set_deadline(c, KILL_WAIT_SECONDS);
    (void)wire_send(l->learner, MSG_START, &start, NULL, 0);
}

/* ---- messages ---------------------------------------------------------------------------- */

static void not_started(struct course *c, uint32_t step, uint32_t error)
{
    c->learned->end = LEARNED_NOT_STARTED;
    c->learned->start_step = step;
    c->learned->start_error = error;
    c->exited = c->complete = true;
}

static void on_started(struct learning *l, struct course *c, struct wire_packet *packet)
{
    const struct msg_started *m = packet->body;
    if (packet->fds_count != (m->error != 0 ? 0u : m->with_cgroup ? 5u : 3u) || m->step >= START_STEPS
        || m->error > LEARNED_ERRNO_MAX) {
        fail(l, "quiesce-learn's STARTED makes no sense");
        return;
    }
    c->state = LEARNING_RUNNING;
    if (m->error != 0) {
        not_started(c, m->step, m->error);
        c->deadline_ns = 0; /* there is nothing of it that could take too long */
        return;
    }
    set_deadline(c, l->timeout_seconds);
    c->keeper = packet->fds[0];
    c->out.in = packet->fds[1];
    c->err.in = packet->fds[2];
    c->events = m->with_cgroup ? packet->fds[3] : -1;
    /* Somebody outside may have been given the other ends: at ours nothing is waited for. */
    (void)fcntl(c->out.in, F_SETFL, O_NONBLOCK);
    (void)fcntl(c->err.in, F_SETFL, O_NONBLOCK);
    if (m->with_cgroup) {
        (void)close(packet->fds[4]);
    }
    packet->fds_count = 0;
}

static void on_execed(struct learning *l, struct course *c, struct wire_packet *packet)
{
    if (c->ran || c->exited) {
        fail(l, "a keeper's EXECED is out of place");
    }
    c->ran = true;
}

static void on_exec_failed(struct learning *l, struct course *c, struct wire_packet *packet)
{
    const struct msg_exec_failed *m = packet->body;
    if (c->ran || c->exited || m->step >= START_STEPS || m->error > LEARNED_ERRNO_MAX) {
        fail(l, "a keeper's EXEC_FAILED makes no sense");
        return;
    }
    not_started(c, m->step, m->error);
}

static void on_learned_call(struct learning *l, struct course *c, struct wire_packet *packet)
{
    const struct msg_learned_call *m = packet->body;
    struct learned *learned = c->learned;
    if (m->index > learned->count || m->index >= LEARNED_CALLS_MAX || !learned_call_valid(&m->call)) {
        fail(l, "what a keeper has taken down makes no sense");
        return;
    }
    learned->count += m->index == learned->count ? 1 : 0;
    learned->calls[m->index] = m->call;
    if (m->call.answer == LEARN_KILLED && learned->end != LEARNED_HOSTILE) {
        learned->end = LEARNED_HOSTILE;
        course_kill(l, c);
    }
}

static void on_learned_end(struct learning *l, struct course *c, struct wire_packet *packet)
{
    c->learned->lost = ((const struct msg_learned_end *)packet->body)->lost;
    c->complete = true;
}

/* Whether something is left of what the script started. */
static bool is_left(const struct course *c, const struct msg_exited *m)
{
    char text[128];
    ssize_t n = c->events >= 0 ? pread(c->events, text, sizeof text - 1, 0) : -1;
    if (n < 0) {
        return m->left != 0;
    }
    text[n] = '\0';
    return strstr(text, "populated 1") != NULL;
}

static void on_exited(struct learning *l, struct course *c, struct wire_packet *packet)
{
    const struct msg_exited *m = packet->body;
    if (!c->ran || c->exited || m->code < -1 || m->code > 255 || m->signal > 64) {
        fail(l, "a keeper's EXITED makes no sense");
        return;
    }
    c->exited = true;
    c->learned->code = m->code;
    c->learned->signal = m->signal;
    if (c->state != LEARNING_RUNNING || !is_left(c, m)) {
        return;
    }
    if (m->code != 0) {
        end_all(l, c);
    } else if (c->phase == PHASE_POST) {
        course_kill(l, c);
    } else if ((l->base->flags & POLICY_FORBID_SURVIVORS) != 0) {
        c->learned->end = LEARNED_FORBIDDEN;
        course_kill(l, c);
    }
    /* Else it lives on, and what it calls counts. */
}

/* ---- what else happens ------------------------------------------------------------------------ */

void course_keeper_gone(struct learning *l, struct course *c)
{
    (void)close(c->keeper);
    c->keeper = -1;
    c->deadline_ns = 0;
    /* Without a cgroup the keeper is killed with the script. */
    if ((!c->exited || !c->complete) && c->state != LEARNING_KILLED) {
        fail(l, "the process that looked after the script ended early");
    }
}

void course_time_up(struct learning *l, struct course *c)
{
    if (c->state == LEARNING_RUNNING && c->exited) {
        c->learned->end = c->ran ? LEARNED_SURVIVED : c->learned->end;
        course_kill(l, c);
    } else if (c->state == LEARNING_RUNNING) {
        c->learned->end = LEARNED_TIMED_OUT;
        end_all(l, c);
    } else if (c->state == LEARNING_ENDING) {
        course_kill(l, c);
    } else if (c->state == LEARNING_STARTING) {
        fail(l, "quiesce-learn does not start the script");
    } else {
        fail(l, "processes of the script do not end although they were killed");
    }
}
