/*
 * explain_words.h - system calls that stand for what a person asks.
 */
#ifndef QUIESCE_FRONT_EXPLAIN_WORDS_H
#define QUIESCE_FRONT_EXPLAIN_WORDS_H

#include <stdint.h>

/* One system call whose fate says something to a person. */
struct explain_probe {
    const char *words;   /* after "may" */
    const char *syscall; /* name; passed over where the machine has no such call */
    uint64_t args[6];
    uint8_t network;     /* 1: belongs under "network" */
};

enum { EXPLAIN_PROBES = 27 };
extern const struct explain_probe explain_probes[EXPLAIN_PROBES];

#endif
