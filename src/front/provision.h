/*
 * provision.h - what this machine has of what a run can use, and what follows if it lacks it.
 */
#ifndef QUIESCE_FRONT_PROVISION_H
#define QUIESCE_FRONT_PROVISION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "quiesce/report.h"

enum provision_expedite { EXPEDITE_YES, EXPEDITE_NOT_WANTED, EXPEDITE_NOT_WRITABLE, PROVISION_EXPEDITES };

/* Beside what the report says of the machine. */
struct provision {
    enum provision_expedite expedite;
    uint32_t landlock_abi; /* 0: the kernel has none, or it is off */
    bool lock_any;         /* as much memory as there is may be locked; else: */
    uint64_t lock_bytes;   /* so much, of each process */
};

/* Asks the kernel.  no_expedite: the option --no-expedite was given. */
void provision_look(struct provision *p, const struct report *r, bool no_expedite);

/* In words. */
void provision_print(FILE *out, const struct provision *p, const struct report *r);

/* As the member "machine" of object. */
void provision_json(cJSON *object, const struct provision *p, const struct report *r);

#endif
