/*
 * The hook's arguments and environment, built from nothing.
 *
 * Of one name only the first counts: what this program says stands before what
 * the plugin configuration says, that before the policy, that before defaults.
 */
#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"
#include "base/paths.h"
#include "keeper/keeper.h"

static const char *const defaults[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "TZ=:/etc/localtime",
};
static const char *const phases[PHASES] = { "QUIESCE_PHASE=pre", "QUIESCE_PHASE=post" };
static const char *const pre_results[PRE_RESULTS] = {
    "QUIESCE_PRE_RESULT=none", "QUIESCE_PRE_RESULT=success", "QUIESCE_PRE_RESULT=failed", "QUIESCE_PRE_RESULT=timeout",
};
static const char *const snapshots[SNAPSHOT_RESULTS] = {
    "QUIESCE_SNAPSHOT=none", "QUIESCE_SNAPSHOT=taken", "QUIESCE_SNAPSHOT=failed",
};

static bool same_name(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");
    return strncmp(a, b, length) == 0 && b[length] == '=';
}

static void add(struct environment *e, unsigned *count, const char *variable)
{
    for (unsigned i = 0; i < *count; i++) {
        if (same_name(e->envp[i], variable)) {
            return;
        }
    }
    if (*count < ENVIRONMENT_MAX - 1) {
        e->envp[(*count)++] = (char *)(uintptr_t)variable;
    }
}

/* count strings, one after another in text. */
static void add_all(struct environment *e, unsigned *used, const char *text, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add(e, used, text);
        text += strlen(text) + 1;
    }
}

static void add_pair(struct environment *e, unsigned *used, char *buffer, const char *name, const char *value)
{
    size_t length = strlen(name);
    memcpy(buffer, name, length);
    memcpy(buffer + length, value, strlen(value) + 1);
    add(e, used, buffer);
}

void environment_build(struct environment *e, const struct start *s)
{
    const struct msg_hook *h = s->hook;
    char digits[DECIMAL_MAX];
    unsigned count = 0;
    add_pair(e, &count, e->run_id, "QUIESCE_RUN_ID=", s->run_id);
    add_pair(e, &count, e->attempt, "QUIESCE_ATTEMPT=", decimal(digits, s->facts.attempt));
    add_pair(e, &count, e->script, "QUIESCE_SCRIPT=", h->path);
    add(e, &count, phases[h->slot % PHASES]);
    if (h->slot % PHASES == PHASE_POST) {
        add(e, &count, pre_results[s->facts.pre_result]);
        add(e, &count, snapshots[s->facts.snapshot_result]);
    }
    add_all(e, &count, h->env, h->env_count);
    add_all(e, &count, s->policy->env, s->policy->env_count);
    for (unsigned i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        add(e, &count, defaults[i]);
    }
    add_pair(e, &count, e->home, "HOME=", h->home);
    e->envp[count] = NULL;

    const char *argument = h->args;
    e->shell_argv[0] = (char *)(uintptr_t)"/bin/sh";
    memcpy(e->executed, QUIESCE_RUN_DIR "/", sizeof QUIESCE_RUN_DIR);
    memcpy(e->executed + sizeof QUIESCE_RUN_DIR, script_name(h), strlen(script_name(h)) + 1);
    e->argv[0] = e->shell_argv[1] = e->executed;
    for (uint32_t i = 0; i < h->args_count; i++) {
        e->argv[i + 1] = e->shell_argv[i + 2] = (char *)(uintptr_t)argument;
        argument += strlen(argument) + 1;
    }
    e->argv[h->args_count + 1] = e->shell_argv[h->args_count + 2] = NULL;
}
