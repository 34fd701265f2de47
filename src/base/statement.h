/*
 * statement.h - one sentence that grows, and a list of them for people.
 */
#ifndef QUIESCE_BASE_STATEMENT_H
#define QUIESCE_BASE_STATEMENT_H

#include <stddef.h>
#include <stdio.h>

/* More than all paths, or the whole environment, of a policy make. */
enum { STATEMENT_MAX = 16384 };

/* Zero at first; what does not fit is cut off. */
struct statement {
    size_t length;
    char text[STATEMENT_MAX];
};

/* Takes one statement: key is a JSON member's name, text one sentence without a
 * full stop, not sanitised. */
typedef void statement_sink(void *context, const char *key, const char *text);

__attribute__((format(printf, 2, 3))) void statement_say(struct statement *s, const char *format, ...);

/* Begins the next item of an enumeration: first, or "; ". */
void statement_item(struct statement *s, unsigned *count, const char *first);

/* Prints key and text side by side, lines broken between words; print writes a piece
 * of text. */
void statement_print(FILE *out, const char *key, const char *text, void (*print)(FILE *out, const char *text, size_t length));

#endif
