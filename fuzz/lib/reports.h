/*
 * reports.h - sealed reports, for messages that bring one.
 */
#ifndef QUIESCE_FUZZ_REPORTS_H
#define QUIESCE_FUZZ_REPORTS_H

#include "fuzz.h"
#include "quiesce/report.h"

/* Puts a sealed report at descriptor fd: of a run that ended well, or whose pre-script failed; held: of a held session. */
void report_place(int fd, const char run_id[WIRE_RUN_ID_MAX], bool failed, bool held);

#endif
