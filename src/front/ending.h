/*
 * ending.h - how a command ends: with a report, or with a sentence that says why there is none.
 */
#ifndef QUIESCE_FRONT_ENDING_H
#define QUIESCE_FRONT_ENDING_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "front/outlook.h"
#include "quiesce/report.h"

/* How a report is shown. */
struct presentation {
    enum run_mode mode;
    void (*print)(FILE *out, const struct report *r);
    cJSON *(*json)(const struct report *r);
    FILE **out; /* of print; the object goes to standard output */
    bool quiet; /* no line per step */
};

/* Prints a report, which must be valid, and what was found beside it (NULL: nothing was looked for).  That it could not be printed is said on standard error. */
void ending_report(const struct presentation *how, const struct report *r, const struct outlook *outlook, bool json);

/*
 * Prints a sentence on standard error, and with json the object of a result in which
 * nothing is known on standard output.
 *   run_id  "" if there was no run
 *   status  one of EXIT_...
 * Returns status.
 */
int ending_failure(bool json, const char *run_id, int status, const char *message);

#endif
