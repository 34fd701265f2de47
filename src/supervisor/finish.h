/*
 * finish.h - the end of a run: outcome, record, sealed report, RESULT.
 */
#ifndef QUIESCE_FINISH_H
#define QUIESCE_FINISH_H

#include "run.h"

/* Decides, writes the journal's record, seals the report, tells the front and
 * the monitor, and sets run.over.  The report is not mapped afterwards. */
void finish_run(struct run *run);

#endif
