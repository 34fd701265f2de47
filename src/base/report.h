/*
 * report.h - filling a struct report without ever leaving its bounds.
 *
 * report_valid(), for the one who receives a report, is declared in
 * quiesce/report.h.
 */
#ifndef QUIESCE_BASE_REPORT_H
#define QUIESCE_BASE_REPORT_H

#include <stddef.h>

#include "quiesce/report.h"

/*
 * Appends text, sanitised (base/utf8.h).  What does not fit is cut off between
 * two characters; a full report takes nothing and gives an empty piece.
 *   text, length  any bytes
 */
struct report_text report_text_add(struct report *r, const char *text, size_t length);

/* The same for a string that ends with a NUL. */
struct report_text report_text_add_string(struct report *r, const char *text);

/*
 * Puts text where place was, if it fits there, else appends it: for a row that
 * is used again and again.  capacity: the bytes that place has at its offset.
 */
struct report_text report_text_put(struct report *r, struct report_text place, uint32_t *capacity, const char *text,
                                   size_t length);

/*
 * Appends a finding.
 *   file, key, message  strings, "" for none
 * Of more than REPORT_FINDINGS_MAX the last place says that there are more.
 */
void report_finding_add(struct report *r, const struct finding *f, const char *file);

/* Takes the rows of attempt out of the denied calls: its row is used again. */
void report_denied_drop(struct report *r, uint32_t attempt);

#endif
