/*
 * report_json.h - a report as JSON, in the words of quiesce(1).
 *
 * Used by the front for --json and by the supervisor for the journal.  Numbers
 * are printed as integers or with nine decimals, never through a double.
 */
#ifndef QUIESCE_REPORT_JSON_H
#define QUIESCE_REPORT_JSON_H

#include <cjson/cJSON.h>

#include "base/report_names.h"
#include "quiesce/report.h"

/* The object of "quiesce run --json".  r must be valid (report_valid).  NULL
 * where memory ran out; the caller deletes it. */
cJSON *report_run_json(const struct report *r);

/* The object of "quiesce check --json", the same way. */
cJSON *report_check_json(const struct report *r);

/* A moment of CLOCK_REALTIME as RFC 3339 has it, in UTC. */
cJSON *report_moment_json(uint64_t ns);

/* An array of {kind, path, present, sha256}: what the run was made from. */
cJSON *report_documents_json(const struct report *r);

#endif
