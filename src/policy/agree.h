/*
 * agree.h - whether the interpreter and the kernel say the same of calls drawn at random.
 */
#ifndef QUIESCE_POLICY_AGREE_H
#define QUIESCE_POLICY_AGREE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

enum { AGREE_SHOWN_MAX = 8 };

struct agreement {
    uint64_t made, agreed;
    uint32_t shown; /* the first calls on which they do not agree */
    struct {
        struct seccomp_data call;
        uint32_t interpreter, kernel; /* answer.h */
    } differ[AGREE_SHOWN_MAX];
};

/* One program for each side: they are the same but in a test of this test. */
struct agree_sides {
    const struct sock_filter *interpreted, *loaded;
    uint32_t interpreted_length, loaded_length; /* both passed bpf_check() */
};

/*
 * Draws count calls (tuples.h) near to what sides->loaded looks at, from a seed.  Returns
 * 0, or -1 with *failure saying what the kernel or this machine did not do and *error its
 * errno, or 0.
 */
int agree_run(struct agreement *agreement, const struct agree_sides *sides, uint64_t seed, uint64_t count,
              const char **failure, int *error);

#endif
