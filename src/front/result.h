/*
 * result.h - a report for people; report_json.h makes it for programs.
 */
#ifndef QUIESCE_FRONT_RESULT_H
#define QUIESCE_FRONT_RESULT_H

#include <stdio.h>

#include "quiesce/report.h"

/* Prints what a run achieved: outcome, scripts, file systems, findings.
 * r must be valid; all text in it is sanitised on the way. */
void result_print_run(FILE *out, const struct report *r);

/* Prints what a dry run or a check found, and what a run would do. */
void result_print_check(FILE *out, const struct report *r);

/* Prints the findings alone, each with its place and what to do; returns how many are errors. */
unsigned result_print_findings(FILE *out, const struct report *r);

/* Prints a text of the report, sanitised; "-" for an empty one. */
void result_print_text(FILE *out, const struct report *r, struct report_text text);

/* Prints a text of the report, sanitised, cut and padded to width bytes. */
void result_print_cell(FILE *out, const struct report *r, struct report_text text, int width);

/* Prints the plugin and the phase of a slot of hooks, cut and padded. */
void result_print_hook_name(FILE *out, const struct report *r, uint32_t slot);

#endif
