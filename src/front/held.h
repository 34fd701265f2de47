/*
 * held.h - "quiesce freeze", "thaw" and "status": a run between two calls.
 *
 *   held.c          the commands               held_session.c  the process in between
 *   held_call.c     asks it                    held_rules.c    what it answers
 *                                              held_lines.c    its callers' connections
 *   held_print.c    prints what it says        held_door.c     its socket, and who may come
 *   held_wire.c     the messages, of           held_detach.c   makes it a process of its own
 *                   quiesce/held.h
 */
#ifndef QUIESCE_FRONT_HELD_COMMANDS_H
#define QUIESCE_FRONT_HELD_COMMANDS_H

#include "front/options.h"

/* The commands; each prints what it has to say and returns the exit status. */
int held_freeze(const struct options *options);
int held_thaw(const struct options *options);
int held_status(const struct options *options);

#endif
