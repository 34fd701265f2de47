/*
 * witness.h - what the front has seen itself, and whether a result agrees with it.
 *
 * The supervisor holds a run's whole record and may have been taken over.  What it
 * cannot change: the record of what is frozen, which only monitor and guardian write;
 * and how the snapshot command ended.
 */
#ifndef QUIESCE_FRONT_WITNESS_H
#define QUIESCE_FRONT_WITNESS_H

#include <stdbool.h>

#include "quiesce/record.h"
#include "quiesce/report.h"

struct witness {
    const struct run_record *record;
    const char *run_id;
    bool asked;  /* READY came, and the snapshot command was started */
    bool taken;  /* it ended well */
    bool frozen; /* all that was to be frozen was, when it began and when it had ended */
};

/* READY came: frozen as it says.  Returns false if that is not so. */
bool witness_ready(struct witness *w, bool frozen);

/* The snapshot command has ended; before RELEASE is sent. */
void witness_snapshot(struct witness *w, const struct msg_release *release);

/*
 * Looks at a result and its report, which report_valid() has looked at.
 * Returns NULL, or a clause that says what in it cannot be.
 */
const char *witness_contradicts(const struct witness *w, const struct msg_result *m, const struct report *r);

#endif
