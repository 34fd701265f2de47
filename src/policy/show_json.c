/*
 * "quiesce policy show --json".
 */
#include <stdlib.h>
#include <string.h>

#include "base/policy_words.h"
#include "base/syscall_names.h"
#include "policy/answer.h"
#include "policy/disassemble.h"
#include "policy/show.h"

/* A failure to add shows as a missing member; the object is then not used. */
struct object {
    cJSON *json;
    bool failed;
};

static void add_text(void *context, const char *key, const char *text)
{
    struct object *o = context;
    o->failed = cJSON_AddStringToObject(o->json, key, text) == NULL || o->failed;
}

static void add_number(struct object *o, const char *key, double number)
{
    o->failed = cJSON_AddNumberToObject(o->json, key, number) == NULL || o->failed;
}

/* A new object at the end of a list. */
static struct object add_to(cJSON *list)
{
    struct object o = { .json = cJSON_CreateObject() };
    o.failed = o.json == NULL || !cJSON_AddItemToArray(list, o.json);
    return o;
}

static void add_action(struct object *o, const struct call_answer *answer)
{
    char words[ANSWER_WORDS_MAX] = "depends";
    if (!answer->depends) {
        answer_write(words, answer->action);
    }
    add_text(o, "action", words);
}

/* The answers of a call that looks at its arguments; the last one is that of all other arguments. */
static bool add_answers(cJSON *answers, const struct policy *policy, uint32_t number)
{
    struct call call;
    bool good = call_begin(&call, policy->plan.filter, policy->plan.filter_length, number) == PATHS_OK;
    for (unsigned i = 0; good && i < call.actions_count; i++) {
        struct object o = add_to(answers);
        char *text = NULL;
        size_t length = 0;
        add_action(&o, &(struct call_answer){ .action = call.actions[i] });
        FILE *out = i + 1 < call.actions_count ? open_memstream(&text, &length) : NULL;
        if (out != NULL) {
            terms_print(out, &call.terms, call.actions[i], syscall_name(number), ", or ");
        }
        if (out != NULL && fclose(out) == 0) {
            add_text(&o, "when", text);
        } else if (i + 1 < call.actions_count) {
            o.failed = true;
        }
        free(text);
        good = !o.failed;
    }
    call_end(&call);
    return good;
}

static bool add_calls(cJSON *list, const struct policy *policy, const struct calls *calls)
{
    bool good = list != NULL;
    for (uint32_t n = 0; good && n <= show_last_number(calls); n++) {
        if (!show_is_listed(calls, n)) {
            continue;
        }
        struct object o = add_to(list);
        add_number(&o, "number", n);
        if (syscall_name(n) != NULL) {
            add_text(&o, "name", syscall_name(n));
        }
        cJSON *answers = cJSON_AddArrayToObject(o.json, "answers");
        if (calls->numbers[n].depends) {
            good = !o.failed && answers != NULL && add_answers(answers, policy, n);
        } else {
            struct object answer = add_to(answers);
            add_action(&answer, &calls->numbers[n]);
            good = !o.failed && !answer.failed;
        }
    }
    return good;
}

static bool add_program(cJSON *list, const struct policy_plan *plan)
{
    struct loaded *loaded = calloc(plan->filter_length + 1, sizeof *loaded);
    bool good = list != NULL && loaded != NULL;
    if (good) {
        disassemble_prepare(plan->filter, plan->filter_length, loaded);
    }
    for (uint32_t i = 0; good && i < plan->filter_length; i++) {
        char text[INSTRUCTION_MAX];
        disassemble(text, plan->filter, i, loaded);
        good = cJSON_AddItemToArray(list, cJSON_CreateString(text));
    }
    free(loaded);
    return good;
}

cJSON *show_json(const struct policy *policy, const struct calls *calls, bool bpf)
{
    struct object o = { .json = cJSON_CreateObject() };
    add_text(&o, "policy", policy->name);
    add_text(&o, "use", policy->use == POLICY_FOR_HOOK ? "hook" : "role");
    if (policy->use == POLICY_FOR_HOOK) {
        show_user(&policy->plan, add_text, &o);
        policy_words_rights(&policy->plan, add_text, &o);
        policy_words_bounds(&policy->plan, add_text, &o);
        add_text(&o, "besides", show_besides);
    }
    bool good = add_calls(cJSON_AddArrayToObject(o.json, "systemCalls"), policy, calls);
    struct object above = { .json = cJSON_AddObjectToObject(o.json, "allOtherCalls") };
    add_action(&above, &calls->above);
    cJSON *abis = cJSON_AddArrayToObject(o.json, "otherABIs");
    for (unsigned i = 0; i < calls->abis_count; i++) {
        struct object abi = add_to(abis);
        add_text(&abi, "abi", calls->abis[i].name);
        add_action(&abi, &calls->abis[i].answer);
        good = good && !abi.failed;
    }
    if (bpf) {
        good = add_program(cJSON_AddArrayToObject(o.json, "bpf"), &policy->plan) && good;
    }
    if (!good || o.failed || above.failed) {
        fprintf(stderr, "%s: it cannot be written as JSON\n", policy->name);
        cJSON_Delete(o.json);
        return NULL;
    }
    return o.json;
}
