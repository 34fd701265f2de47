/*
 * paths.h - what a filter answers, for all calls at once: a symbolic walk over its BPF.
 *
 * Every way through the program is a path: conditions on the call, and the action at
 * its end.  The paths are disjoint, and each call takes exactly one.  What the
 * kernel runs is what is walked, not the document that it was made from.
 */
#ifndef QUIESCE_POLICY_PATHS_H
#define QUIESCE_POLICY_PATHS_H

#include <linux/filter.h>

#include "policy/conditions.h"

enum {
    PATHS_MAX = 4096,            /* of one walk */
    PATHS_CONDITIONS_MAX = 1 << 18, /* of all paths of one walk */
};

struct path {
    uint32_t action;        /* SECCOMP_RET_* with its data */
    uint32_t first, count;  /* of paths.conditions; simplified; none: every call */
};

/* Zero at first; a walk replaces what is there. */
struct paths {
    uint32_t count, conditions_count;
    uint32_t capacity, conditions_capacity;
    struct path *list;
    struct condition *conditions;
};

enum paths_error {
    PATHS_OK,
    PATHS_MANY,       /* more than PATHS_MAX, or their conditions than PATHS_CONDITIONS_MAX */
    PATHS_ARITHMETIC, /* sums or products of what the caller gives: no compiler of ours writes those */
    PATHS_HARD,       /* whether a path can be taken is not found out in bounded time */
    PATHS_MEMORY,
    PATHS_ERRORS
};

/*
 * Walks a program that has passed bpf_check().
 *   given  what is known of the calls asked about, e.g. number and architecture; a
 *          word that it says all of is left out of the paths' conditions
 * Returns PATHS_OK, or why the list is not complete: then it must not be used.
 */
enum paths_error paths_walk(struct paths *paths, const struct sock_filter *filter, unsigned length,
                            const struct condition *given, unsigned given_count);

/* The same for one call of an ABI. */
enum paths_error paths_of_call(struct paths *paths, const struct sock_filter *filter, unsigned length, uint32_t arch,
                               uint32_t number);

/* The conditions of a path. */
const struct condition *path_conditions(const struct paths *paths, const struct path *path);

/* The path that a call takes, among those of a walk whose given conditions it fulfils; NULL: none. */
const struct path *paths_find(const struct paths *paths, const uint32_t words[CALL_WORDS]);

/* A clause that says why; never NULL. */
const char *paths_message(enum paths_error error);

/* Frees what a walk made. */
void paths_free(struct paths *paths);

#endif
