/*
 * System calls: paths of one filter against paths of the other.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/argument_words.h"
#include "base/syscall_names.h"
#include "policy/diff.h"

/* One call under both policies. */
struct pair {
    struct call calls[2];
    bool differs[SIDES];
    uint32_t examples[SIDES][CALL_WORDS]; /* where differs */
    uint32_t looked_at; /* bit n: a condition of either looks at argument n */
};

/* Calls that one answer in the first and one in the second have: named together. */
struct group {
    uint32_t actions[2];
    FILE *names; /* to text */
    char *text;
    size_t length;
};
enum { GROUPS_MAX = 32, COMPARISONS_MAX = 4000000 };
struct groups {
    unsigned count;
    struct group list[GROUPS_MAX];
};

static enum side side_of_actions(uint32_t first, uint32_t second)
{
    bool grants[2] = { action_grants(first), action_grants(second) };
    return grants[0] == grants[1] ? NEITHER : side_of(grants[0] ? 0 : 1);
}

/* ---- comparing -------------------------------------------------------------------------- */

/* Looks for a call that takes a path of each and is answered differently. */
static enum paths_error compare(struct pair *pair)
{
    const struct paths *a = &pair->calls[0].paths, *b = &pair->calls[1].paths;
    if ((uint64_t)a->count * b->count > COMPARISONS_MAX) {
        return PATHS_MANY;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t j = 0; j < b->count; j++) {
            uint32_t words[CALL_WORDS];
            enum side side = side_of_actions(a->list[i].action, b->list[j].action);
            if (a->list[i].action == b->list[j].action || pair->differs[side]) {
                continue;
            }
            int found = conditions_solve(path_conditions(a, &a->list[i]), a->list[i].count, path_conditions(b, &b->list[j]),
                                         b->list[j].count, words);
            if (found == CONDITIONS_HARD) {
                return PATHS_HARD;
            }
            if (found == CONDITIONS_SOLVED) {
                pair->differs[side] = true;
                memcpy(pair->examples[side], words, sizeof words);
            }
        }
    }
    return PATHS_OK;
}

static void note_arguments(struct pair *pair)
{
    for (unsigned k = 0; k < 2; k++) {
        const struct paths *p = &pair->calls[k].paths;
        for (uint32_t i = 0; i < p->conditions_count; i++) {
            pair->looked_at |= p->conditions[i].word < WORD_IP_LOW ? 1u << (p->conditions[i].word / 2) : 0;
        }
    }
}

static enum paths_error pair_begin(struct pair *pair, const struct policy_plan *const plans[2], uint32_t number)
{
    *pair = (struct pair){ 0 };
    enum paths_error error = PATHS_OK;
    for (unsigned k = 0; k < 2 && error == PATHS_OK; k++) {
        error = call_begin(&pair->calls[k], plans[k]->filter, plans[k]->filter_length, number);
    }
    if (error == PATHS_OK) {
        error = compare(pair);
        note_arguments(pair);
    }
    return error;
}

static void pair_end(struct pair *pair)
{
    call_end(&pair->calls[0]);
    call_end(&pair->calls[1]);
}

/* ---- saying -------------------------------------------------------------------------------- */

/* "socket(AF_NETLINK, 0, 9)": up to the last argument that matters. */
static void say_example(FILE *out, const struct pair *pair, const uint32_t words[CALL_WORDS])
{
    char name[CALL_NAME_MAX], text[512];
    const char *call = call_name(name, pair->calls[0].number);
    fprintf(out, "%s(", call);
    for (unsigned i = 0; i < CALL_ARGS && pair->looked_at >> i != 0; i++) {
        uint64_t value = (uint64_t)words[(size_t)2 * i + 1] << 32 | words[(size_t)2 * i];
        fprintf(out, "%s%s", i > 0 ? ", " : "", argument_say(text, sizeof text, argument_find(call, i), value));
    }
    putc(')', out);
}

/* What a policy grants of a call, or how it refuses it. */
static void say_answer(FILE *out, const struct call *call, bool grants)
{
    bool any = !grants;
    for (unsigned i = 0; i < call->actions_count; i++) {
        any = any || action_grants(call->actions[i]);
    }
    if (any) {
        call_print(out, call, grants);
    } else {
        fputs("never allowed", out);
    }
}

/* A call whose answer depends on its arguments in one policy or the other. */
static void add_conditional(struct differences *d, const struct pair *pair)
{
    for (enum side side = ONLY_FIRST; side < SIDES; side++) {
        const char *name = syscall_name(pair->calls[0].number);
        char *text = NULL;
        size_t length = 0;
        /* That both also refuse differently is not worth a line of its own. */
        if (!pair->differs[side] || (side == NEITHER && (pair->differs[ONLY_FIRST] || pair->differs[ONLY_SECOND]))) {
            continue;
        }
        unsigned mine = side == ONLY_SECOND ? 1 : 0;
        FILE *out = open_memstream(&text, &length);
        if (out != NULL) {
            say_answer(out, &pair->calls[mine], side != NEITHER);
            fputs(side == NEITHER ? ", in the second " : "; the other: ", out);
            say_answer(out, &pair->calls[1 - mine], side != NEITHER);
            fputs("; for example ", out);
            say_example(out, pair, pair->examples[side]);
        }
        if (out == NULL || fclose(out) != 0) {
            d->failed = true;
        } else if (name != NULL) {
            difference_add(d, side, name, "%s", text);
        } else {
            difference_add(d, side, "call", "%" PRIu32 ": %s", pair->calls[0].number, text);
        }
        free(text);
    }
}

static bool is_plain(const struct call *call)
{
    return call->paths.count == 1 && call->paths.list[0].count == 0;
}

/* Adds a number, or a range of numbers, to the group of its two answers; false: there are too many groups. */
static bool add_to_group(struct groups *g, const uint32_t actions[2], const char *name)
{
    unsigned i = 0;
    while (i < g->count && (g->list[i].actions[0] != actions[0] || g->list[i].actions[1] != actions[1])) {
        i++;
    }
    if (i == GROUPS_MAX) {
        return false;
    }
    struct group *group = &g->list[i];
    bool new = i == g->count;
    if (new) {
        *group = (struct group){ .actions = { actions[0], actions[1] } };
        group->names = open_memstream(&group->text, &group->length);
        g->count++;
    }
    return group->names != NULL && fprintf(group->names, "%s%s", new ? "" : ", ", name) > 0;
}

static void add_groups(struct differences *d, struct groups *g)
{
    for (unsigned i = 0; i < g->count; i++) {
        char first[ACTION_WORDS_MAX], second[ACTION_WORDS_MAX];
        struct group *group = &g->list[i];
        enum side side = side_of_actions(group->actions[0], group->actions[1]);
        const char *words[2] = { action_words(first, group->actions[0]), action_words(second, group->actions[1]) };
        if (group->names == NULL || fclose(group->names) != 0) {
            d->failed = true;
        } else if (side == NEITHER) {
            difference_add(d, side, "calls", "%s: %s by the first, %s by the second", group->text, words[0], words[1]);
        } else {
            difference_add(d, side, "calls", "%s; the other: %s", group->text, words[side == ONLY_FIRST ? 1 : 0]);
        }
        free(group->text);
    }
    g->count = 0;
}

/* ---- all calls -------------------------------------------------------------------------------- */

/* Numbers in the order of their names; those without a name last. */
static int by_name(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const char *left_name = syscall_name(left), *right_name = syscall_name(right);
    if (left_name == NULL || right_name == NULL) {
        return left_name != NULL ? -1 : right_name != NULL ? 1 : left < right ? -1 : left > right;
    }
    return strcmp(left_name, right_name);
}

/* Plain answers of the last number without a name, so that ranges can be said as such. */
struct range {
    bool open;
    uint32_t first, last, actions[2];
};

static bool close_range_of(struct range *r, struct groups *groups)
{
    char text[CALL_NAME_MAX];
    bool good = true;
    if (r->open) {
        snprintf(text, sizeof text, r->first == r->last ? "%" PRIu32 : "%" PRIu32 "-%" PRIu32, r->first, r->last);
        good = add_to_group(groups, r->actions, text);
    }
    r->open = false;
    return good;
}

static bool add_plain(struct range *r, struct groups *groups, const struct pair *pair)
{
    const uint32_t number = pair->calls[0].number;
    const uint32_t actions[2] = { pair->calls[0].paths.list[0].action, pair->calls[1].paths.list[0].action };
    const char *name = syscall_name(number);
    if (name != NULL) {
        return add_to_group(groups, actions, name);
    }
    if (r->open && r->last + 1 == number && memcmp(r->actions, actions, sizeof actions) == 0) {
        r->last = number;
        return true;
    }
    bool good = close_range_of(r, groups);
    *r = (struct range){ .open = true, .first = number, .last = number, .actions = { actions[0], actions[1] } };
    return good;
}

/* What is beyond single calls: other ABIs, and numbers above all that are looked at. */
static enum paths_error compare_classes(struct differences *d, const struct policy_plan *const plans[2])
{
    struct pair pair = { 0 };
    struct paths *paths[2] = { &pair.calls[0].paths, &pair.calls[1].paths };
    enum paths_error error = PATHS_OK;
    const char *name;
    for (unsigned class = 0; error == PATHS_OK
         && calls_walk_class(class, paths[0], plans[0]->filter, plans[0]->filter_length, &name, &error); class++) {
        if (error == PATHS_OK) {
            (void)calls_walk_class(class, paths[1], plans[1]->filter, plans[1]->filter_length, &name, &error);
        }
        memset(pair.differs, 0, sizeof pair.differs);
        error = error == PATHS_OK ? compare(&pair) : error;
        for (enum side side = ONLY_FIRST; error == PATHS_OK && side < SIDES; side++) {
            if (pair.differs[side]) {
                difference_add(d, side, "calls", side == NEITHER ? "%s: answered differently, for example number %" PRIu32
                                                                 : "%s: for example number %" PRIu32,
                               name, pair.examples[side][WORD_NR]);
            }
        }
    }
    paths_free(paths[0]);
    paths_free(paths[1]);
    return error;
}

enum paths_error differences_of_calls(struct differences *d, const struct policy_plan *first, const struct policy_plan *second,
                                      uint32_t *failed)
{
    static struct groups groups; /* large */
    const struct policy_plan *const plans[2] = { first, second };
    uint32_t order[CALL_NUMBERS];
    struct range range = { 0 };
    enum paths_error error = PATHS_OK;
    groups.count = 0;
    for (uint32_t i = 0; i < CALL_NUMBERS; i++) {
        order[i] = i;
    }
    qsort(order, CALL_NUMBERS, sizeof *order, by_name);
    struct differences conditional = { 0 };
    for (uint32_t i = 0; i < CALL_NUMBERS && error == PATHS_OK; i++) {
        struct pair pair;
        *failed = order[i];
        error = pair_begin(&pair, plans, order[i]);
        if (error == PATHS_OK && (!is_plain(&pair.calls[0]) || !is_plain(&pair.calls[1]))) {
            add_conditional(&conditional, &pair);
        } else if (error == PATHS_OK && pair.calls[0].paths.list[0].action != pair.calls[1].paths.list[0].action) {
            error = add_plain(&range, &groups, &pair) ? PATHS_OK : PATHS_MANY;
        }
        pair_end(&pair);
    }
    if (error == PATHS_OK && !close_range_of(&range, &groups)) {
        error = PATHS_MANY;
    }
    /* First the calls that are granted whole, then those with conditions. */
    add_groups(d, &groups);
    for (unsigned i = 0; i < conditional.count; i++) {
        difference_add(d, conditional.list[i].side, conditional.list[i].key, "%s", conditional.list[i].text);
    }
    d->failed = d->failed || conditional.failed;
    differences_free(&conditional);
    if (error == PATHS_OK) {
        *failed = CALL_NUMBERS;
        error = compare_classes(d, plans);
    }
    return error;
}
