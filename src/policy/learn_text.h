/*
 * learn_text.h - a learned policy as text.  Runs in a confined child.
 */
#ifndef QUIESCE_POLICY_LEARN_TEXT_H
#define QUIESCE_POLICY_LEARN_TEXT_H

#include "policy/documents.h"
#include "quiesce/learned.h"

/* What the text is made of. */
struct learn_source {
    const char *base_name, *script; /* any bytes */
    const struct file_bytes *base;  /* a policy that compiles */
    const struct learned *learned;  /* valid */
    bool add;                       /* keep what the base allows */
};

struct learn_text {
    uint32_t length;  /* of bytes; 0: it does not fit */
    uint32_t unnamed; /* calls let through that have no name, and are not in it */
    char bytes[DOC_POLICY_BYTES_MAX];
};

/*
 * Writes the base with new entries for its system calls: of its own those that deny (to
 * add: all), then one for each kind of call that was let through (to add: that the base
 * does not speak of), by name, with a comment; and a few that a script may come to need
 * without having been seen to.  All else stays as it stands, byte for byte,
 * but for the document's own comment.
 */
void learn_text(struct learn_text *text, const struct learn_source *source);

/* What was called in words for a person, "AF_UNIX" or "request 0x4b3a" ("" if no argument
 * says more than the name), and how often and by whom, "412 times, by psql, sh".  Not
 * sanitised, as names of processes are any bytes. */
void learn_arguments(char *text, size_t size, const struct learned_call *call);
void learn_usage(char *text, size_t size, const struct learned_call *call);

#endif
