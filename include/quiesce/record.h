/*
 * record.h - what a run has frozen and switched, where its end cannot reach it.
 *
 *   /run/quiesce/record   root's alone, in memory, as long as a run lives
 *
 * The front makes it, whole, before it starts any role; monitor and guardian map
 * it and write down what they are about to do before they do it, so that each of
 * them knows what the other has left, and "quiesce recover" what all of them have.
 * The front looks at it as well: it need not believe the supervisor that something
 * is frozen.  Where /run is not in memory, or nothing is going to be frozen, it has
 * no name: a page of a file on a disk that is frozen could not be written.
 *
 * An exclusive flock(2) on it is held by the monitor and the guardian, together: who
 * gets one knows that both have ended, and that no FIFREEZE of theirs is in the kernel.
 */
#ifndef QUIESCE_RECORD_H
#define QUIESCE_RECORD_H

#include <stdint.h>

#include "quiesce/wire.h"

#define RUN_RECORD_MAGIC "quiesce"
enum {
    RECORD_VERSION = 1,
    RECORD_BOOT_ID_MAX = 40,   /* /proc/sys/kernel/random/boot_id, without the newline, and NUL */
    RECORD_EXPEDITED_MAX = 8,
    RECORD_POINT_MAX = 256,    /* of a longer mount point the first bytes: it is only said */
};

struct record_fs {
    _Atomic uint32_t state;        /* enum fs_state, written before the ioctl that it announces */
    uint32_t major, minor;         /* as the mount table says */
    uint32_t mount_id;
    _Atomic uint64_t thawed_at_ns; /* CLOCK_MONOTONIC; 0: it is not */
    _Atomic uint64_t thaw_ns;      /* how long that took; 0: nobody knows */
    char mount_point[RECORD_POINT_MAX];
};

struct run_record {
    /* By the front, before anybody else sees it. */
    char magic[8];                   /* RUN_RECORD_MAGIC */
    uint32_t version, size;          /* RECORD_VERSION, sizeof(struct run_record) */
    char boot_id[RECORD_BOOT_ID_MAX];
    char run_id[WIRE_RUN_ID_MAX];
    uint8_t has_cgroup;              /* 1: hooks live in the cgroup v2 "quiesce-" and the run id */
    uint8_t expedited_length;        /* of expedited; 0: the kernel's switch is not touched */
    char expedited[RECORD_EXPEDITED_MAX]; /* the value of rcu_expedited before */
    /* By the monitor, and from switched on by the guardian as well. */
    _Atomic uint32_t over;           /* 1: the run has ended in order, and nothing is left to undo */
    _Atomic uint32_t wanted;         /* 0: not all is loaded yet; else 1 + how many are to be frozen */
    _Atomic uint32_t count;          /* of fs */
    _Atomic uint64_t deadline_boottime_ns; /* when all is thawed, whatever happens; 0: nothing has been frozen */
    _Atomic uint32_t switched;       /* 1: rcu_expedited is, or is about to be, not what it was */
    uint32_t reserved;
    struct record_fs fs[PLAN_FS_MAX];
};

#endif
