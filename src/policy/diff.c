#include "policy/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/statement.h"
#include "policy/json_out.h"
#include "quiesce/outcome.h"

static void write_plain(FILE *out, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, out);
}

static void print_text(const struct differences *d, const struct policy *const policies[2])
{
    for (enum side side = ONLY_FIRST; side < SIDES; side++) {
        bool any = false;
        for (unsigned i = 0; i < d->count; i++) {
            if (d->list[i].side != side) {
                continue;
            }
            if (!any && side == NEITHER) {
                printf("different in %s (the first) and %s (the second):\n", policies[0]->name, policies[1]->name);
            } else if (!any) {
                printf("only %s grants:\n", policies[side]->name);
            }
            any = true;
            statement_print(stdout, d->list[i].key, d->list[i].text, write_plain);
        }
    }
}

static int print_json(const struct differences *d, const struct policy *const policies[2])
{
    static const char *const keys[SIDES] = { "onlyFirst", "onlySecond", "different" };
    cJSON *whole = cJSON_CreateObject(), *lists[SIDES];
    bool good = cJSON_AddBoolToObject(whole, "equal", d->count == 0) != NULL
        && cJSON_AddStringToObject(whole, "first", policies[0]->name) != NULL
        && cJSON_AddStringToObject(whole, "second", policies[1]->name) != NULL;
    for (enum side side = ONLY_FIRST; side < SIDES; side++) {
        lists[side] = cJSON_AddArrayToObject(whole, keys[side]);
        good = good && lists[side] != NULL;
    }
    for (unsigned i = 0; good && i < d->count; i++) {
        cJSON *item = cJSON_CreateObject();
        good = cJSON_AddStringToObject(item, "what", d->list[i].key) != NULL
            && cJSON_AddStringToObject(item, "text", d->list[i].text) != NULL;
        good = cJSON_AddItemToArray(lists[d->list[i].side], item) && good;
    }
    int status = good ? json_out(whole) : EXIT_INTERNAL;
    cJSON_Delete(whole);
    return status;
}

static int diff(const struct job *job, const struct policy *const policies[2])
{
    struct differences d = { 0 };
    char name[CALL_NAME_MAX];
    uint32_t failed;
    if (policies[0]->use == POLICY_FOR_HOOK || policies[1]->use == POLICY_FOR_HOOK) {
        differences_of_rights(&d, &policies[0]->plan, &policies[1]->plan);
    }
    enum paths_error error = differences_of_calls(&d, &policies[0]->plan, &policies[1]->plan, &failed);
    int status = d.count == 0 ? DIFF_EQUAL : DIFF_DIFFERENT;
    if (error != PATHS_OK || d.failed) {
        fprintf(stderr, "%s, %s: cannot be compared: a filter%s%s %s\n", policies[0]->name, policies[1]->name,
                failed < CALL_NUMBERS ? ", for call " : "", failed < CALL_NUMBERS ? call_name(name, failed) : "",
                paths_message(error != PATHS_OK ? error : PATHS_MEMORY));
        status = EXIT_INTERNAL;
    } else if (job->json) {
        int printed = print_json(&d, policies);
        status = printed != 0 ? printed : status;
    } else {
        print_text(&d, policies);
    }
    differences_free(&d);
    return status;
}

int verb_diff(const struct job *job)
{
    static struct policy policies[2];
    int status[2] = { EXIT_USAGE, EXIT_USAGE };
    for (unsigned i = 0; i < 2 && job->count == 2; i++) {
        status[i] = policy_load(&job->documents[i], &policies[i]);
    }
    int result = status[0] != 0 ? status[0] : status[1];
    if (result == 0) {
        const struct policy *const both[2] = { &policies[0], &policies[1] };
        result = diff(job, both);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (status[i] == 0) {
            policy_free(&policies[i]);
        }
    }
    return result;
}
