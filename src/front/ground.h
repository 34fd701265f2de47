/*
 * ground.h - what each file system lies on, as a person wants to see it: through which devices,
 * in which file, and which file system holds that.
 *
 * The order of a freeze is the supervisor's and comes from the same topology; nothing is decided
 * by what is here.
 */
#ifndef QUIESCE_FRONT_GROUND_H
#define QUIESCE_FRONT_GROUND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "quiesce/report.h"

enum {
    GROUND_STEPS_MAX = 1024, /* that are kept, of all file systems */
    GROUND_NAME_MAX = 64,
    GROUND_PATH_MAX = 1024,
    GROUND_NOWHERE = UINT32_MAX,
};

enum ground_kind {
    GROUND_DEVICE,      /* a block device that lies on others: a partition, device mapper, md */
    GROUND_DISK,        /* one that lies on none, as far as this machine knows */
    GROUND_FILE,        /* a loop device's file */
    GROUND_FILE_SYSTEM, /* another one: an overlay's upper directory */
    GROUND_UNKNOWN,     /* it cannot be told */
    GROUND_KINDS
};

struct ground_step {
    uint32_t fs;             /* of report->fs: what lies on this */
    enum ground_kind kind;
    uint32_t major, minor;   /* of the device; of what is unknown: of what lies on it */
    uint32_t below;          /* of report->fs: what holds the file, or GROUND_NOWHERE */
    char device[GROUND_NAME_MAX]; /* "/dev/loop0", "8:1" if it has no name; "" unless there is one.  Any bytes */
    char path[GROUND_PATH_MAX];   /* of the file, as the kernel shows it; any bytes, "" if none is shown */
    char mount[GROUND_PATH_MAX];  /* where what holds it is mounted; "" if that is not known */
    char type[16];                /* of that file system */
};

struct ground {
    bool known; /* false: the machine could not be looked at, and there are no steps */
    bool more;  /* than are kept */
    uint32_t root; /* of report->fs: what is mounted at "/", or GROUND_NOWHERE */
    uint32_t count;
    struct ground_step steps[GROUND_STEPS_MAX]; /* of one file system one behind the other, from above to below */
};

/*
 * Follows every file system of r to disks, and to files on others.
 *   topology  what the kernel says of this machine; NULL: that could not be found out
 *   root      descriptor of "/": proc and sys are found below it
 */
void ground_read(struct ground *ground, const struct report *r, const struct msg_topology *topology, int root);

/* True if a freeze stops what is written to fs of r, because it lies on another that is frozen as
 * well, however far below; that one in *target. */
bool ground_on_target(const struct ground *ground, const struct report *r, uint32_t fs, uint32_t *target);

/* What is frozen and lies on more than the disk that the report names. */
void ground_print(FILE *out, const struct ground *ground, const struct report *r);

/* Members "liesOn", "order" and "isRoot" for each member of object's "fileSystems", which are
 * all of r (of a check) or those that are selected (of a dry run). */
void ground_json(cJSON *object, const struct ground *ground, const struct report *r);

#endif
