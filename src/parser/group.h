/*
 * group.h - the supplementary groups of a user, from group(5).
 */
#ifndef QUIESCE_PARSER_GROUP_H
#define QUIESCE_PARSER_GROUP_H

#include <stddef.h>

#include "quiesce/plan.h"

/*
 * Fills *out with the gids, each once, of the groups that list a user.  user is
 * the name that passwd(5) gives: group(5) lists names, never numbers.  Findings
 * have code 305 and the key quiesce.runAs.
 */
void group_parse(const char *user, const char *bytes, size_t n, struct group_plan *out);

#endif
