/*
 * utf8.h - text from outside made fit for a terminal, a log and JSON.
 */
#ifndef QUIESCE_UTF8_H
#define QUIESCE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character that len bytes of s begin with, as RFC 3629 has it: in its shortest
 * form, no surrogate, at most U+10FFFF.  Returns its length in bytes and sets
 * *number to its code point, or returns 0 if there is none.
 */
size_t utf8_character(const char *s, size_t len, uint32_t *number);

/* True for a control character: U+0000..1F (C0) and 7F..9F (DEL, C1). */
bool utf8_is_control(uint32_t number);

/*
 * Copies len bytes of src into dst as well-formed UTF-8 (RFC 3629).  Every byte
 * that belongs to no character, and every control character but \n and \t
 * (C0, DEL and C1), becomes U+FFFD.  Stops in front of the first character that
 * does not fit; dst always ends with a NUL if cap is not 0.
 *   cap   bytes of dst; 3 * len + 1 is always enough
 * Returns the bytes written, the NUL apart.
 */
size_t utf8_sanitize(char *dst, size_t cap, const char *src, size_t len);

/* True if len bytes of text are what utf8_sanitize would leave as they are. */
bool utf8_valid(const char *text, size_t len);

#endif
