/*
 * hazards.h - what on this machine makes people wait while file systems are frozen.
 *
 * Reading goes on then, and so do stat(2), exec and fsync(2); who writes, creates, truncates
 * or renames sleeps until the thaw (quiesce(1), FROZEN FILE SYSTEMS).  That matters where one
 * who sleeps is waited for by others: a daemon that decides whether files may be opened, the
 * daemon of the system log, whoever takes the snapshot command's output.
 *
 * What is found are words about other people's processes; nothing is decided by them.
 */
#ifndef QUIESCE_FRONT_HAZARDS_H
#define QUIESCE_FRONT_HAZARDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "front/ground.h"
#include "quiesce/report.h"

enum {
    HAZARDS_MAX = 16,       /* that are kept */
    HAZARDS_PATH_MAX = 512,
    HAZARDS_MS = 1000,      /* how long is looked */
};

enum hazard_kind {
    HAZARD_FANOTIFY, /* a process decides about opening files */
    HAZARD_LOG,      /* the system log's daemon writes to what is frozen */
    HAZARD_TERMINAL, /* whoever holds our terminal does: script(1) */
    HAZARD_OUTPUT,   /* our own output does */
    HAZARD_LVM,      /* the command is LVM's, and keeps its archive there */
    HAZARD_SWAP,     /* a swap file lies on a file system that lies on what is frozen */
    HAZARD_REMOTE,   /* what is frozen lies on a file that a server or a FUSE daemon provides */
    HAZARD_KINDS
};

struct hazard {
    enum hazard_kind kind;
    uint32_t fs;   /* of report->fs; UINT32_MAX: of none alone */
    unsigned pid;  /* 0: none */
    char process[32];            /* any bytes but NUL */
    char path[HAZARDS_PATH_MAX]; /* any bytes but NUL; "" if none */
};

struct hazards {
    unsigned count;
    bool more; /* than are kept */
    bool cut;  /* not every process was looked at */
    struct hazard list[HAZARDS_MAX];
};

/*
 * Looks through all processes.
 *   r        whose selected file systems are meant; none: nothing is looked for
 *   proc     directory of proc(5)
 *   self     our own process there
 *   command  the snapshot command, whose output ours is; NULL: there is none
 *   to_stderr  its standard output goes to our standard error
 * What cannot be read, of processes that end or that the caller may not look into, is passed over.
 */
void hazards_find(struct hazards *hazards, const struct report *r, int proc, unsigned self, char *const *command,
                  bool to_stderr);

/*
 * Adds those that follow from what lies on what.
 *   ground  of r
 *   proc    directory of proc(5), which has the swap files
 *   root    descriptor of "/"
 */
void hazards_below(struct hazards *hazards, const struct report *r, const struct ground *ground, int proc, int root);

/* Adds one, if there is none of its kind, file system and process.  process, path: strings, cut where
 * they are too long. */
void hazards_add(struct hazards *hazards, const struct hazard *place, const char *process, const char *path);

/* In words, each with what to do about it; nothing if there is none. */
void hazards_print(FILE *out, const struct hazards *hazards, const struct report *r);

/* As the member "hazards" of object, an array. */
void hazards_json(cJSON *object, const struct hazards *hazards, const struct report *r);

#endif
