/*
 * explain_words.h - words for capabilities, resource limits and system calls.
 */
#ifndef QUIESCE_FRONT_EXPLAIN_WORDS_H
#define QUIESCE_FRONT_EXPLAIN_WORDS_H

#include <stdint.h>

/* "change the owner of any file" for CAP_CHOWN; NULL for an unknown number. */
const char *explain_capability(unsigned number);

/* "open files" for RLIMIT_NOFILE; NULL for an unknown one. */
const char *explain_rlimit(uint32_t resource);

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
