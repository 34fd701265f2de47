/*
 * replace.h - a file that is replaced as a whole or not at all.
 */
#ifndef QUIESCE_FRONT_REPLACE_H
#define QUIESCE_FRONT_REPLACE_H

#include <stddef.h>

/*
 * Writes n bytes to path: to a new file beside it, onto the disk, and then under
 * its name, so that whoever opens path sees the old content or the new one.  What
 * stands there must be a regular file, or nothing.  The mode is 0644 less the umask.
 * Signals that end the process are held back meanwhile.
 * Returns 0 or a negative errno; then nothing is left behind.
 */
int replace_file(const char *path, const void *bytes, size_t n);

#endif
