/*
 * held_model_state.h - what the model of held_model.h knows; for the parts of it.
 */
#ifndef QUIESCE_FUZZ_HELD_MODEL_STATE_H
#define QUIESCE_FUZZ_HELD_MODEL_STATE_H

#include "held_model.h"

#include "base/clock.h"

/* Clocks go on by a microsecond when they are read. */
#define SLACK_NS NS_PER_MS

extern struct model {
    const struct held *held;
    enum held_state state;
    bool starter_told, starter_heard, leaving, reported, gone;
    unsigned callers, accepted;
    unsigned causes; /* bit n: enum release_cause n may be what ends the wait */
    bool thawed;     /* a THAW ended it */
    struct ucred thawed_by;
    bool thawed_failed;
    unsigned releases;
    uint64_t over_ns, taken_ns;
    struct caller list[CALLERS_MAX];
} model;

/* The program's own line of a descriptor; NULL: it has none. */
const struct held_line *model_line(int fd);

/* A caller must be sent this next. */
void model_expect(struct caller *caller, enum held_type type, uint32_t detail);

/* Whether it is time to end the wait, unless somebody else does. */
bool model_passed(uint64_t now_ns);

#endif
