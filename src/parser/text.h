/*
 * text.h - characters and numbers of untrusted text.  Pure functions.
 */
#ifndef QUIESCE_PARSER_TEXT_H
#define QUIESCE_PARSER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the UTF-8 character that p, n bytes long, begins with (RFC 3629:
 * shortest form, no surrogates, at most U+10FFFF), or 0 if there is none. */
size_t text_character(const char *p, size_t n);

/* True if all n bytes are UTF-8. */
bool text_valid(const char *p, size_t n);

/* True if all n bytes are UTF-8 without control characters (U+0000..1F, 7F..9F). */
bool text_printable(const char *p, size_t n);

/* The bytes, at most max, that end on a character boundary of p, n bytes long. */
size_t text_cut(const char *p, size_t n, size_t max);

/* Copies n bytes and a NUL; false, with destination "", if they do not fit in capacity. */
bool text_copy(char *destination, size_t capacity, const char *source, size_t n);

/* Copies n bytes and a NUL, cut to capacity on a character boundary; what is not
 * printable UTF-8 becomes U+FFFD. */
void text_sanitize(char *destination, size_t capacity, const char *source, size_t n);

/* True if there is at least one byte and all are decimal digits. */
bool text_digits(const char *p, size_t n);

/* A decimal number of digits alone, without a leading zero unless it is "0" and
 * at most maximum: nothing that strtoul(3) would forgive.  *value is untouched if false. */
bool text_decimal(const char *p, size_t n, uint64_t maximum, uint64_t *value);

/* What keeps n bytes from being an absolute path of a plan (printable, shorter
 * than PLAN_PATH_MAX), as a clause for a message; NULL if nothing does. */
const char *text_path_problem(const char *p, size_t n);

#endif
