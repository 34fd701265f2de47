/*
 * held_call.h - asking a held session: the callers' side of held.h.
 */
#ifndef QUIESCE_FRONT_HELD_CALL_H
#define QUIESCE_FRONT_HELD_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "front/held_wire.h"
#include "quiesce/report.h"

enum { HELD_ANSWER_MS = 5000 }; /* how long a session may take to answer at all */

struct held_answer {
    enum held_type type;          /* what ended the call; HELD_NONE: error holds a negative errno, 0: the other end is gone */
    int error;
    bool heard;                   /* something came from the session */
    struct held_record record;    /* the message of that type */
    const struct report *report;  /* of RESULT: read-only mapping; NULL: it cannot be used, and why says why */
    const char *why;
};

/*
 * Waits for what ends a call, and shows on standard error what comes before it.
 *   socket   to the session; closed when this returns
 *   wish     what was asked
 *   signals  signalfd, each of whose signals is passed on as END; -1: none
 *   quiet    no line per step
 */
void held_call(int socket, enum held_wish wish, int signals, bool quiet, struct held_answer *answer);

/*
 * Connects, asks with one message, and waits as held_call() does.  Who is cut off before a word
 * has come asks once more: the session has ended just then, for whoever came before, or needed the place.
 * Returns 0, and answer says the rest; or a negative errno of held_door_connect().
 */
int held_ask(enum held_type type, const void *body, enum held_wish wish, bool quiet, struct held_answer *answer);

/* Asks for the state of the session.  Returns whether there is an answer of type HELD_STATE. */
bool held_ask_status(struct held_answer *answer);

/* Whether a run holds the machine's lock: 1 or 0, or a negative errno if that cannot be seen. */
int held_lock_taken(void);

/* Of a run that was refused because another holds the lock: names the session, if it is one. */
void held_name_holder(char *message, size_t capacity);

/* The index of the rule of HELD_CALLER_RULES, or -1: the call fails. */
int held_caller_rule(enum held_wish wish, uint32_t type);

#endif
