/*
 * document.h - one document's bytes in, one plan out: the boundary that is fuzzed.
 */
#ifndef QUIESCE_PARSER_DOCUMENT_H
#define QUIESCE_PARSER_DOCUMENT_H

#include <stddef.h>

#include "quiesce/policy.h"

/* How many bytes a document of a kind may have (DOC_*_BYTES_MAX). */
size_t document_bytes_max(enum document_kind kind);

/* The plan of any kind. */
union document_plan {
    struct plan_head head;
    struct host_plan host;
    struct vmbackup_plan vmbackup;
    struct plugin_plan plugin;
    struct policy_plan policy;
    struct passwd_plan passwd;
    struct group_plan group;
    struct mount_plan mounts;
};

/*
 * Parses a document.
 *   kind      below DOC_KINDS
 *   argument  of DOC_PASSWD and DOC_GROUP the user, else not looked at
 *   bytes     n of them, without a NUL; not read if n is beyond document_bytes_max(kind)
 *   compiled  of DOC_POLICY the compiled form or NULL, compiled_size bytes, aligned
 *             as struct policy_file; not looked at otherwise
 *   plan_out  the plan structure of that kind, all of which is overwritten; if its
 *             head is not usable the rest is 0
 * Opens no file, keeps nothing.
 */
void document_parse(enum document_kind kind, const char *argument, const char *bytes, size_t n, const void *compiled,
                    size_t compiled_size, void *plan_out);

#endif
