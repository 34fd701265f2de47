/*
 * calls.h - what a filter answers to each system call there is.
 */
#ifndef QUIESCE_POLICY_CALLS_H
#define QUIESCE_POLICY_CALLS_H

#include "policy/paths.h"
#include "policy/terms.h"
#include "quiesce/policy.h"

enum {
    CALL_NUMBERS = 1024, /* those below are looked at one by one, all others together */
    ABIS_MAX = 3,
};

/* The answer to calls of one kind: the same for all, or it depends. */
struct call_answer {
    bool depends;    /* on the arguments; of other ABIs: on the number as well */
    uint32_t action; /* if it does not */
};

struct calls {
    struct call_answer numbers[CALL_NUMBERS]; /* of the native ABI */
    struct call_answer above;                 /* CALL_NUMBERS and more */
    uint32_t newest; /* the last number that is not answered as all after it are; UINT32_MAX: none is */
    struct {
        const char *name;
        struct call_answer answer;
    } abis[ABIS_MAX]; /* other ABIs of this machine; the last: every other architecture */
    unsigned abis_count;
};

/* Asks a program that has passed bpf_check().  If it returns anything but PATHS_OK, *failed
 * is the number of the call that could not be looked at (CALL_NUMBERS: none of them). */
enum paths_error calls_make(struct calls *calls, const struct sock_filter *filter, unsigned length, uint32_t *failed);

/*
 * Walks all calls of one class at once: 0 the numbers of the native ABI from CALL_NUMBERS
 * on, others 1 + an index of calls.abis.  *name says which calls they are.  False: there
 * is no such class.
 */
bool calls_walk_class(unsigned class, struct paths *paths, const struct sock_filter *filter, unsigned length,
                      const char **name, enum paths_error *error);

/* The number and name of a call, "openat"; "335" for one without a name here. */
enum { CALL_NAME_MAX = 40 };
const char *call_name(char text[CALL_NAME_MAX], uint32_t number);

/* Paths and terms of one call.  call_end() either way. */
enum { ANSWERS_MAX = 64 };
struct call {
    uint32_t number;
    struct paths paths;
    struct terms terms;
    /* The actions that it can have: what grants more first, but the one with the most
     * to say, which stands after "else", last. */
    unsigned actions_count;
    uint32_t actions[ANSWERS_MAX];
};
enum paths_error call_begin(struct call *call, const struct sock_filter *filter, unsigned length, uint32_t number);
void call_end(struct call *call);

/*
 * Prints one sentence about a call: "allowed if domain = AF_UNIX; else refused with
 * EPERM".
 *   grants  only what is allowed and logged: "allowed if ..."; nothing if nothing is
 */
void call_print(FILE *out, const struct call *call, bool grants);

/* Whether an action lets the call happen. */
bool action_grants(uint32_t action);

#endif
