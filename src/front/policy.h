/*
 * policy.h - "quiesce policy": opens files and starts quiesce-policy.
 */
#ifndef QUIESCE_FRONT_POLICY_H
#define QUIESCE_FRONT_POLICY_H

#include "front/options.h"

/*
 * Opens the documents as the caller, has quiesce-policy do what the command says,
 * prints what it writes, and writes the files that it made.  Returns the exit
 * status: that of quiesce-policy; EXIT_CONFIGURATION if a document cannot be
 * opened, EXIT_NOT_PERMITTED or EXIT_INTERNAL if a file cannot be written.
 */
int policy_command(const struct options *options);

#endif
