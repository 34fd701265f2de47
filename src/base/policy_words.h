/*
 * policy_words.h - a policy in words, but for its system calls.
 */
#ifndef QUIESCE_BASE_POLICY_WORDS_H
#define QUIESCE_BASE_POLICY_WORDS_H

#include <stdbool.h>

#include "base/statement.h"
#include "quiesce/policy.h"

/* "change the owner of any file" for CAP_CHOWN; NULL for an unknown number. */
const char *capability_words(unsigned number);

/* "open files" for RLIMIT_NOFILE; NULL for an unknown one. */
const char *rlimit_words(uint32_t resource);

/* linux.resources, one of RESOURCES: in words, "processes and threads of all that it
 * starts", and what a policy says; 0: nothing. */
enum { RESOURCES = 4 };
const char *resource_words(unsigned resource);
uint64_t resource_limit(const struct policy_plan *policy, unsigned resource);

/* Whether a path is a directory or lies below it. */
bool policy_path_below(const char *path, const char *directory);

/* Capabilities and files: what a hook may do beside what its system calls do. */
void policy_words_rights(const struct policy_plan *policy, statement_sink *sink, void *context);

/* Limits, environment, namespaces, what becomes of its processes. */
void policy_words_bounds(const struct policy_plan *policy, statement_sink *sink, void *context);

#endif
