/*
 * held.h - the messages between a held session and its callers.
 *
 * A held session is a run whose snapshot is taken by somebody else, between two
 * commands: "quiesce freeze" starts it, "quiesce thaw" ends it.  It listens on
 * HELD_SOCKET, SOCK_SEQPACKET.  One message is one record:
 *
 *   0        4          8        12        16
 *   +--------+----------+--------+---------+------------------------ - -
 *   | magic  | version  | type   | length  | body: the one structure of that type
 *   +--------+----------+--------+---------+------------------------ - -
 *
 * length counts the body and is exactly the size of that structure; the record ends
 * with it.  Integers are native; the two ends may be of different builds, so the
 * version changes with any layout here.
 * Only RESULT carries a descriptor.
 *
 *   freeze ---- END TAKEN -------->  session       "freeze" has a socketpair, made before the
 *          <--- PROGRESS NOTE READY                session was forked; all others connect
 *               RESULT FAILED
 *   thaw ------ THAW TAKEN ------->
 *          <--- ACCEPTED PROGRESS NOTE RESULT FAILED REFUSED
 *   status ---- STATUS ----------->
 *          <--- STATE REFUSED
 *   a later "freeze" -- LEAVE ---->                it has the lock: the kept result makes room
 *
 * Whoever said TAKEN for a result, or LEAVE, sees the end of file when the session is gone.
 * A caller that says what HELD_RULES does not hold, or anything malformed, is cut
 * off; the session goes on.
 */
#ifndef QUIESCE_HELD_H
#define QUIESCE_HELD_H

#include <stdint.h>

#include "quiesce/wire.h"

#define HELD_SOCKET "session" /* below QUIESCE_RUN_DIR */

enum {
    HELD_MAGIC = 0x53534551, /* "QESS" on a little-endian machine */
    HELD_VERSION = 1,
    HELD_MESSAGE_MAX = 2048, /* a sentence, with its NUL */
};

struct held_header {
    uint32_t magic, version, type, length;
};

/* ---- to the session ------------------------------------------------------------- */

/* THAW: the snapshot is over. */
struct held_thaw {
    char run_id[WIRE_RUN_ID_MAX]; /* of the session that is meant; "": whichever there is */
    uint8_t failed;               /* 1: it failed */
    uint8_t reserved[2];
};

/* END: "freeze" was told to end by a signal. */
struct held_end {
    uint32_t signal; /* 1..64 */
};

/* STATUS, LEAVE; TAKEN: READY, RESULT or FAILED has arrived whole. */
struct held_nothing {
    uint32_t reserved; /* 0 */
};

/* ---- from the session -------------------------------------------------------------- */

enum held_state {
    HELD_STARTING, /* documents, pre-scripts, freeze */
    HELD_READY,    /* it waits for THAW */
    HELD_ENDING,   /* thaw, post-scripts, journal */
    HELD_OVER,     /* the result is kept for whoever asks */
    HELD_STATES
};

/* READY and STATE; ACCEPTED: the THAW counts, or the session was ending already. */
struct held_status {
    char run_id[WIRE_RUN_ID_MAX];
    uint8_t state;          /* enum held_state */
    uint8_t step;           /* enum run_step, the last that began */
    uint8_t frozen;         /* 1: something is, as monitor and guardian say */
    uint32_t pid;
    uint64_t started_ns;    /* how long ago the session began */
    uint64_t ready_ns;      /* how long ago it came to READY; 0: it has not */
    uint64_t left_ns;       /* until the deadline; 0: none, or it has passed */
    struct msg_targets targets; /* what was frozen */
};

/* NOTE: a line of the session's own words. */
struct held_note {
    char text[1024];
};

/* RESULT: struct msg_result; one descriptor, the sealed report. */

/* FAILED: the run came to no result. */
struct held_failed {
    uint32_t exit_status; /* of the command line: EXIT_INTERNAL, EXIT_TRY_AGAIN, ... */
    char run_id[WIRE_RUN_ID_MAX]; /* "" if it had none yet */
    char message[HELD_MESSAGE_MAX];
};

enum held_refusal {
    HELD_NOT_PERMITTED, /* neither root nor of the session's group */
    HELD_NOT_YET,       /* THAW, and nothing is frozen yet */
    HELD_ANOTHER,       /* THAW of a session that is not this one */
    HELD_BUSY,          /* too many wait for the result already */
    HELD_REFUSALS
};
struct held_refused {
    uint32_t refusal; /* enum held_refusal */
    char run_id[WIRE_RUN_ID_MAX]; /* of this session */
    uint8_t reserved[3];
};

/* ---- the list --------------------------------------------------------------------------- */

enum held_direction { HELD_TO_SESSION, HELD_TO_CALLER };

/*        type           body                  direction       fds */
#define HELD_MESSAGES(X)                                            \
    X(HELD_THAW,         struct held_thaw,     HELD_TO_SESSION, 0)  \
    X(HELD_STATUS,       struct held_nothing,  HELD_TO_SESSION, 0)  \
    X(HELD_END,          struct held_end,      HELD_TO_SESSION, 0)  \
    X(HELD_TAKEN,        struct held_nothing,  HELD_TO_SESSION, 0)  \
    X(HELD_LEAVE,        struct held_nothing,  HELD_TO_SESSION, 0)  \
    X(HELD_READY_TOLD,   struct held_status,   HELD_TO_CALLER,  0)  \
    X(HELD_STATE,        struct held_status,   HELD_TO_CALLER,  0)  \
    X(HELD_ACCEPTED,     struct held_status,   HELD_TO_CALLER,  0)  \
    X(HELD_PROGRESS,     struct msg_progress,  HELD_TO_CALLER,  0)  \
    X(HELD_NOTE,         struct held_note,     HELD_TO_CALLER,  0)  \
    X(HELD_RESULT,       struct msg_result,    HELD_TO_CALLER,  1)  \
    X(HELD_FAILED,       struct held_failed,   HELD_TO_CALLER,  0)  \
    X(HELD_REFUSED,      struct held_refused,  HELD_TO_CALLER,  0)

enum held_type {
    HELD_NONE,
#define X(type, body, direction, fds) type,
    HELD_MESSAGES(X)
#undef X
    HELD_TYPES
};

union held_body {
#define X(type, body, direction, fds) body as_##type;
    HELD_MESSAGES(X)
#undef X
};

/* A record, as it is sent and received. */
struct held_record {
    struct held_header header;
    union held_body body;
};

/* ---- who may say what, when ------------------------------------------------------------------ */

/* A caller, by what it has said. */
enum held_peer {
    HELD_STARTER, /* "freeze", over its socketpair */
    HELD_NEW,     /* connected, and has said nothing */
    HELD_WAITING, /* said THAW; the result is owed */
    HELD_TOLD,    /* the result was sent */
    HELD_DONE,    /* it has the result, or asked the session to leave, and waits for its end */
    HELD_PEERS
};

/* The session: state, caller, type, handler.  TAKEN and END may cross what the session sends. */
#define HELD_RULES(X)                                        \
    X(HELD_STARTING, HELD_STARTER, HELD_END,    on_end)      \
    X(HELD_STARTING, HELD_NEW,     HELD_STATUS, on_status)   \
    X(HELD_STARTING, HELD_NEW,     HELD_THAW,   on_early)    \
    X(HELD_READY,    HELD_STARTER, HELD_END,    on_end)      \
    X(HELD_READY,    HELD_STARTER, HELD_TAKEN,  on_taken)    \
    X(HELD_READY,    HELD_NEW,     HELD_STATUS, on_status)   \
    X(HELD_READY,    HELD_NEW,     HELD_THAW,   on_thaw)     \
    X(HELD_ENDING,   HELD_STARTER, HELD_END,    on_late_end) \
    X(HELD_ENDING,   HELD_STARTER, HELD_TAKEN,  on_taken)    \
    X(HELD_ENDING,   HELD_NEW,     HELD_STATUS, on_status)   \
    X(HELD_ENDING,   HELD_NEW,     HELD_THAW,   on_wait)     \
    X(HELD_OVER,     HELD_STARTER, HELD_END,    on_late_end) \
    X(HELD_OVER,     HELD_STARTER, HELD_TAKEN,  on_taken)    \
    X(HELD_OVER,     HELD_NEW,     HELD_STATUS, on_status)   \
    X(HELD_OVER,     HELD_NEW,     HELD_THAW,   on_wait)     \
    X(HELD_OVER,     HELD_NEW,     HELD_LEAVE,  on_leave)    \
    X(HELD_OVER,     HELD_TOLD,    HELD_TAKEN,  on_taken)

/* A caller: what it asked for, from whom, type, handler.  There is one sender only. */
enum held_wish { HELD_WISH_FREEZE, HELD_WISH_THAW, HELD_WISH_STATUS, HELD_WISHES };
#define HELD_CALLER_RULES(X)                                        \
    X(HELD_WISH_FREEZE, HELD_PROGRESS,   on_progress)               \
    X(HELD_WISH_FREEZE, HELD_NOTE,       on_note)                   \
    X(HELD_WISH_FREEZE, HELD_READY_TOLD, on_ready)                  \
    X(HELD_WISH_FREEZE, HELD_RESULT,     on_last)                   \
    X(HELD_WISH_FREEZE, HELD_FAILED,     on_last)                   \
    X(HELD_WISH_THAW,   HELD_ACCEPTED,   on_accepted)               \
    X(HELD_WISH_THAW,   HELD_PROGRESS,   on_progress)               \
    X(HELD_WISH_THAW,   HELD_NOTE,       on_note)                   \
    X(HELD_WISH_THAW,   HELD_RESULT,     on_last)                   \
    X(HELD_WISH_THAW,   HELD_FAILED,     on_last)                   \
    X(HELD_WISH_THAW,   HELD_REFUSED,    on_last)                   \
    X(HELD_WISH_STATUS, HELD_STATE,      on_last)                   \
    X(HELD_WISH_STATUS, HELD_REFUSED,    on_last)

#endif
