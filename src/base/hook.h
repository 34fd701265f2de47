/*
 * hook.h - what the launcher is told of a script, from the plans that were checked.
 */
#ifndef QUIESCE_BASE_HOOK_H
#define QUIESCE_BASE_HOOK_H

#include "quiesce/wire.h"

/*
 * What both scripts of a plugin share: who they run as, and their environment.
 *   index   of the plugin, which is its policy's too
 *   policy  narrowed to what that user may have of it (plan_check.h)
 *   user, groups  what runAs names; user NULL: there is no runAs, and the policy says who,
 *           which is root unless it says otherwise
 */
void hook_take_plugin(struct msg_hook *hook, uint32_t index, const struct plugin_plan *plan, struct policy_plan *policy,
                      const struct passwd_plan *user, const struct group_plan *groups);

/* What is one script's own: its slot, its path, its arguments. */
void hook_take_script(struct msg_hook *hook, uint32_t slot, const struct script_plan *script);

#endif
