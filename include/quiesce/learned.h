/*
 * learned.h - what a script was seen to call while a policy is learned: fixed
 * layout, bounded.
 */
#ifndef QUIESCE_LEARNED_H
#define QUIESCE_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The filter that a script has while it is learned from notifies of every call.  What
 * the base says of it stands in the errno that goes with a notification: the errno
 * with which an entry of the base denies, or one of these, which no policy can name
 * (Linux knows none between 531 and 4095).
 */
enum {
    LEARN_MISSING = 4000, /* no entry speaks of it: also the default errno of a policy compiled for learning */
    LEARN_ALLOWED,        /* the base allows it */
    LEARN_LOGGED,         /* the base allows it and has the kernel log it */
    LEARN_KILLED,         /* the base kills */
    LEARN_END,
};

enum {
    LEARN_TIMEOUT_DEFAULT = 60, /* seconds */
    LEARN_TIMEOUT_MAX = 1800,   /* seconds */
    LEARNED_CALLS_MAX = 2048,   /* different ones: number, arguments that matter, answer */
    LEARNED_NAMES_MAX = 16,     /* names of processes kept of one of them */
    LEARNED_NAME_MAX = 16,      /* TASK_COMM_LEN of Linux, with its NUL */
    LEARNED_ERRNO_MAX = 4095,   /* MAX_ERRNO of Linux */
};

struct learned_call {
    uint32_t number;      /* of the native ABI, or none at all */
    uint32_t answer;      /* LEARN_MISSING .. LEARN_KILLED, or the errno with which it was denied */
    uint64_t count;       /* at least 1 */
    uint64_t masks[6];    /* which bits of each argument matter */
    uint64_t args[6];     /* those bits; all others 0 */
    uint32_t names_count; /* 0..LEARNED_NAMES_MAX */
    uint32_t more_names;  /* 1: others called it as well */
    char names[LEARNED_NAMES_MAX][LEARNED_NAME_MAX]; /* of processes; any bytes, each with its NUL, none twice */
};

/* How the script ended. */
enum learned_end {
    LEARNED_NOT_STARTED, /* start_step, start_error say why */
    LEARNED_OVER,        /* it and all that it started have ended */
    LEARNED_SURVIVED,    /* it ended well; what it left running was ended after the time */
    LEARNED_FORBIDDEN,   /* it ended well and left processes running, which the base forbids */
    LEARNED_TIMED_OUT,   /* it was ended */
    LEARNED_HOSTILE,     /* it called what the base kills: a call of answer LEARN_KILLED */
    LEARNED_ENDS
};

struct learned {
    uint32_t end;         /* enum learned_end */
    uint32_t start_step;  /* enum start_step */
    uint32_t start_error; /* 0..LEARNED_ERRNO_MAX; 0: nothing failed */
    int32_t code;         /* exit status of the script, or -1 */
    uint32_t signal;      /* that ended it, or 0 */
    uint32_t count;       /* of calls, 0..LEARNED_CALLS_MAX */
    uint64_t lost;        /* calls for which there was no room */
    struct learned_call calls[LEARNED_CALLS_MAX];
};

/* Whether every member is within what its comment says.  Pure. */
bool learned_call_valid(const struct learned_call *call);
bool learned_valid(const struct learned *learned);

/* Adds the calls of one script to those of another. */
void learned_add(struct learned *to, const struct learned *from);

#endif
