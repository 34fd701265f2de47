/*
 * held_print.h - a session's state, for people and for programs.
 */
#ifndef QUIESCE_FRONT_HELD_PRINT_H
#define QUIESCE_FRONT_HELD_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "quiesce/held.h"

/* Prints the state, which must have passed held_decode(), at a moment of CLOCK_REALTIME. */
void held_print_status(FILE *out, const struct held_status *status, uint64_t now_ns);

/* The same as one JSON object and a line feed. */
void held_print_status_json(FILE *out, const struct held_status *status, uint64_t now_ns);

/* That there is no session, as the same object. */
void held_print_none_json(FILE *out, bool run_goes_on, int exit_status);

#endif
