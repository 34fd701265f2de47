#include "policy/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/policy_words.h"
#include "base/syscall_names.h"
#include "policy/disassemble.h"
#include "policy/json_out.h"
#include "quiesce/outcome.h"

enum { LINE_WIDTH = 98, INDENT = 23 };

/* ---- what both forms need ------------------------------------------------------------ */

const char show_besides[] = "a second filter, which no policy changes, holds for every script: see quiesce-policy(5)";

void show_user(const struct policy_plan *plan, statement_sink *sink, void *context)
{
    struct statement s = { 0 };
    if ((plan->flags & POLICY_HAS_USER) == 0) {
        statement_say(&s, "as the plugin configuration says, else root");
    } else {
        statement_say(&s, "user id %" PRIu32 ", group id %" PRIu32 ", unless the plugin configuration names another", plan->uid, plan->gid);
        for (uint32_t i = 0; i < plan->groups_count; i++) {
            statement_say(&s, "%s%" PRIu32, i == 0 ? "; further groups " : ", ", plan->groups[i]);
        }
    }
    sink(context, "user", s.text);
}

bool show_is_listed(const struct calls *calls, uint32_t number)
{
    return syscall_name(number) != NULL || (calls->newest != UINT32_MAX && number <= calls->newest);
}

uint32_t show_last_number(const struct calls *calls)
{
    uint32_t last = CALL_NUMBERS - 1;
    while (last > 0 && !show_is_listed(calls, last)) {
        last--;
    }
    return last;
}

/* ---- for people ---------------------------------------------------------------------- */

static void write_plain(FILE *out, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, out);
}

static void print_statement(void *context, const char *key, const char *text)
{
    statement_print(context, key, text, write_plain);
}

/* One item of a list; *column is where the line ends, 0 before the first. */
static void print_item(const char *item, size_t *column)
{
    size_t length = strlen(item);
    if (*column > 0 && *column + 2 + length > LINE_WIDTH) {
        printf(",\n%*s", INDENT, "");
        *column = INDENT;
    } else if (*column > 0) {
        fputs(", ", stdout);
        *column += 2;
    } else {
        *column = INDENT;
    }
    fputs(item, stdout);
    *column += length;
}

static bool in_group(const struct calls *calls, uint32_t number, uint32_t action)
{
    const struct call_answer *a = &calls->numbers[number];
    return !a->depends && a->action == action && show_is_listed(calls, number);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(syscall_name(*(const uint32_t *)a), syscall_name(*(const uint32_t *)b));
}

/* All calls with one answer: names in their order, then numbers without a name as ranges. */
static void print_group(const struct calls *calls, uint32_t action)
{
    char words[ACTION_WORDS_MAX], item[CALL_NAME_MAX];
    uint32_t last = show_last_number(calls), named[CALL_NUMBERS] = { 0 }, count = 0;
    size_t column = 0;
    printf("  %-*s", INDENT - 2, action_words(words, action));
    for (uint32_t n = 0; n <= last; n++) {
        if (syscall_name(n) != NULL && in_group(calls, n, action)) {
            named[count++] = n;
        }
    }
    qsort(named, count, sizeof *named, by_name);
    for (uint32_t i = 0; i < count; i++) {
        print_item(syscall_name(named[i]), &column);
    }
    for (uint32_t n = 0, next; n <= last; n = next) {
        next = n + 1;
        if (syscall_name(n) != NULL || !in_group(calls, n, action)) {
            continue;
        }
        while (next <= last && syscall_name(next) == NULL && in_group(calls, next, action)) {
            next++;
        }
        snprintf(item, sizeof item, next == n + 1 ? "%" PRIu32 : "%" PRIu32 "-%" PRIu32, n, next - 1);
        print_item(item, &column);
    }
    putchar('\n');
}

/* Groups in the order of what they grant. */
static void print_groups(const struct calls *calls)
{
    uint32_t last = show_last_number(calls), done[CALL_NUMBERS] = { 0 };
    unsigned count = 0;
    for (unsigned rank = 0; rank <= action_rank(SECCOMP_RET_KILL_PROCESS); rank++) {
        for (uint32_t n = 0; n <= last; n++) {
            uint32_t action = calls->numbers[n].action;
            bool new = !calls->numbers[n].depends && action_rank(action) == rank && show_is_listed(calls, n);
            for (unsigned i = 0; new && i < count; i++) {
                new = done[i] != action;
            }
            if (new) {
                done[count++] = action;
                print_group(calls, action);
            }
        }
    }
}

/* Calls whose answer depends on their arguments.  Returns 0, or an exit status. */
static int print_conditional(const struct policy *policy, const struct calls *calls)
{
    bool first = true;
    for (uint32_t n = 0; n < CALL_NUMBERS; n++) {
        struct call call;
        char name[CALL_NAME_MAX], *text = NULL;
        size_t length = 0;
        if (!calls->numbers[n].depends) {
            continue;
        }
        enum paths_error error = call_begin(&call, policy->plan.filter, policy->plan.filter_length, n);
        FILE *out = error == PATHS_OK ? open_memstream(&text, &length) : NULL;
        if (out != NULL) {
            call_print(out, &call, false);
        }
        call_end(&call);
        if (out == NULL || fclose(out) != 0) {
            fprintf(stderr, "%s: call %s %s\n", policy->name, call_name(name, n), paths_message(error != PATHS_OK ? error : PATHS_MEMORY));
            free(text);
            return EXIT_INTERNAL;
        }
        if (first) {
            puts("  by arguments");
        }
        first = false;
        printf("  ");
        statement_print(stdout, call_name(name, n), text, write_plain);
        free(text);
    }
    return 0;
}

/* "killed", or that it depends; of what is beyond single calls. */
static const char *answer_words(char words[ACTION_WORDS_MAX], const struct call_answer *answer)
{
    return answer->depends ? "by number and arguments" : action_words(words, answer->action);
}

static int print_calls(const struct policy *policy, const struct calls *calls)
{
    char words[ACTION_WORDS_MAX], name[CALL_NAME_MAX];
    puts("system calls");
    print_groups(calls);
    int status = print_conditional(policy, calls);
    if (calls->newest < CALL_NUMBERS - 1) {
        snprintf(name, sizeof name, "above %" PRIu32, calls->newest);
        printf("  %-*s%s\n", INDENT - 2, name, answer_words(words, &calls->above));
    } else {
        printf("  %-*s%s\n", INDENT - 2, "all others", answer_words(words, &calls->above));
    }
    puts("other ABIs");
    for (unsigned i = 0; i < calls->abis_count; i++) {
        printf("  %-*s%s\n", INDENT + 5, calls->abis[i].name, answer_words(words, &calls->abis[i].answer));
    }
    return status;
}

static int print_program(const struct policy_plan *plan)
{
    struct loaded *loaded = calloc(plan->filter_length + 1, sizeof *loaded);
    if (loaded == NULL) {
        fputs("quiesce-policy: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    disassemble_prepare(plan->filter, plan->filter_length, loaded);
    for (uint32_t i = 0; i < plan->filter_length; i++) {
        char text[INSTRUCTION_MAX];
        disassemble(text, plan->filter, i, loaded);
        puts(text);
    }
    free(loaded);
    return 0;
}

static int print_policy(const struct policy *policy, const struct calls *calls)
{
    bool hook = policy->use == POLICY_FOR_HOOK;
    printf("%s: %s\n", policy->name, hook ? "the policy of a hook" : "the filter of one of this program's own processes");
    if (hook) {
        show_user(&policy->plan, print_statement, stdout);
        policy_words_rights(&policy->plan, print_statement, stdout);
        if ((policy->plan.flags & POLICY_NEW_NET) != 0) {
            print_statement(stdout, "network", "none: it has a network namespace of its own with nothing in it");
        }
        policy_words_bounds(&policy->plan, print_statement, stdout);
        print_statement(stdout, "besides", show_besides);
    }
    return print_calls(policy, calls);
}

/* ---- the command ------------------------------------------------------------------------ */

/* Adds to the list of --json, or prints.  Returns 0 or an exit status. */
static int show_one(const struct job *job, const struct policy *policy, cJSON *list)
{
    static struct calls calls;
    char name[CALL_NAME_MAX];
    uint32_t failed;
    if (job->bpf && !job->json) {
        printf("%s: %" PRIu32 " instructions\n", policy->name, policy->plan.filter_length);
        return print_program(&policy->plan);
    }
    enum paths_error error = calls_make(&calls, policy->plan.filter, policy->plan.filter_length, &failed);
    if (error != PATHS_OK) {
        fprintf(stderr, "%s: its filter%s%s %s\n", policy->name, failed < CALL_NUMBERS ? ", for call " : "",
                failed < CALL_NUMBERS ? call_name(name, failed) : "", paths_message(error));
        return EXIT_INTERNAL;
    }
    if (!job->json) {
        return print_policy(policy, &calls);
    }
    cJSON *object = show_json(policy, &calls, job->bpf);
    if (object == NULL || !cJSON_AddItemToArray(list, object)) {
        cJSON_Delete(object);
        return EXIT_INTERNAL;
    }
    return 0;
}

int verb_show(const struct job *job)
{
    static struct policy policy;
    cJSON *whole = job->json ? cJSON_CreateObject() : NULL, *list = job->json ? cJSON_AddArrayToObject(whole, "policies") : NULL;
    int worst = job->json && list == NULL ? EXIT_INTERNAL : 0;
    for (unsigned i = 0; i < job->count && worst != EXIT_INTERNAL; i++) {
        int status = policy_load(&job->documents[i], &policy);
        if (status == 0) {
            fputs(i > 0 && !job->json ? "\n" : "", stdout);
            status = show_one(job, &policy, list);
            policy_free(&policy);
        }
        worst = status != 0 ? status : worst;
    }
    if (job->json && worst != EXIT_INTERNAL) {
        int status = json_out(whole);
        worst = status != 0 ? status : worst;
    }
    cJSON_Delete(whole);
    return worst;
}
