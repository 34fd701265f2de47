/*
 * mount_lines.h - the kernel's mount table as the front needs it for the topology.
 *
 * What is frozen is not decided by this: that is the parser's and the supervisor's part.
 */
#ifndef QUIESCE_FRONT_MOUNT_LINES_H
#define QUIESCE_FRONT_MOUNT_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct mount_line {
    unsigned id, major, minor;
    const char *point, *source; /* escapes undone */
    const char *type, *options; /* options of the superblock, as written */
};

struct mount_lines {
    char *text;
    struct mount_line *lines; /* in the order of the table */
    size_t count;
};

/*
 * Reads /proc/PID/mountinfo.  fd: read to its end, not closed.
 * Returns 0 or a negative errno (-EPROTO: no mount table).  mount_lines_free() either way.
 */
int mount_lines_read(struct mount_lines *mounts, int fd);
void mount_lines_free(struct mount_lines *mounts);

/* Undoes the kernel's escapes (\040), in place.  Returns text. */
char *mount_line_text(char *text);

/* MAJOR:MINOR, perhaps with the newline that sysfs puts behind it.  False: it is something else. */
bool mount_device(const char *text, unsigned *major, unsigned *minor);

/* The first mount of a superblock, or NULL. */
const struct mount_line *mount_lines_find(const struct mount_lines *mounts, unsigned major, unsigned minor);

/* The mount with an id, or NULL. */
const struct mount_line *mount_lines_by_id(const struct mount_lines *mounts, unsigned long long id);

/* True if what is there is in memory alone. */
bool mount_line_in_memory(const struct mount_line *mount);

/*
 * The value of an option of the superblock with its escapes undone, into value.
 * Returns false if there is no such option or it has no room.
 */
bool mount_line_option(const struct mount_line *mount, const char *name, char *value, size_t capacity);

#endif
