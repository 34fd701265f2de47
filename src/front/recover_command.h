/*
 * recover_command.h - "quiesce recover".
 */
#ifndef QUIESCE_FRONT_RECOVER_COMMAND_H
#define QUIESCE_FRONT_RECOVER_COMMAND_H

#include "front/options.h"

/* Returns the exit status. */
int recover_command(const struct options *options);

#endif
