/*
 * conditions.h - conjunctions of masked comparisons of the words of a system call.
 *
 * seccomp sees a call as words of 32 bits (struct seccomp_data).  A condition says
 * of one word: (word & mask) == value, or !=.  Words are independent of each other,
 * so that a conjunction can be fulfilled if those of each word can.
 */
#ifndef QUIESCE_POLICY_CONDITIONS_H
#define QUIESCE_POLICY_CONDITIONS_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* Words by number: low half of argument n 2n, its high half 2n + 1. */
enum {
    WORD_ARGS = 0,
    WORD_IP_LOW = 12,
    WORD_IP_HIGH,
    WORD_NR,
    WORD_ARCH,
    CALL_WORDS,
    CALL_ARGS = 6
};

struct condition {
    uint8_t word;
    bool equal;
    uint32_t mask, value; /* value has no bit outside the mask */
};

enum { CONDITIONS_NEVER = 0, CONDITIONS_SOLVED = 1, CONDITIONS_HARD = -1 };

/*
 * Looks for a call that fulfils all conditions of two lists (either may be empty):
 * one list is asked whether it can hold, two whether they intersect.  Exact, by
 * backtracking over the bits of each word.
 * Returns CONDITIONS_SOLVED with the words of one such call (what no condition
 * names is 0), CONDITIONS_NEVER if there is none, or CONDITIONS_HARD if that was not
 * found out within a bound on time.
 */
int conditions_solve(const struct condition *a, unsigned a_count, const struct condition *b, unsigned b_count,
                     uint32_t words[CALL_WORDS]);

/*
 * The same for the comparisons of one word of a single list, beyond what is known of
 * it: the bits in mask are those of value.  Of the answer *witness is that word.
 */
int conditions_solve_word(uint8_t word, uint32_t mask, uint32_t value, const struct condition *list, unsigned count,
                          uint32_t *witness);

/* Whether a call fulfils all conditions. */
bool conditions_hold(const struct condition *list, unsigned count, const uint32_t words[CALL_WORDS]);

/*
 * Writes a list that means the same: sorted by word; at most one equality for each,
 * before its inequalities; no inequality that follows from the others of its word.
 *   out  room for count conditions; not the list itself
 * The list must be one that can be fulfilled.  Returns how many are left.
 */
unsigned conditions_simplify(const struct condition *list, unsigned count, struct condition *out);

/* Between the words and the structure that a filter sees. */
void conditions_to_data(const uint32_t words[CALL_WORDS], struct seccomp_data *data);
void conditions_from_data(const struct seccomp_data *data, uint32_t words[CALL_WORDS]);

#endif
