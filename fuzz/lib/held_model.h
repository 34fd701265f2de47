/*
 * held_model.h - what a held session must say to whom, and do: by held.h, apart from held_rules.c.
 *
 * The model hears of everything that reaches the program before the program does, notes
 * what must follow, and compares when the program has come to rest.
 *
 * It holds: each message has the answer that its state and its caller's give it, and nobody else
 * has one; who is refused, malformed, out of place or silent for too long is cut off, and nobody
 * else is; the state goes forward only; the run is released once, by what ended the wait.
 */
#ifndef QUIESCE_FUZZ_HELD_MODEL_H
#define QUIESCE_FUZZ_HELD_MODEL_H

#include "front/held_state.h"
#include "fuzz.h"

enum { CALLERS_MAX = 40, CALLER_STARTER = 0, CALLER_QUEUE = 32, CALLER_OWED_MAX = 8, CALLER_GROUPS_MAX = 4, MODEL_GROUP = 5000 };

/* What a caller must be sent. */
struct expected {
    enum held_type type; /* RESULT stands for FAILED as well */
    uint32_t detail;     /* of REFUSED the refusal; of STATE, ACCEPTED, READY_TOLD the state */
};

struct caller {
    int end; /* the harness's; -1: closed */
    int fd;  /* the program's; -1: it has none, yet or any more */
    bool accepted, permitted;
    bool deaf, was_deaf; /* does not read; has not at some time, so it may have missed what is not kept for it */
    bool must_end;       /* the program must cut it off */
    bool served;         /* the program has read something of it */
    enum held_peer peer;
    uint64_t since_ns;   /* since it is waited for */
    struct ucred who;
    gid_t groups[CALLER_GROUPS_MAX];
    unsigned groups_count;
    unsigned queue_first, queue_count;
    int queue[CALLER_QUEUE]; /* what held_receive() must make of what was sent */
    unsigned expected_count;
    struct expected expected[CALLER_OWED_MAX];
};

/* At the beginning of every input: a starter, and nobody else. */
void model_begin(int starter_end, int starter_fd);

/* The program's state is known from now on. */
void model_session(const struct held *held);

/* A caller connects; NULL: there are too many. */
struct caller *model_connect(int end, const struct ucred *who, const gid_t *groups, unsigned groups_count);

/* By number, or by the program's descriptor; NULL: there is none. */
struct caller *model_caller(unsigned number);
struct caller *model_by_fd(int fd);
unsigned model_callers(void);

/* Something was sent to the program: a type, 0 or a negative errno, as held_steps.h says. */
void model_sent(struct caller *caller, int verdict);

/* The program has accepted whoever connected first; or could not, for want of descriptors. */
void model_accepted(int fd);
void model_exhausted(void);

/* The program has received something on fd: 1 and a record, or what held_receive() returns. */
void model_received(int fd, int got, const struct held_record *record);

/* The run: something happened that ends it with this cause; it was released; it is over, with or without a report;
 * the session itself was told to end. */
void model_cause(enum release_cause cause);
void model_released(const struct msg_release *release);
void model_over(bool report);
void model_told_to_end(void);

/* A caller has read something: 1 and a record, or 0 at the end. */
void model_heard(struct caller *caller, int got, const struct held_record *record, bool with_report);

/* Between any two waits of the program: its state, and whom it has cut off. */
void model_follow(void);

/* The program is at rest, and all callers that read have read: nothing is owed. */
void model_rest(void);

/* Lines that the program holds now, beside the starter's. */
unsigned model_lines(void);

#endif
