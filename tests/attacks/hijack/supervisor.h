/*
 * supervisor.h - what the attacks in a supervisor share.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include "base/drop.h"

/* Its descriptors (src/supervisor/main.c). */
enum { MONITOR = ROLE_FD_CONTROL, FRONT, LAUNCHER, REPORT, JOURNAL, JOURNAL_READ };

/* Receives as a supervisor does, until everything is loaded. */
void supervisor_load(void);

/* Ends the process. */
_Noreturn void supervisor_end(int status);

#endif
