/*
 * policy_learn.h - "quiesce policy learn".
 */
#ifndef QUIESCE_FRONT_POLICY_LEARN_H
#define QUIESCE_FRONT_POLICY_LEARN_H

#include "front/options.h"

/*
 * Opens base and script by the safe walk, has quiesce-policy compile the base, runs the
 * script under quiesce-learn, has quiesce-policy write the policy, and writes it where
 * the options say.  Returns the exit status: 0; that of a failed script (20) if it
 * failed and --keep was not given; EXIT_CONFIGURATION if base, user or script cannot be
 * used; EXIT_TRY_AGAIN while a run goes on; EXIT_NOT_PERMITTED; EXIT_INTERNAL.
 */
int policy_learn(const struct options *options);

#endif
