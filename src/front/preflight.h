/*
 * preflight.h - can a run be made at all?
 */
#ifndef QUIESCE_FRONT_PREFLIGHT_H
#define QUIESCE_FRONT_PREFLIGHT_H

#include <stddef.h>

/*
 * Looks at the kernel, the user and the capabilities.
 * Returns 0, or an exit status with a sentence in message.
 */
int preflight(char *message, size_t capacity);

#endif
