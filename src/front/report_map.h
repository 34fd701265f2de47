/*
 * report_map.h - a report that somebody hands over, looked at before it is read.
 */
#ifndef QUIESCE_FRONT_REPORT_MAP_H
#define QUIESCE_FRONT_REPORT_MAP_H

#include "quiesce/report.h"

/* Maps a report after looking at its seals, size and bounds.  The caller keeps fd.
 * Returns the read-only mapping, or NULL with a sentence in *why if it is not to be trusted. */
const struct report *report_map(int fd, const char **why);

#endif
