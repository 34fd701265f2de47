/*
 * journal.h - one line of JSON per run, each tied to the one before.
 *
 *   {"prev":"<SHA-256 of the line before, without its line feed>", ...}\n
 *
 * prev is the first member; of the first line it is 64 zeros.
 */
#ifndef QUIESCE_SUPERVISOR_JOURNAL_H
#define QUIESCE_SUPERVISOR_JOURNAL_H

#include "quiesce/report.h"

/*
 * Appends the record of a run with one write, or nothing where there is no room for
 * all of it.
 *   append  opened with O_APPEND; read  the same file
 * A last line that was torn off by a crash is ended first, in the same write.
 * Does not wait until the record has reached the disk: a record that is lost
 * with the machine leaves a chain that still holds.
 * Returns 0 or a negative errno.
 */
int journal_append(int append, int read, const struct report *r);

/* The digest of the last line as 64 hex digits and NUL; *torn: it has no line
 * feed.  Returns 0 or a negative errno. */
int journal_last(int read, char digest[65], bool *torn);

#endif
