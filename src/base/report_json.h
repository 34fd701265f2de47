/*
 * report_json.h - a report as JSON, in the words of quiesce(1).
 *
 * Used by the front for --json and by the supervisor for the journal.  Numbers
 * are printed as integers or with nine decimals, never through a double.
 */
#ifndef QUIESCE_REPORT_JSON_H
#define QUIESCE_REPORT_JSON_H

#include <cjson/cJSON.h>

#include "quiesce/report.h"

/* The object of "quiesce run --json".  r must be valid (report_valid).  NULL
 * where memory ran out; the caller deletes it. */
cJSON *report_run_json(const struct report *r);

/* The object of "quiesce check --json", the same way. */
cJSON *report_check_json(const struct report *r);

/* An array of {kind, path, present, sha256}: what the run was made from. */
cJSON *report_documents_json(const struct report *r);

/* Words for enum finding_kind, enum fs_skip, enum document_kind (DOC_KINDS:
 * "script") and enum start_step; "unknown" for anything else. */
const char *finding_kind_name(uint32_t kind);
const char *fs_skip_name(uint32_t skip);
const char *document_kind_name(uint32_t kind);
const char *start_step_name(uint32_t step);

#endif
