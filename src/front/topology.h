/*
 * topology.h - what lies on what, as the kernel says it: the supervisor orders the freeze by it.
 */
#ifndef QUIESCE_FRONT_TOPOLOGY_H
#define QUIESCE_FRONT_TOPOLOGY_H

#include <stddef.h>

#include "front/mount_lines.h"
#include "quiesce/wire.h"

/*
 * Looks at block devices (partitions, device mapper, md, loop devices with a file) and at
 * what superblocks lie on beside the device whose number they have.
 *   root  descriptor of "/": dev, proc and sys are found below it
 * Returns 0, or a negative errno with a sentence in message: a loop device that cannot be
 * asked is not passed over, for then the order would be a guess.  What cannot be told of
 * anything else stands in the list as BELOW_UNKNOWN.
 */
int topology_read(struct msg_topology *topology, int root, char *message, size_t capacity);

/* Reads it for this process's "/" and tells the supervisor, also that it failed.  Returns as topology_read. */
int topology_send(int supervisor, char *message, size_t capacity);

/* ---- parts of it, in files of their own ------------------------------------------------ */

struct topology {
    struct msg_topology *list;
    int root;
    struct mount_lines mounts;
    char *message;
    size_t capacity;
};

/* Appends a line.  Returns 0, or -EOVERFLOW with a sentence in message. */
int topology_add(struct topology *t, unsigned major, unsigned minor, enum below_kind kind, unsigned below_major,
                 unsigned below_minor);

/* The number in a file "dev" of sysfs, path below directory.  Returns 0 or a negative errno. */
int topology_number(int directory, const char *path, unsigned *major, unsigned *minor);

/* The same for the path of a block device, as people and mount tables write it. */
int topology_device(const struct topology *t, const char *path, unsigned *major, unsigned *minor);

/* topology_loop.c: a loop device; name: of its directory in sysfs, which has a file of it. */
int topology_loop(struct topology *t, const char *name);

/* topology_loop.c: the mount in which an open file (or directory) lies, or NULL. */
const struct mount_line *topology_mount_of(const struct topology *t, int fd, const char *path);

/* topology_superblocks.c: what superblocks of the mount table lie on. */
int topology_superblocks(struct topology *t);

#endif
