#include "base/hook.h"

#include <string.h>

#include "base/plan_check.h"
#include "base/walk.h"

void hook_take_plugin(struct msg_hook *hook, uint32_t index, const struct plugin_plan *plan, struct policy_plan *policy,
                      const struct passwd_plan *user, const struct group_plan *groups)
{
    hook->policy = index;
    hook->uid = user != NULL ? user->uid : policy->uid;
    policy_narrow(policy, hook->uid);
    hook->gid = user != NULL ? user->gid : policy->gid;
    hook->groups_count = user != NULL ? groups->count : policy->groups_count;
    memcpy(hook->groups, user != NULL ? groups->gids : policy->groups, sizeof hook->groups);
    path_join(hook->home, user != NULL ? user->home : hook->uid == 0 ? "/root" : "/", "", "");
    hook->env_count = plan->env_count;
    hook->env_length = plan->env_length;
    memcpy(hook->env, plan->env, sizeof hook->env);
}

void hook_take_script(struct msg_hook *hook, uint32_t slot, const struct script_plan *script)
{
    hook->slot = slot;
    hook->args_count = script->args_count;
    hook->args_length = script->args_length;
    memcpy(hook->args, script->args, sizeof hook->args);
    path_join(hook->path, script->path, "", "");
}
