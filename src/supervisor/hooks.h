/*
 * hooks.h - running the scripts: attempts, time, killing, what is left over.
 */
#ifndef QUIESCE_HOOKS_H
#define QUIESCE_HOOKS_H

#include "run.h"

/* Starts the script of a slot; all its tries share the time that begins now. */
void hooks_start(struct run *run, uint32_t slot);

/* Ends everything of a phase that still runs, without further tries. */
void hooks_cancel(struct run *run, enum hook_phase phase);

/* Whether nothing of a phase runs any more; survivors may. */
bool hooks_settled(const struct run *run, enum hook_phase phase);

/* Kills what the pre-script of a plugin left running.  True: it has to be waited
 * for (run_hook_settled); false: nothing was left. */
bool hooks_kill_survivors(struct run *run, uint32_t plugin);

/* The launcher is gone: nothing can be started, or killed by us, any more. */
void hooks_launcher_gone(struct run *run);

/* The run is over: keeps what was printed and closes every descriptor. */
void hooks_close(struct run *run);

/* Messages. */
void hooks_started(struct run *run, struct wire_packet *packet);
void hooks_execed(struct run *run, struct hook *hook, struct wire_packet *packet);
void hooks_exec_failed(struct run *run, struct hook *hook, const struct msg_exec_failed *failed);
void hooks_exited(struct run *run, struct hook *hook, const struct msg_exited *exited);

/* The keeper's socket is at its end. */
void hooks_keeper_gone(struct run *run, struct hook *hook);

#endif
