/*
 * report_names.h - the enumerations of a report in words.
 *
 * Each takes any value and answers "unknown" for one that is none of its own.
 */
#ifndef QUIESCE_REPORT_NAMES_H
#define QUIESCE_REPORT_NAMES_H

#include <stdint.h>

const char *finding_kind_name(uint32_t kind);  /* enum finding_kind */
const char *fs_skip_name(uint32_t skip);       /* enum fs_skip */
const char *fs_state_name(uint32_t state);     /* enum fs_state */
const char *document_kind_name(uint32_t kind); /* enum document_kind; DOC_KINDS: "script" */
const char *start_step_name(uint32_t step);    /* enum start_step */

/* Why a step of a start failed: what is known of that step and errno, else the errno in words; "" for 0. */
const char *start_error_text(uint32_t step, uint32_t error);
const char *run_step_name(uint32_t step);      /* enum run_step */
const char *release_cause_name(uint32_t cause); /* enum release_cause */

#endif
