/*
 * relay.h - prints what an untrusted program writes, made harmless.
 */
#ifndef QUIESCE_FRONT_RELAY_H
#define QUIESCE_FRONT_RELAY_H

#include <stddef.h>
#include <stdio.h>

enum { RELAY_LINE_MAX = 4096 };

/* One stream.  Zero but for in and out at the beginning. */
struct relay {
    int in;    /* pipe; -1 after its end */
    FILE *out; /* each line is printed as sanitise_print() does */
    size_t length;
    char line[RELAY_LINE_MAX]; /* what has no line feed yet; longer lines come in pieces */
};

/* Reads once from the pipe and prints the lines that are whole; at its end, and where a
 * pipe that does not block holds nothing, the rest, and closes it.  Returns 0, or a
 * negative errno if out cannot be written. */
int relay_read(struct relay *relay);

/* Prints what comes from all streams until each has ended.  Returns 0, or a
 * negative errno if out cannot be written; then the pipes are closed. */
int relay_all(struct relay *relays, size_t count);

#endif
