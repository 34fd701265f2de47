/*
 * call_text.h - the arguments of a denied system call as a reader wants them.
 */
#ifndef QUIESCE_BASE_CALL_TEXT_H
#define QUIESCE_BASE_CALL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/call_table.h"

/*
 * Writes what goes between the parentheses, as in
 *     AF_INET 10.0.0.1:5432          "/etc/shadow", O_RDWR          TIOCSTI
 * into text: UTF-8 without control characters, one line, with a NUL.  What does not
 * fit is left out, and "..." says so.  A pointer that could not be followed is
 * <bad address> or <not readable>; a call that is not in call_table.h, or not of
 * this architecture, is "...".
 *   size    of text, at least 64
 *   memory  what was read for call_wants(), in its order
 */
void call_text(char *text, size_t size, uint32_t arch, uint32_t number, const uint64_t args[CALL_ARGUMENTS],
               const struct call_memory memory[CALL_MEMORIES]);

#endif
