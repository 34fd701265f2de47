/*
 * What single entries of a policy do: each is compiled by itself, and the document
 * without it, and their filters are asked.  So conditions, severities and what the
 * compiler makes of them need not be understood a second time.
 */
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/native.h"
#include "base/syscall_names.h"
#include "policy/calls.h"
#include "policy/danger.h"
#include "policy/lint.h"
#include "policy/paths.h"

enum {
    NUMBERS = 1024,         /* calls that an entry may name */
    ENTRIES_OF_CALL_MAX = 96, /* that are looked at for effect */
    CONDITIONS_MAX = 512,
};

/* ---- names -------------------------------------------------------------------------- */

/* The number of a name, as the compiler takes it; -1: of another machine, or unknown. */
static int number_of(const cJSON *name)
{
    int number = cJSON_IsString(name) ? seccomp_syscall_resolve_name_arch(seccomp_arch_native(), name->valuestring) : -1;
    if (number == __NR_SCMP_ERROR && cJSON_IsString(name)) {
        number = syscall_number(name->valuestring);
    }
    return number >= 0 && number < NUMBERS ? number : -1;
}

/* The names of an entry: those of "names", and the one of "name"; an entry may have both. */
static const cJSON *first_name(const cJSON *entry)
{
    const cJSON *names = json_get(entry, "names");
    return names != NULL && names->child != NULL ? names->child : json_get(entry, "name");
}

static const cJSON *next_name(const cJSON *entry, const cJSON *name)
{
    const cJSON *single = json_get(entry, "name");
    return name == single ? NULL : name->next != NULL ? name->next : single;
}

/* ---- small documents ------------------------------------------------------------------ */

/* A document that is written as text: what it takes from the one under test stays as it stands there. */
struct writer {
    const struct json_document *document;
    FILE *out;
};

static void write_member(const struct writer *w, const char *before, const char *key, const cJSON *value)
{
    size_t length = 0;
    const char *text = value != NULL ? json_text(w->document, value, &length) : NULL;
    if (text != NULL) {
        fprintf(w->out, "%s\"%s\":%.*s", before, key, (int)length, text);
    }
}

/* One entry; only: with this name alone, NULL: with all of its own. */
static void write_entry(const struct writer *w, const cJSON *entry, const char *only)
{
    static const char *const keys[] = { "errnoRet", "errno", "args", "includes", "excludes" };
    putc('{', w->out);
    write_member(w, "", "action", json_get(entry, "action"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        write_member(w, ",", keys[i], json_get(entry, keys[i]));
    }
    if (only != NULL) {
        fprintf(w->out, ",\"names\":[\"%s\"]", only);
    } else {
        write_member(w, ",", "names", json_get(entry, "names"));
        write_member(w, ",", "name", json_get(entry, "name"));
    }
    putc('}', w->out);
}

/* Compiles some entries of the document, with its default action, or one that denies.
 * Returns false if that cannot be done. */
static bool compile_entries(const struct linter *l, const cJSON *const *entries, unsigned count, const char *only,
                            bool own_default, struct policy_plan *plan)
{
    static const char *const keys[] = { "defaultErrnoRet", "defaultErrno" };
    char *text = NULL;
    size_t length = 0;
    const struct writer w = { l->document, open_memstream(&text, &length) };
    if (w.out == NULL) {
        return false;
    }
    putc('{', w.out);
    write_member(&w, "", "process", l->process);
    fprintf(w.out, "%s\"linux\":{\"seccomp\":{", l->process != NULL ? "," : "");
    if (own_default) {
        write_member(&w, "", "defaultAction", json_get(l->seccomp, "defaultAction"));
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            write_member(&w, ",", keys[i], json_get(l->seccomp, keys[i]));
        }
    } else {
        fputs("\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"", w.out);
    }
    fputs(",\"syscalls\":[", w.out);
    for (unsigned i = 0; i < count; i++) {
        fputs(i > 0 ? "," : "", w.out);
        write_entry(&w, entries[i], only);
    }
    fputs("]}}}", w.out);
    bool good = fclose(w.out) == 0;
    if (good) {
        (void)policy_compile(plan, text, length, l->use);
    }
    free(text);
    return good && plan->head.usable == 1;
}

/* ---- danger --------------------------------------------------------------------------------- */

/* Whether what two paths ask of a word leaves one of these bits open. */
static bool leaves_open(const struct condition *a, unsigned a_count, const struct condition *b, unsigned b_count, uint8_t word,
                        uint32_t bits)
{
    for (unsigned i = 0; i < a_count + b_count; i++) {
        const struct condition *c = i < a_count ? &a[i] : &b[i - a_count];
        bits &= c->word == word && c->equal ? ~c->mask : UINT32_MAX;
    }
    return bits != 0;
}

/* Whether a call that both filters grant is one that is meant. */
static bool both_grant(const struct danger *danger, const struct paths *entry, const struct paths *whole)
{
    for (uint32_t i = 0; i < entry->count; i++) {
        struct condition conditions[CONDITIONS_MAX];
        uint32_t words[CALL_WORDS], count = entry->list[i].count;
        if (!action_grants(entry->list[i].action)) {
            continue;
        }
        if (count + danger->count > CONDITIONS_MAX) {
            return true;
        }
        memcpy(conditions, path_conditions(entry, &entry->list[i]), count * sizeof *conditions);
        memcpy(conditions + count, danger->conditions, danger->count * sizeof *conditions);
        for (uint32_t j = 0; j < whole->count; j++) {
            if (action_grants(whole->list[j].action)
                && (danger->open == 0
                    || leaves_open(conditions, count, path_conditions(whole, &whole->list[j]), whole->list[j].count,
                                   danger->open_word, danger->open))
                && conditions_solve(conditions, count + danger->count, path_conditions(whole, &whole->list[j]), whole->list[j].count,
                                    words) != CONDITIONS_NEVER) {
                return true; /* also if it is too hard to say: to ask for a reason is the safe side */
            }
        }
    }
    return false;
}

/* What is dangerous about a call that an entry grants; NULL: nothing. */
static const char *danger_of(const struct linter *l, const struct policy_plan *entry, const char *name, uint32_t number)
{
    const char *what = NULL;
    struct paths own = { 0 }, whole = { 0 };
    bool walked = false, good = true;
    for (size_t i = 0; i < dangers_count && what == NULL; i++) {
        if (strcmp(dangers[i].call, name) != 0) {
            continue;
        }
        if (!walked) {
            good = paths_of_call(&own, entry->filter, entry->filter_length, NATIVE_ARCH, number) == PATHS_OK
                && paths_of_call(&whole, l->plan->filter, l->plan->filter_length, NATIVE_ARCH, number) == PATHS_OK;
            walked = true;
        }
        what = !good || both_grant(&dangers[i], &own, &whole) ? dangers[i].what : NULL;
    }
    paths_free(&own);
    paths_free(&whole);
    return what;
}

/* Every dangerous call of an entry needs a comment, which it shares with its like only. */
static void lint_danger(struct linter *l, const cJSON *entry)
{
    static struct policy_plan plan;
    const char *first = NULL;
    const cJSON *first_item = NULL, *plain = NULL;
    if (!compile_entries(l, &entry, 1, NULL, false, &plan)) {
        return;
    }
    for (const cJSON *name = first_name(entry); name != NULL; name = next_name(entry, name)) {
        int number = number_of(name);
        const char *what = number >= 0 ? danger_of(l, &plan, name->valuestring, (uint32_t)number) : NULL;
        if (what == NULL) {
            plain = plain == NULL && number >= 0 ? name : plain;
            continue;
        }
        if (!lint_is_reason(json_get(entry, "comment"))) {
            lint_add(l, name, "%s %s: it needs an entry with a comment that says why", name->valuestring, what);
        } else if (first != NULL && strcmp(first, what) != 0) {
            lint_add(l, name, "%s %s: it needs an entry and a comment of its own, apart from %s", name->valuestring, what,
                     first_item->valuestring);
        } else if (first == NULL) {
            first = what;
            first_item = name;
        }
    }
    if (first != NULL && plain != NULL) {
        lint_add(l, first_item, "%s %s: it needs an entry and a comment of its own, apart from %s", first_item->valuestring, first,
                 plain->valuestring);
    }
}

/* ---- effect ------------------------------------------------------------------------------------ */

/* Whether two filters answer a call alike, whatever its arguments. */
static bool same_answers(const struct policy_plan *a, const struct policy_plan *b, uint32_t number)
{
    struct paths first = { 0 }, second = { 0 };
    bool same = paths_of_call(&first, a->filter, a->filter_length, NATIVE_ARCH, number) == PATHS_OK
        && paths_of_call(&second, b->filter, b->filter_length, NATIVE_ARCH, number) == PATHS_OK;
    for (uint32_t i = 0; same && i < first.count; i++) {
        for (uint32_t j = 0; same && j < second.count; j++) {
            uint32_t words[CALL_WORDS];
            same = first.list[i].action == second.list[j].action
                || conditions_solve(path_conditions(&first, &first.list[i]), first.list[i].count,
                                    path_conditions(&second, &second.list[j]), second.list[j].count, words) == CONDITIONS_NEVER;
        }
    }
    paths_free(&first);
    paths_free(&second);
    return same;
}

/* An entry names this call. */
static const cJSON *name_in(const cJSON *entry, int number)
{
    for (const cJSON *name = first_name(entry); name != NULL; name = next_name(entry, name)) {
        if (number_of(name) == number) {
            return name;
        }
    }
    return NULL;
}

/* Looks at the entries for one call: does each of them change an answer? */
static void lint_effect(struct linter *l, int number, const char *name)
{
    static struct policy_plan with, without;
    const cJSON *entries[ENTRIES_OF_CALL_MAX], *others[ENTRIES_OF_CALL_MAX], *entry;
    unsigned count = 0;
    cJSON_ArrayForEach(entry, json_get(l->seccomp, "syscalls")) {
        if (name_in(entry, number) != NULL && count < ENTRIES_OF_CALL_MAX) {
            entries[count++] = entry;
        }
    }
    if (!compile_entries(l, entries, count, name, true, &with)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned left = 0;
        for (unsigned k = 0; k < count; k++) {
            others[left] = entries[k];
            left += k != i ? 1 : 0;
        }
        /* What a condition takes away on this machine may stand on another. */
        if (json_get(entries[i], "includes") == NULL && json_get(entries[i], "excludes") == NULL
            && compile_entries(l, others, left, name, true, &without) && same_answers(&with, &without, (uint32_t)number)) {
            lint_add(l, name_in(entries[i], number), "the entry changes nothing for %s: other entries or the default action say the same, or it can never hold",
                     name);
        }
    }
}

static void lint_twice(struct linter *l, const cJSON *entry)
{
    bool seen[NUMBERS] = { false };
    for (const cJSON *name = first_name(entry); name != NULL; name = next_name(entry, name)) {
        int number = number_of(name);
        if (number >= 0 && seen[number]) {
            lint_add(l, name, "%s stands in this entry twice", name->valuestring);
        }
        if (number >= 0) {
            seen[number] = true;
        }
    }
}

void lint_entries(struct linter *l)
{
    unsigned named[NUMBERS] = { 0 };
    const cJSON *entry, *name, *names[NUMBERS] = { NULL };
    cJSON_ArrayForEach(entry, json_get(l->seccomp, "syscalls")) {
        lint_danger(l, entry);
        lint_twice(l, entry);
        for (name = first_name(entry); name != NULL; name = next_name(entry, name)) {
            int number = number_of(name);
            if (number >= 0) {
                names[number] = names[number] != NULL ? names[number] : name;
                named[number]++;
            }
        }
    }
    for (int number = 0; number < NUMBERS; number++) {
        if (named[number] > ENTRIES_OF_CALL_MAX) {
            lint_add(l, names[number], "more than %d entries name %s: whether each has an effect is not looked at", ENTRIES_OF_CALL_MAX,
                     names[number]->valuestring);
        } else if (named[number] > 0) {
            lint_effect(l, number, names[number]->valuestring);
        }
    }
}
