/*
 * walk.h - the safe walk: opening a file only if nobody but root could have
 * made it or changed it.
 */
#ifndef QUIESCE_WALK_H
#define QUIESCE_WALK_H

#include <stddef.h>

#include "quiesce/wire.h"

/*
 * Opens a file for reading.
 *   root     O_PATH descriptor of "/"
 *   path     absolute
 *   allowed  mode bits the file may have; with S_IXUSR among them it must have
 *            that one (it is a script)
 *   result   filled: WALK_OK, or which component failed and why
 * Every component must be owned by root and writable by root alone, symbolic
 * links owned by root and at most 40, the file regular and without set-id bits.
 * Returns a close-on-exec descriptor, or -1.
 */
int walk_open(int root, const char *path, unsigned allowed, struct walk_result *result);

/*
 * Copies what fd reads from its start into a sealed memfd; fd stays open.
 *   limit   bytes; more is WALK_TOO_LARGE
 * Returns the memfd, its offset at the end, or -1 with *result.
 */
int sealed_copy(int fd, size_t limit, struct walk_result *result);

/*
 * Both, with the mode and the size that contract.md allows a kind of document
 * (enum document_kind; DOC_KINDS: a script).
 */
int walk_copy(int root, uint32_t kind, const char *path, struct walk_result *result);

/* What a document of a kind may measure, in bytes. */
size_t walk_limit(uint32_t kind);

/* to = a + b + c; what does not fit gives "", which the walk refuses. */
void path_join(char to[PLAN_PATH_MAX], const char *a, const char *b, const char *c);

#endif
