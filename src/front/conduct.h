/*
 * conduct.h - run, check and explain from the first look to the exit status.
 */
#ifndef QUIESCE_FRONT_CONDUCT_H
#define QUIESCE_FRONT_CONDUCT_H

#include "front/options.h"

/* The commands; each prints what it has to say and returns the exit status. */
int conduct_run(const struct options *options);
int conduct_check(const struct options *options);
int conduct_explain(const struct options *options);

#endif
