/*
 * answer.h - what a filter answers to a call, as tables write it and people read it.
 */
#ifndef QUIESCE_POLICY_ANSWER_H
#define QUIESCE_POLICY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An answer is SECCOMP_RET_* with its data (seccomp(2)), or, of a call that was
 * really made, one of these, which are no actions of Linux.
 */
enum {
    ANSWER_NOT_ASKED = 0x01000000, /* the call has not been made */
    ANSWER_EXECUTED = 0x02000000,  /* the kernel did not ask the filter: what came back is none of its answers */
    ANSWER_DIED = 0x03000000,      /* of a signal, its number in the low bits, that no filter sends */
};

/* An answer's words with their NUL: "errno EPERM", "ended by signal 9". */
enum { ANSWER_WORDS_MAX = 48 };

/*
 * Reads an action as tables write it, n bytes: allow, log, trap, kill, kill_thread,
 * or errno and after one space a name or a number from 1 to 4095.  False if it is none.
 */
bool answer_read(const char *text, size_t n, uint32_t *answer);

/* Writes any answer in the words that answer_read() takes, or that say what else it is. */
void answer_write(char words[ANSWER_WORDS_MAX], uint32_t answer);

/* True if it is one that answer_read() can give. */
bool answer_valid(uint32_t answer);

#endif
