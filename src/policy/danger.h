/*
 * danger.h - system calls and capabilities that want a reason.
 */
#ifndef QUIESCE_POLICY_DANGER_H
#define QUIESCE_POLICY_DANGER_H

#include <stddef.h>
#include <stdint.h>

#include "policy/conditions.h"

enum { DANGER_CONDITIONS_MAX = 5 };

/* A call, or some calls with one name, that reaches beyond the caller. */
struct danger {
    const char *call;  /* name; absent on some machines */
    const char *what;  /* one clause: what it can do; calls with the same clause may share an entry */
    unsigned count;    /* of conditions: which of its calls are meant; 0: all */
    struct condition conditions[DANGER_CONDITIONS_MAX];
    uint8_t open_word; /* and which word of the arguments has to leave one of these bits */
    uint32_t open;     /* open, as far as a single path through the filter tells; 0: none has to */
};

extern const struct danger dangers[];
extern const size_t dangers_count;

/* Capabilities that need a reason, bit n = capability n; what each can do says capability_words(). */
extern const uint64_t danger_capabilities;

#endif
