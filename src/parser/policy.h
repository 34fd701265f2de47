/*
 * policy.h - from a policy's text to what the launcher applies.
 *
 * A policy is a fragment of an OCI runtime-spec configuration (config.md and
 * config-linux.md of opencontainers/runtime-spec), or a bare seccomp profile
 * as Docker and Podman keep it (top level "defaultAction").  A key that this
 * program does not carry out is an error, never passed over.
 */
#ifndef QUIESCE_PARSER_POLICY_H
#define QUIESCE_PARSER_POLICY_H

#include <stddef.h>

#include "quiesce/policy.h"

enum policy_use {
    POLICY_FOR_HOOK,
    POLICY_FOR_ROLE, /* one of our own programs: linux.seccomp alone, and may freeze and thaw */
    POLICY_FOR_EITHER, /* as the document says: a role's has annotations."org.quiesce.role" */
    POLICY_TO_LEARN,   /* a hook's; what no entry speaks of is denied with LEARN_MISSING (learned.h) */
};

/* What an annotation begins with that says why a capability is granted; its name follows. */
extern const char policy_reason[];

/*
 * Compiles n bytes of source into *plan, all of which is overwritten; bytes that
 * are not used are 0, and the same source gives the same bytes on every kernel.
 * plan->head holds the findings, all with code 305; plan->head.usable says
 * whether the rest holds.
 *   use  what it must be; an error if it is the other
 * Returns what it is: POLICY_FOR_HOOK or POLICY_FOR_ROLE.
 * To learn, a policy that allows what no entry speaks of is an error.
 */
enum policy_use policy_compile(struct policy_plan *plan, const char *source, size_t n, enum policy_use use);

#endif
