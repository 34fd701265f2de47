/*
 * outlook.h - what stands beside a report: what the front itself sees of the machine.
 */
#ifndef QUIESCE_FRONT_OUTLOOK_H
#define QUIESCE_FRONT_OUTLOOK_H

#include "front/ground.h"
#include "front/hazards.h"
#include "front/options.h"
#include "front/provision.h"

struct outlook {
    bool has_hazards, has_plan; /* what of it was looked for */
    struct hazards hazards;
    struct ground ground;
    struct provision provision;
};

/* Before a run, on request: all.  After one that the deadline ended: the hazards, as they may
 * be why; a run that goes well is not kept up by it. */
void outlook_look(struct outlook *outlook, const struct report *r, const struct options *options, enum run_mode mode);

/* In words. */
void outlook_print(FILE *out, const struct outlook *outlook, const struct report *r);

/* As members of object, which is that of a check if there is a plan. */
void outlook_json(cJSON *object, const struct outlook *outlook, const struct report *r);

#endif
