/*
 * decide.h - from what happened to what it is worth: the table "What happens
 * when" of the contract, as pure functions.
 *
 * OUTCOME_APP_CONSISTENT stands for "nothing went wrong" wherever a member is an
 * outcome: it is the first row of outcome.def and weighs least.
 */
#ifndef QUIESCE_DECIDE_H
#define QUIESCE_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "quiesce/outcome.h"
#include "quiesce/wire.h"

struct facts {
    uint32_t plugins;         /* how many were asked for */
    bool continue_on_failure; /* of every plugin that something went wrong with */
    bool freeze_wanted;       /* every F, vmbackup.conf's, and there is something to freeze */
    bool crash_allowed;       /* a snapshot without the freeze that was wanted is allowed */
    bool frozen;              /* everything was frozen when the snapshot began */
    bool internal;            /* a part of this program failed */
    enum outcome documents;   /* the heaviest of what is wrong with documents and scripts */
    enum outcome plan;        /* what cannot be frozen as asked, known before anything ran */
    enum outcome pre;         /* PRE_FAILED, PRE_TIMEOUT, HOST_PRE_TIMEOUT */
    enum outcome freeze;      /* FREEZE_FAILED, MOUNT_UNOPENABLE, FREEZE_TIMEOUT */
    enum outcome post;        /* POST_FAILED, POST_TIMEOUT, HOST_POST_TIMEOUT */
    enum snapshot_result snapshot;
};

enum snapshot_way { SNAPSHOT_REFUSED, SNAPSHOT_FROZEN, SNAPSHOT_UNFROZEN };

struct decision {
    enum outcome outcome;
    enum grade grade;
    int exit_status;
    bool continued; /* which side of the outcome's row held */
};

/* Whether the pre-scripts are to be run at all: documents and plan are known. */
bool decide_scripts(const struct facts *f);

/* How the snapshot is to be taken: documents, plan and pre are known, and freeze
 * too once it was tried and failed. */
enum snapshot_way decide_snapshot(const struct facts *f);

/* The end: everything is known. */
struct decision decide(const struct facts *f);

/* The one that counts of two. */
enum outcome heavier(enum outcome a, enum outcome b);

#endif
