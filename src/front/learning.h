/*
 * learning.h - one script, run in its sandbox while what it calls is taken down.
 *
 * quiesce-learn is the launcher of a run but for how calls are answered
 * (learn/learn.h); the front stands in the places of monitor and supervisor.
 */
#ifndef QUIESCE_FRONT_LEARNING_H
#define QUIESCE_FRONT_LEARNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/message.h"
#include "front/relay.h"

/* One script: what it is, from the caller, and what has become of it. */
struct course {
    struct msg_hook *hook;   /* all but slot and policy; NULL: there is none */
    int script;              /* its sealed copy */
    struct learned *learned; /* to be filled */
    enum hook_phase phase;
    enum learning_state state;
    int keeper;              /* socket; -1: not started, or gone */
    int events;              /* cgroup.events, or -1 */
    bool ran, exited, complete; /* EXECED, EXITED, LEARNED_END have come */
    uint64_t deadline_ns;    /* CLOCK_MONOTONIC: when the state's time is up; 0: it has none */
    struct relay out, err;   /* what it writes */
};

struct learning {
    const struct policy_plan *base; /* compiled for learning, checked */
    uint32_t timeout_seconds;       /* of each script */
    struct course courses[PHASES];
    int learner;                    /* socket */
    const char *failure;            /* a clause, if it cannot go on; else NULL */
};

/*
 * Runs the scripts that there are; what they write is printed on standard error, made
 * harmless.  The post-script is started when the pre-script has ended well; what that
 * left running is killed when the post-script has ended.
 * Returns 0 with what was learned of each valid, or an exit status with a sentence in
 * message.  Nothing is left running either way.
 */
int learning_run(struct learning *learning, char *message, size_t capacity);

/* ---- learning_filter.c ----------------------------------------------------------------- */

/*
 * Makes the filter that quiesce-learn is to load out of the base's: every answer becomes
 * one of learned.h, which the launcher's code turns into a notification.  But execve and
 * exit_group go through: nobody would answer them between the filter's loading and the
 * script's execution.
 * Returns 0, or -1 if the program becomes longer than the kernel takes.
 */
int learning_filter(struct policy_plan *plan);

/* ---- learning_course.c: messages of launcher and keepers, and time ------------------------ */

/* Asks for a script to be started. */
void course_start(struct learning *l, struct course *c);

/* Ends all that is left of it. */
void course_kill(struct learning *l, struct course *c);

/* One message about it from peer; its descriptors are taken or closed. */
void course_message(struct learning *l, struct course *c, enum wire_peer peer, struct wire_packet *packet);

/* Its keeper's socket has ended: nothing is left of it. */
void course_keeper_gone(struct learning *l, struct course *c);

/* The time of its state is up. */
void course_time_up(struct learning *l, struct course *c);

/* It has ended well. */
bool course_passed(const struct course *c);

#endif
