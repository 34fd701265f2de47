/*
 * freeze.h - which file systems are frozen, and in which order: pure functions.
 */
#ifndef QUIESCE_FREEZE_H
#define QUIESCE_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

#include "quiesce/outcome.h"
#include "quiesce/wire.h"

enum { FREEZE_ISSUES_MAX = 16 };

/* What the caller and vmbackup.conf wish.  No list may be NULL. */
struct freeze_wishes {
    const struct mount_list *mounts;  /* --mount; empty: all that can be frozen */
    const struct mount_list *exclude; /* --exclude */
    const struct mount_list *skip;    /* MountsToSkip */
};

struct freeze_plan {
    uint32_t count;
    struct freeze_target targets[PLAN_FS_MAX]; /* in order of level */
    uint8_t skip[PLAN_FS_MAX];                 /* enum fs_skip, by index of the mount table */
    uint32_t level[PLAN_FS_MAX];               /* the same */
    bool one_disk;                             /* all of it lies on one and the same disk */
    enum outcome outcome;                      /* OUTCOME_APP_CONSISTENT, or why it cannot be done as asked */
    uint32_t issues_count;                     /* findings about it, errors and warnings */
    struct finding issues[FREEZE_ISSUES_MAX];
};

/*
 * Chooses and orders.
 *   table  checked (plan_valid)
 *   topology  what lies on what (layers.h)
 * A name in a list matches a mount point or a source, trailing slashes apart.
 * Upper layers come first: a file system in a loop device's file has a lower
 * level than the one that holds the file, whatever lies between.  "/" comes one
 * level after its equals.  A cycle is an error, and so is a file system of which
 * it cannot be told what it lies on, while others are to be frozen too; a writable
 * one that cannot be reached, unless it is left out; and a name that means nothing.
 */
void freeze_choose(const struct mount_plan *table, const struct msg_topology *topology,
                   const struct freeze_wishes *wishes, struct freeze_plan *plan);

#endif
