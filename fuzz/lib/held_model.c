#include "held_model_state.h"

#include <errno.h>
#include <string.h>

#include "held_steps.h"

struct model model;

static const uint8_t allowed[HELD_STATES][HELD_PEERS][HELD_TYPES] = {
#define X(state, peer, type, handler) [state][peer][type] = 1,
    HELD_RULES(X)
#undef X
};

void model_begin(int starter_end, int starter_fd)
{
    memset(&model, 0, sizeof(model));
    model.callers = model.accepted = 1;
    model.list[CALLER_STARTER] = (struct caller){
        .end = starter_end, .fd = starter_fd, .accepted = true, .permitted = true, .served = true, .peer = HELD_STARTER};
}

void model_session(const struct held *held)
{
    model.held = held;
}

struct caller *model_caller(unsigned number)
{
    return number < model.callers ? &model.list[number] : NULL;
}

struct caller *model_by_fd(int fd)
{
    for (unsigned i = 0; i < model.callers; i++) {
        if (model.list[i].fd == fd) {
            return &model.list[i];
        }
    }
    return NULL;
}

unsigned model_callers(void)
{
    return model.callers;
}

/* By the comment of held_door.h: root, or a member of the group. */
struct caller *model_connect(int end, const struct ucred *who, const gid_t *groups, unsigned groups_count)
{
    struct caller *c = &model.list[model.callers];

    if (model.callers == CALLERS_MAX) {
        return NULL;
    }
    model.callers++;
    *c = (struct caller){.end = end, .fd = -1, .peer = HELD_NEW, .who = *who, .groups_count = groups_count};
    for (unsigned i = 0; i < groups_count; i++) {
        c->groups[i] = groups[i];
    }
    return c;
}

static bool is_permitted(const struct caller *c)
{
    const struct held_door *door = &model.held->lines.door;
    bool member = c->who.gid == door->group;

    for (unsigned i = 0; i < c->groups_count; i++) {
        member = member || c->groups[i] == door->group;
    }
    return c->who.uid == 0 || (door->has_group && member);
}

void model_sent(struct caller *c, int verdict)
{
    if (verdict != HELD_NOT_SENT) {
        FUZZ_CHECK(c->queue_count < CALLER_QUEUE, "more messages than a queue holds");
        c->queue[(c->queue_first + c->queue_count++) % CALLER_QUEUE] = verdict;
    }
}

void model_expect(struct caller *c, enum held_type type, uint32_t detail)
{
    FUZZ_CHECK(c->expected_count < CALLER_OWED_MAX, "a caller is owed more than there can be");
    c->expected[c->expected_count++] = (struct expected){type, detail};
}

/* ---- places ---------------------------------------------------------------------------- */

const struct held_line *model_line(int fd)
{
    for (unsigned i = 0; fd >= 0 && i < HELD_LINES; i++) {
        if (model.held->lines.lines[i].fd == fd) {
            return &model.held->lines.lines[i];
        }
    }
    return NULL;
}

/* Of those who owe a word, and not for want of having been told, the one that came first: it may lose its place. */
static struct caller *oldest_silent(void)
{
    const struct held_line *oldest = NULL;

    for (unsigned i = 0; i < HELD_LINES; i++) {
        const struct held_line *line = &model.held->lines.lines[i];
        const struct caller *c = line->fd >= 0 ? model_by_fd(line->fd) : NULL;
        bool silent = c && !c->must_end && (c->peer == HELD_NEW || (c->peer == HELD_TOLD && line->owed == HELD_NONE));
        if (silent && (!oldest || line->since_ns < oldest->since_ns)) {
            oldest = line;
        }
    }
    return oldest ? model_by_fd(oldest->fd) : NULL;
}

unsigned model_lines(void)
{
    unsigned count = 0;

    for (unsigned i = 0; model.held && i < HELD_LINES; i++) {
        const struct caller *starter = &model.list[CALLER_STARTER];
        count += model.held->lines.lines[i].fd >= 0 && (starter->fd < 0 || model.held->lines.lines[i].fd != starter->fd);
    }
    return count;
}

void model_exhausted(void)
{
    struct caller *oldest;

    model_follow();
    oldest = oldest_silent();
    if (oldest) {
        oldest->must_end = true;
    }
}

void model_accepted(int fd)
{
    struct caller *c = &model.list[model.accepted], *oldest = NULL;

    model_follow(); /* somebody may have had this descriptor before */
    FUZZ_CHECK(model.accepted < model.callers, "somebody was accepted who has not come");
    model.accepted++;
    c->accepted = true;
    c->fd = fd;
    c->permitted = is_permitted(c);
    c->since_ns = clock_boottime_ns();
    if (!c->permitted) {
        model_expect(c, HELD_REFUSED, HELD_NOT_PERMITTED);
        c->must_end = true;
        return;
    }
    if (model_lines() + (model_line(model.list[CALLER_STARTER].fd) != NULL) == HELD_LINES) {
        oldest = oldest_silent();
        if (oldest) {
            oldest->must_end = true;
        } else {
            model_expect(c, HELD_REFUSED, HELD_BUSY);
            c->must_end = true;
        }
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

static void starter_is_gone(void)
{
    if (!model.starter_heard && model.held->state < HELD_ENDING) {
        model_cause(RELEASE_CALLER);
    }
}

static void answered_by_result(struct caller *c)
{
    model_expect(c, HELD_RESULT, 0);
    if (c->peer == HELD_WAITING) {
        c->peer = HELD_TOLD;
        c->since_ns = clock_boottime_ns();
    }
}

static void on_thaw(struct caller *c, const struct held_thaw *m)
{
    enum held_state state = model.held->state;
    bool other = m->run_id[0] != '\0' && memcmp(m->run_id, held_steps_id, WIRE_RUN_ID_MAX) != 0;

    if (other || state == HELD_STARTING) {
        model_expect(c, HELD_REFUSED, other ? HELD_ANOTHER : HELD_NOT_YET);
        c->must_end = true;
        return;
    }
    if (state == HELD_READY) {
        FUZZ_CHECK(!model.thawed, "it is thawed twice");
        model.thawed = true;
        model.thawed_by = c->who;
        model.thawed_failed = m->failed != 0;
        model.causes = 1u << RELEASE_THAW;
    }
    c->peer = HELD_WAITING;
    model_expect(c, HELD_ACCEPTED, state == HELD_READY ? HELD_ENDING : state);
    if (state == HELD_OVER) {
        answered_by_result(c);
    }
}

static void on_end(struct caller *c)
{
    bool passed_over = model.starter_told;

    model.starter_told = false;
    if (model.held->state < HELD_ENDING) {
        model_cause(RELEASE_SIGNAL);
    } else if (passed_over && model.held->state == HELD_OVER) {
        answered_by_result(c);
    }
}

static void on_taken(struct caller *c)
{
    if (c->peer == HELD_STARTER && model.starter_told) {
        model.starter_heard = true;
        c->must_end = true;
        return;
    }
    if (model.held->state != HELD_OVER) { /* it has not been sent anything that it could have taken */
        c->must_end = true;
        return;
    }
    c->peer = HELD_DONE;
    model.taken_ns = model.taken_ns != 0 ? model.taken_ns : clock_boottime_ns();
}

static void on_leave(struct caller *c)
{
    if (c->who.uid != 0) {
        model_expect(c, HELD_REFUSED, HELD_NOT_PERMITTED);
        c->must_end = true;
    } else {
        c->peer = HELD_DONE;
        model.leaving = true;
    }
}

static void on_message(struct caller *c, const struct held_record *record)
{
    switch (record->header.type) {
    case HELD_STATUS:
        model_expect(c, HELD_STATE, model.held->state);
        c->must_end = true;
        break;
    case HELD_THAW:
        on_thaw(c, &record->body.as_HELD_THAW);
        break;
    case HELD_END:
        on_end(c);
        break;
    case HELD_TAKEN:
        on_taken(c);
        break;
    default:
        on_leave(c);
        break;
    }
}

void model_received(int fd, int got, const struct held_record *record)
{
    struct caller *c = model_by_fd(fd);

    FUZZ_CHECK(c && c->permitted, "somebody is listened to who may not say anything");
    if (got == -EAGAIN) {
        FUZZ_CHECK(c->queue_count == 0, "what was sent is not there");
        return;
    }
    int verdict = 0; /* the end */
    if (c->queue_count > 0) {
        verdict = c->queue[c->queue_first];
        c->queue_first = (c->queue_first + 1) % CALLER_QUEUE;
        c->queue_count--;
    } else {
        FUZZ_CHECK(c->end < 0, "the end of a caller who is there");
    }
    FUZZ_CHECK(got == (verdict > 0 ? 1 : verdict) && (got != 1 || record->header.type == (uint32_t)verdict),
               "a record that is %d is taken for %d", verdict, got);
    FUZZ_CHECK(!c->must_end, "a caller who is refused is listened to");
    c->served = true;
    if (got == 1 && allowed[model.held->state][c->peer][record->header.type]) {
        on_message(c, record);
        return;
    }
    c->must_end = true;
    if (c->peer == HELD_STARTER) {
        starter_is_gone();
    }
}

/* ---- the run --------------------------------------------------------------------------------- */

void model_cause(enum release_cause cause)
{
    if (!model.thawed) {
        model.causes |= 1u << cause;
    }
}

bool model_passed(uint64_t now_ns)
{
    const struct held *h = model.held;

    return h->ready_ns != 0 && now_ns + SLACK_NS >= h->deadline_ns + (h->frozen ? HELD_OVERDUE_S * NS_PER_S : 0);
}

void model_released(const struct msg_release *m)
{
    FUZZ_CHECK(model.releases++ == 0, "it is released twice");
    model_cause(model_passed(clock_boottime_ns()) ? (model.held->frozen ? RELEASE_LATE : RELEASE_DEADLINE) : RELEASE_CAUSES);
    FUZZ_CHECK(m->cause < RELEASE_CAUSES && (model.causes & 1u << m->cause), "released by %u, where it could be by %x", m->cause,
               model.causes);
    FUZZ_CHECK(model.thawed ? m->exit_code == model.thawed_failed && m->uid == model.thawed_by.uid &&
                       m->pid == (uint32_t)model.thawed_by.pid && m->signal == 0
                            : (m->exit_code != 0 || m->signal != 0) && m->uid == 0 && m->pid == 0,
               "a release that says %u by %u:%u", m->exit_code, m->uid, m->pid);
}

void model_over(bool report)
{
    model_follow();
    model.reported = report;
    model.over_ns = clock_boottime_ns();
    model.taken_ns = 0; /* nobody has what was not there before */
    for (unsigned i = 0; i < model.callers; i++) {
        struct caller *c = &model.list[i];
        if (model_line(c->fd) && !c->must_end && (c->peer == HELD_WAITING || (c->peer == HELD_STARTER && !model.starter_told))) {
            answered_by_result(c);
        }
    }
}

void model_told_to_end(void)
{
    model_cause(RELEASE_SIGNAL);
    model.gone = model.over_ns != 0;
}

