/*
 * layers.h - what the file systems of a mount table lie on: a graph of numbers, and
 * what follows from it for the order of a freeze.  Pure functions.
 */
#ifndef QUIESCE_LAYERS_H
#define QUIESCE_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "quiesce/wire.h"

enum { LAYERS_NOWHERE = UINT32_MAX };

enum layers_trouble {
    LAYERS_NONE,
    LAYERS_CYCLE,    /* entry lies on itself, by way of other (or LAYERS_NOWHERE: of devices) */
    LAYERS_PERHAPS,  /* entry may lie on another chosen one, and that on it */
    LAYERS_UNKNOWN,  /* what entry lies on cannot be told; other: the entry where that ends, or nowhere */
    LAYERS_TOO_MANY, /* more ways in which they may lie on each other than there is room for */
    LAYERS_TROUBLES
};

struct layers {
    enum layers_trouble trouble;
    uint32_t entry, other;         /* of the mount table, see above */
    uint32_t depth[PLAN_FS_MAX];   /* of chosen ones, without trouble: the most chosen ones that lie on each other above it */
    uint32_t unknown[PLAN_FS_MAX]; /* of chosen ones: 1 + the entry at which it cannot be told what they lie on, or
                                    * 1 + themselves; 0: it can */
    bool one_disk;                 /* all chosen ones lie on one and the same disk and nothing else */
};

/*
 * Looks at what the chosen entries lie on, through whatever is between them.
 *   table     checked (plan_valid)
 *   topology  count at most PLAN_BELOW_MAX, kinds below BELOW_KINDS
 *   chosen    by index of the table
 * That something cannot be told is trouble only if others are chosen too: alone it
 * has no order.  A file on an anonymous device lies above every chosen file system
 * with such a number but those that lie on it.
 */
void layers_look(const struct mount_plan *table, const struct msg_topology *topology, const bool chosen[PLAN_FS_MAX],
                 struct layers *layers);

/*
 * The entries that lie below one, through whatever is between: sets under[i] for
 * each, of any kind (network and FUSE among them).  Arguments as above.
 */
void layers_under(const struct mount_plan *table, const struct msg_topology *topology, uint32_t entry,
                  bool under[PLAN_FS_MAX]);

#endif
