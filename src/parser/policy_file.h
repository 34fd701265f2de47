/*
 * policy_file.h - compiled policies: struct policy_file of quiesce/policy.h.
 */
#ifndef QUIESCE_PARSER_POLICY_FILE_H
#define QUIESCE_PARSER_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "quiesce/policy.h"

/*
 * The plan of a hook policy.  The compiled form (compiled_n bytes; NULL: there is
 * none) is used if it was made from exactly this source, for this architecture
 * and libseccomp, by this version, and its plan is valid; else the source is
 * compiled again, as policy_compile() does.  Returns true if the compiled form
 * was used.
 */
bool policy_parse(struct policy_plan *plan, const char *source, size_t n, const void *compiled, size_t compiled_n);

/* Whether this compiled form was made from exactly this source, for this architecture
 * and libseccomp, by this version, and its plan is usable and valid. */
bool policy_file_holds(const struct policy_file *file, const char *source, size_t n);

/* Fills *file from the source.  Returns true if its plan is usable; the findings are in file->plan.head. */
bool policy_file_make(struct policy_file *file, const char *source, size_t n);

#endif
