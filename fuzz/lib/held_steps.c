#include "held_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "quiesce/outcome.h"

enum { TEMPLATE_ZERO = 1, WITH_ID = 2, WITH_OTHER_ID = 4, FAILED = 8, OTHER_MAGIC = 0x40, OTHER_VERSION = 0x80 };
enum { TYPE_MASK = 15, ROOM = 128, FDS_MASK = 7 };
_Static_assert(HELD_TYPES <= TYPE_MASK + 1, "each type has its number in a step");

const char held_steps_id[WIRE_RUN_ID_MAX] = "0123456789abcdef0123456789abcdef";

static const struct {
    size_t length;
    int direction;
    unsigned fds;
} known[HELD_TYPES] = {
    [HELD_NONE] = {sizeof(struct held_nothing), -1, 0},
#define X(type, body, direction, fds) [type] = {sizeof(body), direction, fds},
    HELD_MESSAGES(X)
#undef X
};

/* ---- what a message must be like ---------------------------------------------------------- */

static bool ended(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool is_id(const char *id)
{
    for (unsigned i = 0; i < WIRE_RUN_ID_MAX - 1; i++) {
        if (id[i] == '\0' || !strchr("0123456789abcdef", id[i])) {
            return false;
        }
    }
    return id[WIRE_RUN_ID_MAX - 1] == '\0';
}

static bool is_list(const struct msg_targets *t)
{
    uint32_t ends = 0;

    if (t->count > PLAN_FS_MAX || t->listed > t->count || t->length > PLAN_SKIP_TEXT_MAX) {
        return false;
    }
    for (const char *c = t->text; c < t->text + t->length; c++) {
        ends += *c == '\0';
    }
    return ends == t->listed && (t->length == 0 || t->text[t->length - 1] == '\0');
}

static bool body_ok(uint32_t type, const union held_body *b)
{
    switch ((enum held_type)type) {
    case HELD_THAW:
        return (b->as_HELD_THAW.run_id[0] == '\0' || is_id(b->as_HELD_THAW.run_id)) && b->as_HELD_THAW.failed <= 1;
    case HELD_END:
        return b->as_HELD_END.signal >= 1 && b->as_HELD_END.signal <= 64;
    case HELD_STATUS:
    case HELD_TAKEN:
    case HELD_LEAVE:
        return b->as_HELD_STATUS.reserved == 0;
    case HELD_READY_TOLD:
    case HELD_STATE:
    case HELD_ACCEPTED:
        return is_id(b->as_HELD_STATE.run_id) && b->as_HELD_STATE.state < HELD_STATES && b->as_HELD_STATE.step < RUN_STEPS &&
               b->as_HELD_STATE.frozen <= 1 && is_list(&b->as_HELD_STATE.targets);
    case HELD_PROGRESS:
        return b->as_HELD_PROGRESS.step < RUN_STEPS && b->as_HELD_PROGRESS.kind < PROGRESS_KINDS &&
               ended(b->as_HELD_PROGRESS.plugin, sizeof(b->as_HELD_PROGRESS.plugin)) &&
               ended(b->as_HELD_PROGRESS.text, sizeof(b->as_HELD_PROGRESS.text));
    case HELD_NOTE:
        return ended(b->as_HELD_NOTE.text, sizeof(b->as_HELD_NOTE.text));
    case HELD_RESULT:
        return b->as_HELD_RESULT.outcome < OUTCOMES && b->as_HELD_RESULT.exit_status <= 255;
    case HELD_FAILED:
        return b->as_HELD_FAILED.exit_status >= 1 && b->as_HELD_FAILED.exit_status <= 255 &&
               (b->as_HELD_FAILED.run_id[0] == '\0' || is_id(b->as_HELD_FAILED.run_id)) &&
               ended(b->as_HELD_FAILED.message, sizeof(b->as_HELD_FAILED.message));
    case HELD_REFUSED:
        return b->as_HELD_REFUSED.refusal < HELD_REFUSALS && is_id(b->as_HELD_REFUSED.run_id);
    case HELD_NONE:
    case HELD_TYPES:
    default:
        return false;
    }
}

int held_steps_verdict(const struct held_record *record, size_t n, unsigned fds, enum held_direction direction)
{
    const struct held_header *h = &record->header;

    if (n == 0 && fds == 0) {
        return 0;
    }
    if (n > sizeof(*record) || fds > (direction == HELD_TO_CALLER ? 1u : 0u) || n < sizeof(*h) || h->magic != HELD_MAGIC) {
        return -EPROTO;
    }
    if (h->version != HELD_VERSION) {
        return -EPROTONOSUPPORT;
    }
    if (h->type >= HELD_TYPES || known[h->type].direction != (int)direction || known[h->type].fds != fds ||
        h->length != known[h->type].length || n != sizeof(*h) + h->length || !body_ok(h->type, &record->body)) {
        return -EPROTO;
    }
    return (int)h->type;
}

/* ---- templates --------------------------------------------------------------------------------- */

static void fill_status(struct held_status *s, unsigned extra)
{
    static const char mounts[] = "/\0/var/lib/orders";

    memcpy(s->run_id, held_steps_id, sizeof(s->run_id));
    s->state = extra / 2 % HELD_STATES;
    s->step = STEP_SNAPSHOT;
    s->frozen = s->state == HELD_READY;
    s->pid = 4242;
    s->started_ns = 1500000000;
    s->ready_ns = 500000000;
    s->left_ns = 59500000000;
    s->targets = (struct msg_targets){.count = 3, .listed = 2, .length = sizeof(mounts)};
    memcpy(s->targets.text, mounts, sizeof(mounts));
}

static void fill(uint32_t type, unsigned extra, union held_body *b)
{
    if (type == HELD_THAW) {
        memcpy(b->as_HELD_THAW.run_id, held_steps_id, extra & (WITH_ID | WITH_OTHER_ID) ? WIRE_RUN_ID_MAX : 0);
        b->as_HELD_THAW.run_id[0] = extra & WITH_OTHER_ID ? 'f' : b->as_HELD_THAW.run_id[0];
        b->as_HELD_THAW.failed = (extra & FAILED) != 0;
    } else if (type == HELD_END) {
        b->as_HELD_END.signal = 2;
    } else if (type == HELD_READY_TOLD || type == HELD_STATE || type == HELD_ACCEPTED) {
        fill_status(&b->as_HELD_STATE, extra);
    } else if (type == HELD_PROGRESS) {
        b->as_HELD_PROGRESS.step = extra / 2 % RUN_STEPS;
        b->as_HELD_PROGRESS.kind = extra / 16 % PROGRESS_KINDS;
        snprintf(b->as_HELD_PROGRESS.plugin, sizeof(b->as_HELD_PROGRESS.plugin), "orders");
    } else if (type == HELD_NOTE) {
        snprintf(b->as_HELD_NOTE.text, sizeof(b->as_HELD_NOTE.text), "a line");
    } else if (type == HELD_RESULT && extra & 2) {
        b->as_HELD_RESULT = (struct msg_result){OUTCOME_PRE_FAILED, (uint32_t)outcome_table[OUTCOME_PRE_FAILED].exit_stop};
    } else if (type == HELD_FAILED) {
        b->as_HELD_FAILED.exit_status = EXIT_INTERNAL;
        memcpy(b->as_HELD_FAILED.run_id, held_steps_id, WIRE_RUN_ID_MAX);
        snprintf(b->as_HELD_FAILED.message, sizeof(b->as_HELD_FAILED.message), "it broke off");
    } else if (type == HELD_REFUSED) {
        b->as_HELD_REFUSED.refusal = extra / 2 % HELD_REFUSALS;
        memcpy(b->as_HELD_REFUSED.run_id, held_steps_id, WIRE_RUN_ID_MAX);
    }
}

int held_steps_send(int socket, const struct sequence_step *step, enum held_direction direction, int fd)
{
    static struct {
        struct held_record record;
        uint8_t behind[ROOM];
    } r; /* large */
    const uint32_t type = step->byte & TYPE_MASK;
    const size_t length = type < HELD_TYPES ? known[type].length : sizeof(struct held_nothing);
    const unsigned fds = step->fds & FDS_MASK;
    size_t n = (size_t)step->patches_count * SEQUENCE_UNIT;

    memset(&r, 0, sizeof(r.record.header) + length + ROOM);
    if (step->kind == STEP_RAW) {
        n -= n > step->extra % SEQUENCE_UNIT ? step->extra % SEQUENCE_UNIT : 0;
        memcpy(&r, step->patches, n);
    } else {
        n = sizeof(r.record.header) + length;
        r.record.header = (struct held_header){HELD_MAGIC ^ (step->extra & OTHER_MAGIC),
                                               HELD_VERSION + (step->extra & OTHER_VERSION), type,
                                               (uint32_t)length + (uint32_t)(int32_t)step->header};
        if (!(step->extra & TEMPLATE_ZERO)) {
            fill(type, step->extra, &r.record.body);
        }
        sequence_patch(step, (uint8_t *)&r.record.body, length);
        n = step->longer < 0 && n < (size_t)-step->longer ? 0 : n + (size_t)step->longer;
    }
    return sequence_send_record(socket, &r, n, fd, fds) ? held_steps_verdict(&r.record, n, fds, direction) : HELD_NOT_SENT;
}
