/*
 * policy_call.h - one call of quiesce-policy, which does all the work on policies.
 */
#ifndef QUIESCE_FRONT_POLICY_CALL_H
#define QUIESCE_FRONT_POLICY_CALL_H

#include "base/policy_job.h"
#include "front/machine.h"
#include "front/relay.h"

struct policy_call {
    unsigned files;                 /* in use of the following */
    int fds[POLICY_FILES_MAX];      /* at MACHINE_FD_LEAST or above, ascending */
    char *words[POLICY_FILES_MAX];  /* "d:NAME", malloc'ed */
    char *output_names[POLICY_FILES_MAX]; /* of outputs, malloc'ed: where to write; else NULL */
    int null, programs;
    struct relay relays[2];
    char directory[PLAN_PATH_MAX];
};

/* A call without files; policy_call_close() is due. */
void policy_call_begin(struct policy_call *call);

/* Takes a new descriptor; fd < 0: opening it failed, with errno.  Returns 0, or an exit status after a message. */
int policy_call_add(struct policy_call *call, enum policy_file_kind kind, const char *name, int fd);

/*
 * Starts quiesce-policy with a verb, options (NULL-terminated, at most eight) and the
 * files, prints what it writes made harmless, and waits for it.  Returns its exit status,
 * or EXIT_INTERNAL after a message.
 */
int policy_call_run(struct policy_call *call, const char *verb, const char *const *options);

void policy_call_close(struct policy_call *call);

/* Writes what an output (memory) holds to the file of that name; nothing if it is empty:
 * its document could not be used.  Returns 0, or an exit status after a message. */
int policy_output(int fd, const char *name);

/* Whether that is likely to go well, before work is done that would be lost.  Returns as policy_output(). */
int policy_output_check(const char *name);

/* What an output holds onto standard output, made harmless. */
int policy_print(int fd);

/* "quiesce: NAME: WHAT: ERROR" on standard error; what may be empty. */
void policy_complain(const char *name, const char *what, int error);

#endif
