#include "quiesce/learned.h"

#include <string.h>

#include "quiesce/wire.h"

enum { SIGNAL_MAX = 64, STATUS_MAX = 255 };

bool learned_call_valid(const struct learned_call *call)
{
    if (call->answer == 0 || call->answer > LEARNED_ERRNO_MAX || call->count == 0 ||
        call->names_count > LEARNED_NAMES_MAX || call->more_names > 1) {
        return false;
    }
    for (uint32_t i = 0; i < 6; i++) {
        if ((call->args[i] & ~call->masks[i]) != 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < call->names_count; i++) {
        if (memchr(call->names[i], '\0', LEARNED_NAME_MAX) == NULL) {
            return false;
        }
    }
    return true;
}

bool learned_valid(const struct learned *learned)
{
    if (learned->end >= LEARNED_ENDS || learned->start_step >= START_STEPS || learned->start_error > LEARNED_ERRNO_MAX ||
        learned->code < -1 || learned->code > STATUS_MAX || learned->signal > SIGNAL_MAX ||
        learned->count > LEARNED_CALLS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < learned->count; i++) {
        if (!learned_call_valid(&learned->calls[i])) {
            return false;
        }
    }
    return true;
}

static bool same_kind(const struct learned_call *a, const struct learned_call *b)
{
    return a->number == b->number && a->answer == b->answer && memcmp(a->masks, b->masks, sizeof a->masks) == 0 &&
        memcmp(a->args, b->args, sizeof a->args) == 0;
}

static void add_names(struct learned_call *to, const struct learned_call *from)
{
    to->more_names |= from->more_names;
    for (uint32_t i = 0; i < from->names_count; i++) {
        uint32_t at = 0;
        while (at < to->names_count && strcmp(to->names[at], from->names[i]) != 0) {
            at++;
        }
        if (at == LEARNED_NAMES_MAX) {
            to->more_names = 1;
        } else if (at == to->names_count) {
            memcpy(to->names[to->names_count++], from->names[i], LEARNED_NAME_MAX);
        }
    }
}

void learned_add(struct learned *to, const struct learned *from)
{
    to->lost += from->lost;
    for (uint32_t i = 0; i < from->count; i++) {
        const struct learned_call *call = &from->calls[i];
        uint32_t at = 0;
        while (at < to->count && !same_kind(&to->calls[at], call)) {
            at++;
        }
        if (at < to->count) {
            to->calls[at].count += call->count;
            add_names(&to->calls[at], call);
        } else if (at < LEARNED_CALLS_MAX) {
            to->calls[to->count++] = *call;
        } else {
            to->lost += call->count;
        }
    }
}
