/*
 * held_model_rest.c - the part of held_model.h that looks: at what callers hear, and at what the
 * program has come to.
 */
#include <string.h>
#include <unistd.h>

#include "held_model_state.h"
#include "held_steps.h"

/* ---- what callers hear ------------------------------------------------------------------------- */

/* What is sent whole says nothing behind its end. */
static bool nothing_behind(const char *text, size_t size)
{
    size_t i = strlen(text);

    while (i < size && text[i] == '\0') {
        i++;
    }
    return i == size;
}

static void check_content(const struct caller *c, const struct expected *e, const struct held_record *r, bool with_report)
{
    if (e->type == HELD_RESULT) {
        FUZZ_CHECK((r->header.type == HELD_RESULT) == model.reported && with_report == model.reported, "a result of another kind");
        FUZZ_CHECK(r->header.type == HELD_RESULT ||
                       (r->body.as_HELD_FAILED.message[0] != '\0' && nothing_behind(r->body.as_HELD_FAILED.message, HELD_MESSAGE_MAX)),
                   "a failure without a word, or with more");
    } else if (e->type == HELD_REFUSED) {
        FUZZ_CHECK(r->body.as_HELD_REFUSED.refusal == e->detail, "refused for %u, not %u", r->body.as_HELD_REFUSED.refusal, e->detail);
    } else {
        const struct held_status *s = &r->body.as_HELD_STATE;
        FUZZ_CHECK(strcmp(s->run_id, held_steps_id) == 0 && s->pid == (uint32_t)getpid(), "the state of another session");
        FUZZ_CHECK(c->was_deaf || s->state == e->detail, "state %u, where it is %u", s->state, e->detail);
        FUZZ_CHECK(s->state == HELD_READY || s->left_ns == 0, "time is left where nobody waits");
    }
}

void model_heard(struct caller *c, int got, const struct held_record *r, bool with_report)
{
    if (got == 0) {
        FUZZ_CHECK(c->fd < 0 || c->must_end || model.leaving, "a caller is cut off for nothing");
        FUZZ_CHECK(c->expected_count == 0 || c->was_deaf, "a caller is cut off without the answer of type %u", c->expected[0].type);
        return;
    }
    enum held_type type = r->header.type == HELD_FAILED ? HELD_RESULT : (enum held_type)r->header.type;
    if (type == HELD_PROGRESS || type == HELD_NOTE) {
        FUZZ_CHECK(c->permitted && c->peer != HELD_NEW, "somebody looks on who has not asked to");
        FUZZ_CHECK(type == HELD_PROGRESS || nothing_behind(r->body.as_HELD_NOTE.text, sizeof(r->body.as_HELD_NOTE.text)),
                   "a note tells more than its text");
        return;
    }
    while (c->expected_count > 0 && c->expected[0].type != type && c->was_deaf) {
        memmove(c->expected, c->expected + 1, --c->expected_count * sizeof(c->expected[0]));
    }
    FUZZ_CHECK(c->expected_count > 0 && c->expected[0].type == type, "a caller is sent type %u for nothing", r->header.type);
    check_content(c, &c->expected[0], r, with_report);
    memmove(c->expected, c->expected + 1, --c->expected_count * sizeof(c->expected[0]));
}

/* ---- between two waits ---------------------------------------------------------------------------- */

static void follow_state(void)
{
    static const bool may[HELD_STATES][HELD_STATES] = {
        [HELD_STARTING] = {true, true, true, true},
        [HELD_READY] = {[HELD_READY] = true, [HELD_ENDING] = true, [HELD_OVER] = true},
        [HELD_ENDING] = {[HELD_ENDING] = true, [HELD_OVER] = true},
        [HELD_OVER] = {[HELD_OVER] = true},
    };
    enum held_state now = model.held->state;
    struct caller *starter = &model.list[CALLER_STARTER];

    FUZZ_CHECK(now < HELD_STATES && may[model.state][now], "state %u follows state %u", now, model.state);
    FUZZ_CHECK(now != HELD_OVER || model.over_ns != 0, "it is over before the run is");
    if (model.state == HELD_STARTING && now == HELD_READY && model_line(starter->fd) && !starter->must_end) {
        model.starter_told = true;
        model_expect(starter, HELD_READY_TOLD, HELD_READY);
    }
    model.state = now;
}

/* Whether its time is over: of one who has said nothing, and of one who was told the result. */
static bool is_late(const struct caller *c, uint64_t now_ns)
{
    uint64_t patience_s = c->peer == HELD_NEW ? HELD_SILENCE_S : HELD_OTHERS_S;

    return (c->peer == HELD_NEW || c->peer == HELD_TOLD) && now_ns + SLACK_NS >= c->since_ns + patience_s * NS_PER_S;
}

void model_follow(void)
{
    uint64_t now_ns = clock_boottime_ns();

    if (!model.held) {
        return;
    }
    follow_state();
    for (unsigned i = 0; i < model.callers; i++) {
        struct caller *c = &model.list[i];
        if (c->fd < 0 || model_line(c->fd)) {
            continue;
        }
        /* One who closes while it is written to is noticed there. */
        FUZZ_CHECK(c->must_end || c->end < 0 || is_late(c, now_ns), "a caller is cut off for nothing");
        if (!c->must_end && c->peer == HELD_STARTER && !model.starter_heard) {
            model_cause(RELEASE_CALLER);
        }
        c->must_end = true;
        c->fd = -1;
    }
}

static void check_time(uint64_t now_ns)
{
    const struct held *h = model.held;

    if (h->state == HELD_READY) {
        FUZZ_CHECK(!model_passed(now_ns - 2 * SLACK_NS), "it waits beyond its deadline");
        FUZZ_CHECK(model.releases == 0, "it waits, and was released");
    } else if (h->state == HELD_OVER && model.over_ns != 0) {
        uint64_t until_ns = model.over_ns + HELD_KEEP_S * NS_PER_S;
        FUZZ_CHECK(now_ns < until_ns + SLACK_NS, "it keeps its result for too long");
        FUZZ_CHECK(model.taken_ns == 0 || now_ns < model.taken_ns + HELD_OTHERS_S * NS_PER_S + SLACK_NS,
                   "it stays after its result was taken");
    }
}

void model_rest(void)
{
    uint64_t now_ns = clock_boottime_ns();

    if (!model.held) {
        return;
    }
    model_follow();
    FUZZ_CHECK(!model.leaving && !model.gone, "the session stays though it was told to go");
    check_time(now_ns);
    for (unsigned i = 0; i < model.callers; i++) {
        const struct caller *c = &model.list[i];
        const struct held_line *line = model_line(c->fd);
        FUZZ_CHECK(c->fd < 0 || !c->must_end, "a caller is not cut off");
        FUZZ_CHECK(!line || !is_late(c, now_ns - 2 * SLACK_NS) || line->owed != HELD_NONE, "a caller who says nothing is not cut off");
        FUZZ_CHECK(c->expected_count == 0 || c->was_deaf || c->end < 0, "an answer of type %u is owed", c->expected[0].type);
    }
}
