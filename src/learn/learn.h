/*
 * learn.h - what quiesce-learn is: the launcher and its keeper, but for one thing.
 *
 * quiesce-learn is linked from the launcher's and the keeper's own objects, with
 * denials.c of this folder in the place of the keeper's, so that a script is learned
 * from in the very sandbox in which it will run.  The filter that it is told to load
 * notifies of every call (learned.h).  What the base allows, and what it does not speak
 * of, goes on; what it denies gets its errno; at what it kills, all is killed.
 *
 * This is the only program that answers a notification with "continue", and it is
 * part of no run.  That is no hole in a policy here: what decides are the number and
 * the arguments, which the kernel copied from the registers, never memory that
 * another thread could change meanwhile (seccomp_unotify(2)); and the launcher's own
 * filter, which every script inherits, holds beside.
 *
 * MUST NOT: parse, format text from outside, allocate by input.
 */
#ifndef QUIESCE_LEARN_LEARN_H
#define QUIESCE_LEARN_LEARN_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "quiesce/learned.h"
#include "quiesce/policy.h"

/* ---- arguments.c ------------------------------------------------------------------- */

/* Adds to masks the bits of a call's arguments that decide what it asks for, whatever
 * the base says: a policy that allowed any would allow something quite different from
 * what was used. */
void arguments_that_decide(uint32_t number, uint64_t masks[6]);

/* ---- record.c: pure ------------------------------------------------------------------ */

/* Rows of what was called, and an index of them, one chain for each number that is in
 * use: 0 none, else row + 1. */
enum { RECORD_CHAINS = 512 };
struct record {
    uint32_t count;
    uint64_t lost; /* calls for which there was no row */
    struct learned_call calls[LEARNED_CALLS_MAX];
    uint16_t first[RECORD_CHAINS], next[LEARNED_CALLS_MAX];
};

/*
 * What the loaded filter says of a call, into *kind: number, answer, and the bits of its
 * arguments that the base looked at or that decide.
 */
void record_kind(const struct policy_plan *loaded, const struct seccomp_data *data, struct learned_call *kind);

/* The row of a kind of call, made if there is none; NULL, and counted as lost, if there
 * is no room. */
struct learned_call *record_row(struct record *record, const struct learned_call *kind);

/* Counts one call by a process of that name (16 bytes, NUL-terminated; "": unknown).
 * Returns whether the row is worth telling of: it has a new name, or its count is a power
 * of two, so that little is lost of a keeper that is killed. */
bool record_count(struct learned_call *row, const char name[LEARNED_NAME_MAX]);

/* ---- names.c ------------------------------------------------------------------------- */

/*
 * The name of the process that waits for the answer to a notification; "" if it is gone.
 *   proc      a procfs directory
 *   listener  from which the notification came; id, pid: of it
 */
void name_of(int proc, int listener, uint64_t id, uint32_t pid, char name[LEARNED_NAME_MAX]);

#endif
