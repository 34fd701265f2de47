/*
 * options.h - the command line.
 */
#ifndef QUIESCE_FRONT_OPTIONS_H
#define QUIESCE_FRONT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/policy_job.h"
#include "quiesce/plan.h"
#include "quiesce/wire.h"

enum command {
    COMMAND_NONE,
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_EXPLAIN,
    COMMAND_FREEZE,
    COMMAND_THAW,
    COMMAND_STATUS,
    COMMAND_RECOVER,
    COMMAND_JOURNAL_SHOW,
    COMMAND_JOURNAL_VERIFY,
    COMMAND_POLICY_COMPILE,
    COMMAND_POLICY_SHOW,
    COMMAND_POLICY_DIFF,
    COMMAND_POLICY_LINT,
    COMMAND_POLICY_TEST,
    COMMAND_POLICY_LEARN,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMANDS
};

struct options {
    enum command command;
    const char *group;  /* of COMMAND_HELP: the first word of several commands to explain, or NULL */
    enum command topic; /* of COMMAND_HELP: COMMAND_NONE or the command to explain */
    char host_config[PLAN_PATH_MAX];   /* absolute; "" if not given */
    char plugin_config[PLAN_PATH_MAX]; /* absolute; "" if not given */
    char journal[PLAN_PATH_MAX];       /* absolute */
    struct mount_list mounts, exclude; /* absolute paths without a slash at their end */
    uint32_t freeze_timeout_seconds;   /* 1..PLAN_FREEZE_TIMEOUT_MAX; 0: as configured */
    uint32_t last;                     /* records to show; 0: all */
    uint8_t allow_crash;               /* enum allow_crash */
    bool wait;                         /* of recover */
    bool no_expedite, json, dry_run, bpf;
    bool failed;                       /* of thaw: the snapshot failed */
    char session[WIRE_RUN_ID_MAX];     /* of thaw: the one that is meant; "": whichever there is */
    char **words;                      /* argv, all of it */
    uint32_t tuples, seed;             /* of policy test, if has_... */
    bool has_tuples, has_seed, verbose;
    const char *output;                          /* --output; NULL: not given */
    const char *operands[POLICY_OPERANDS_MAX];   /* documents of "policy", as they stand in argv */
    unsigned operands_count;
    char base[PLAN_PATH_MAX];          /* of "policy learn": a policy's name, or absolute; "" if not given */
    const char *user;                  /* --user; NULL: not given */
    uint32_t timeout_seconds;          /* 1..LEARN_TIMEOUT_MAX; 0: not given */
    uint32_t phase;                    /* enum hook_phase: of the script behind "--" */
    bool keep, add;
    char scripts[PHASES][PLAN_PATH_MAX]; /* of "policy learn": absolute; "" where there is none */
    char **arguments;                  /* of the script of phase, NULL-terminated, in argv */
    char **snapshot; /* the snapshot command, NULL-terminated, in argv; NULL: none */
};

/*
 * Reads argv into *options.  Returns 0, or -1 with a sentence without a full
 * stop in message; options->command then says whose usage fits.
 */
int options_parse(struct options *options, int argc, char **argv, char *message, size_t capacity);

/* The one or two lines of a command's synopsis; COMMAND_NONE: of all commands. */
void options_usage(FILE *out, enum command command);

/* Usage, what the command does, and each of its options.  With a group, a word that
 * several commands begin with, a list of these. */
void options_help(FILE *out, enum command command, const char *group);

#endif
