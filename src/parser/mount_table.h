/*
 * mount_table.h - the lines of /proc/PID/mountinfo, see proc(5), and which mounts
 * of them can be seen.
 */
#ifndef QUIESCE_PARSER_MOUNT_TABLE_H
#define QUIESCE_PARSER_MOUNT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser/finding.h"

enum { MOUNTS_CODE = 121 };

/* A piece of a line.  The kernel writes blanks, line ends and backslashes of
 * names as \ooo; mount_text() undoes it. */
struct mount_field {
    const char *at; /* not terminated */
    size_t length;
};

struct mount {
    uint32_t id, parent;
    uint32_t major, minor;
    struct mount_field root, point, options, type, source, super_options;
    uint32_t line;
    uint32_t next_id, next_place; /* chains of the table, see mount_table.c */
    uint32_t next_seen;           /* of the same superblock, see mounts.c */
};

struct mount_table {
    struct mount *mounts; /* in the order of the document */
    uint32_t count, capacity;
    uint32_t *ids, *places; /* heads of chains, by id, and by parent and mount point */
    uint32_t buckets;         /* a power of two */
};

/* Reads a document.  Returns 0, or -1 after adding an error (code 121) for each
 * line that is malformed.  mount_table_free() either way. */
int mount_table_read(struct mount_table *table, const char *bytes, size_t n, struct plan_head *head);
void mount_table_free(struct mount_table *table);

/* True if a walk to its mount point ends in this mount: nothing is mounted over
 * it, or over a directory above it. */
bool mount_visible(const struct mount_table *table, const struct mount *mount);

/* True if a comma-separated list of options has this one. */
bool mount_option(const struct mount_field *options, const char *option);

/* True if a field, as written, is this text. */
bool mount_is(const struct mount_field *field, const char *text);

/* Writes the text of a field with its escapes undone and a NUL.  Returns its
 * length with the NUL, or 0 if it does not fit. */
size_t mount_text(char *out, size_t capacity, const struct mount_field *field);

#endif
