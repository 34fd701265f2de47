/*
 * cgroup_mounts.h - where the mount table says that the machine's cgroups are.
 *
 * Hooks see CGROUP_DIR read-only; what is mounted elsewhere they might write to, and
 * leave their cgroup.
 */
#ifndef QUIESCE_FRONT_CGROUP_MOUNTS_H
#define QUIESCE_FRONT_CGROUP_MOUNTS_H

#include <stdbool.h>

enum cgroup_hierarchy { HIERARCHY_V2, HIERARCHY_PIDS, HIERARCHY_MEMORY, HIERARCHIES }; /* the latter two v1 */

struct cgroup_mount {
    bool found;
    bool elsewhere;  /* it is mounted outside of CGROUP_DIR too */
    char point[256]; /* the mount point in CGROUP_DIR, if found */
    char root[256];  /* which cgroup that shows, as /proc/PID/cgroup has them */
};

/* Reads a mount table (proc_pid_mountinfo(5)), usually /proc/self/mountinfo.  Of one
 * that cannot be read all is elsewhere. */
void cgroup_mounts_read(struct cgroup_mount mounts[HIERARCHIES], const char *table);

#endif
