/*
 * sanitise.h - makes text from outside harmless for a terminal.
 *
 * Paths, plugin names, hook output and what parsers say may hold escape
 * sequences that recolour, retitle or rewrite a terminal, or bidirectional
 * controls that make one thing look like another.
 */
#ifndef QUIESCE_FRONT_SANITISE_H
#define QUIESCE_FRONT_SANITISE_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes src, length bytes, to destination as one line of printable UTF-8: control
 * characters and bytes that are not UTF-8 become \xNN, invisible and
 * direction-changing characters become \uNNNN; a line feed is a control character.
 *   capacity  of destination, with the NUL that is always written; at least 1
 * Text that does not fit ends in "..." (a capacity of 4 or less: just ends).
 * Returns the length of destination.
 */
size_t sanitise(char *destination, size_t capacity, const char *src, size_t length);

/* The same, of any length, straight to a stream. */
void sanitise_print(FILE *out, const char *src, size_t length);

/* Prints text line by line, each with prefix before it; at most lines lines, the last ones. */
void sanitise_print_tail(FILE *out, const char *prefix, const char *src, size_t length, unsigned lines);

#endif
