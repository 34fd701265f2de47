/*
 * undo.h - takes back what a run whose processes are gone has left: file systems
 * frozen, the kernel's switch, processes of scripts.
 */
#ifndef QUIESCE_FRONT_UNDO_H
#define QUIESCE_FRONT_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#include "quiesce/record.h"

enum undo_end {
    UNDO_THAWED,
    UNDO_NOT_FROZEN, /* it was announced, and had not come to it; or somebody has thawed it */
    UNDO_NOT_HERE,   /* no mount of it in this process's mount table can be opened */
    UNDO_REFUSED,    /* by the kernel: error says why */
    UNDO_HANGS,      /* the thaw has not returned in UNDO_PATIENCE_S */
    UNDO_ENDS
};
enum { UNDO_PATIENCE_S = 30 };

struct undone_fs {
    uint32_t index; /* into the record */
    enum undo_end end;
    int error;      /* errno, or 0 */
};

struct undone {
    uint32_t count;   /* of what was FREEZING or FROZEN */
    struct undone_fs fs[PLAN_FS_MAX];
    bool restored;    /* rcu_expedited was put back */
    int switch_error; /* or why not: an errno */
    bool ended;       /* processes of scripts were killed */
    int cgroup_error; /* the run's cgroup is still there: an errno */
    bool hangs;       /* a thaw has not returned: it writes to the record when it does */
};

/* Whether there is anything to take back but the run's cgroup. */
bool undo_needed(const struct run_record *record);

/*
 * Takes everything back, all file systems at once, and writes it down in the record,
 * which record_wrong() has looked at and which this process can write.  The caller
 * holds the locks of runs and of the record: monitor and guardian have ended.
 * What hangs is written down when it returns: after that the record must stay mapped.
 * Returns true if nothing is frozen or switched any more; a cgroup that cannot be
 * removed is no reason to try again: every run sweeps those of dead ones.
 */
bool undo(struct run_record *record, struct undone *undone);

/* The word for an end, as in "thawed". */
const char *undo_end_name(enum undo_end end);

#endif
