/*
 * documents.h - the policies named on a command line, read and compiled.
 */
#ifndef QUIESCE_POLICY_DOCUMENTS_H
#define QUIESCE_POLICY_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/policy_job.h"
#include "parser/policy.h"
#include "quiesce/policy.h"

/* One operand.  Descriptors are -1 where the front opened none. */
struct document {
    const char *name; /* for messages */
    int fd;
    const char *table_name;
    int table; /* the tests beside it */
    int output;
};

/* What the command line says. */
struct job {
    bool json, bpf, verbose;
    bool has_seed, has_tuples;
    uint32_t seed, tuples; /* of test: calls to be drawn for each document */
    bool add, report; /* of "learn": keep what the base allows; write no policy */
    int passwd, group, learned; /* of "learn"; not there: 0 */
    const char *user;         /* of passwd; NULL: none is asked for */
    const char *learned_name; /* the script; NULL: there is no learned */
    unsigned count;
    struct document documents[POLICY_OPERANDS_MAX];
};

/* The bytes of a file, which nobody has looked into. */
struct file_bytes {
    char *bytes; /* malloc'ed */
    size_t length;
};

/*
 * Reads a descriptor to its end, or to one byte more than max: a longer file is
 * recognised by that.  Returns 0, or -1 after a message; free(file->bytes) after 0.
 */
int file_read(int fd, const char *name, size_t max, struct file_bytes *file);

/* A policy that can be used: its plan has passed plan_valid(). */
struct policy {
    const char *name;
    struct file_bytes source;
    enum policy_use use; /* of a hook, or of one of our own programs */
    struct policy_plan plan;
};

/*
 * Reads and compiles one document in a confined child, and prints what was found
 * in it to standard error.  Returns 0, after which policy_free() is due, or the exit
 * status: EXIT_CONFIGURATION if the document cannot be used, EXIT_INTERNAL if the
 * child failed.
 */
int policy_load(const struct document *document, struct policy *policy);
void policy_free(struct policy *policy);

/* Prints findings to standard error as FILE:LINE:COLUMN: KEY: MESSAGE, warnings with that word. */
void findings_print(const char *name, const struct plan_head *head);

#endif
