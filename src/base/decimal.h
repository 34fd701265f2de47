/*
 * decimal.h - a number as text, for code that may not format.
 */
#ifndef QUIESCE_DECIMAL_H
#define QUIESCE_DECIMAL_H

#include <stdint.h>

enum { DECIMAL_MAX = 21 }; /* twenty digits and a NUL */

/* Writes number in decimal with a NUL so that it ends at buffer + DECIMAL_MAX.
 * Returns its first digit. */
static inline char *decimal(char buffer[DECIMAL_MAX], uint64_t number)
{
    char *first = buffer + DECIMAL_MAX;
    *--first = '\0';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return first;
}

#endif
