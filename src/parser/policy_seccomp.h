/*
 * policy_seccomp.h - the "linux.seccomp" object of a policy, into the plan's filter.
 *
 * OCI's config-linux.md with what the Docker and Podman default profiles add to
 * it.  Of their conditions
 *   includes: all of caps are in the policy's own bounding set, arches names this
 *     machine, the kernel is minKernel or newer; else the entry does not apply
 *   excludes: one of caps is in it, arches names this machine, or the kernel is
 *     minKernel or newer: the entry does not apply
 * The kernel is taken to be 5.10, the oldest this program runs on, so that a
 * policy compiles to the same bytes everywhere; where a minKernel above that
 * matters, the reading that denies more is taken, with a warning.
 */
#ifndef QUIESCE_PARSER_POLICY_SECCOMP_H
#define QUIESCE_PARSER_POLICY_SECCOMP_H

#include "parser/policy_schema.h"

/* Compiles the object; the reader's plan must hold its bounding set already. */
void policy_seccomp(const struct policy_reader *reader, const cJSON *seccomp);

#endif
