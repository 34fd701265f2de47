/*
 * main.c - quiesce, the front: the caller's own rights, and no others' documents.
 *
 * It reads the command line, starts the monitor, runs the snapshot command and
 * prints the result.  It opens no configuration and parses nothing; what it is
 * told by the other processes is checked and sanitised.  "quiesce policy" opens the
 * files that it names, and leaves all else to quiesce-policy.
 */
#include <stdio.h>

#include "front/conduct.h"
#include "front/footing.h"
#include "front/held.h"
#include "front/journal.h"
#include "front/options.h"
#include "front/policy.h"
#include "front/policy_learn.h"
#include "front/recover_command.h"
#include "quiesce/outcome.h"

static int help(const struct options *options)
{
    options_help(stdout, options->topic, options->group);
    return 0;
}

static int version(const struct options *options)
{
    (void)options;
    puts("quiesce " QUIESCE_VERSION);
    return 0;
}

static int (*const commands[COMMANDS])(const struct options *options) = {
    [COMMAND_RUN] = conduct_run,          [COMMAND_CHECK] = conduct_check,
    [COMMAND_EXPLAIN] = conduct_explain,  [COMMAND_FREEZE] = held_freeze,
    [COMMAND_THAW] = held_thaw,           [COMMAND_STATUS] = held_status,
    [COMMAND_RECOVER] = recover_command,
    [COMMAND_JOURNAL_SHOW] = journal_show,
    [COMMAND_JOURNAL_VERIFY] = journal_verify, [COMMAND_POLICY_COMPILE] = policy_command,
    [COMMAND_POLICY_SHOW] = policy_command,
    [COMMAND_POLICY_DIFF] = policy_command,
    [COMMAND_POLICY_LINT] = policy_command,
    [COMMAND_POLICY_TEST] = policy_command,
    [COMMAND_POLICY_LEARN] = policy_learn,
    [COMMAND_HELP] = help,
    [COMMAND_VERSION] = version,
};

int main(int argc, char **argv)
{
    footing_descriptors();
    static struct options options; /* large: lists of mount points */
    char message[512];
    if (options_parse(&options, argc, argv, message, sizeof message) != 0) {
        fprintf(stderr, "quiesce: %s\n", message);
        options_usage(stderr, options.command);
        return EXIT_USAGE;
    }
    int status = commands[options.command](&options);
    if (fflush(stdout) != 0 && status == 0 && options.command != COMMAND_RUN && options.command != COMMAND_FREEZE) {
        status = EXIT_INTERNAL;
    }
    return status;
}
