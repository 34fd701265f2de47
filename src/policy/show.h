/*
 * show.h - "quiesce policy show".
 */
#ifndef QUIESCE_POLICY_SHOW_H
#define QUIESCE_POLICY_SHOW_H

#include <cjson/cJSON.h>

#include "base/statement.h"
#include "policy/calls.h"
#include "policy/documents.h"

/* Prints each policy in words, with --bpf its program, with --json one object.  Returns the exit status. */
int verb_show(const struct job *job);

/* The policy as JSON; NULL after a message.  bpf: with its program. */
cJSON *show_json(const struct policy *policy, const struct calls *calls, bool bpf);

/* The user in words. */
void show_user(const struct policy_plan *plan, statement_sink *sink, void *context);

/* What holds for every hook beside its policy. */
extern const char show_besides[];

/* Numbers to go through one by one: those that a name or an answer of their own have. */
uint32_t show_last_number(const struct calls *calls);

/* Whether a number is listed by itself, and not just as one of those above the newest. */
bool show_is_listed(const struct calls *calls, uint32_t number);

#endif
