/*
 * passwd.h - who a hook runs as: one entry of passwd(5).
 */
#ifndef QUIESCE_PARSER_PASSWD_H
#define QUIESCE_PARSER_PASSWD_H

#include <stddef.h>

#include "quiesce/plan.h"

/*
 * Looks a user up.  user is a name, or else a uid in decimal, which must have an
 * entry too: a hook never runs as a number that nobody gave out.  Of several
 * entries the first counts, as for getpwnam(3).  Findings have code 305 and
 * the key quiesce.runAs.
 */
void passwd_parse(const char *user, const char *bytes, size_t n, struct passwd_plan *out);

#endif
