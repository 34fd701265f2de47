#include "policy/terms.h"

#include <stdlib.h>
#include <string.h>

/* How many ranges are looked at together, and how many values those may have that become a list. */
enum { RUN_MAX = 256, VALUES_MAX = 32 };

/* ---- comparing -------------------------------------------------------------------------- */

static int compare_numbers(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_others(const struct word_set *a, const struct word_set *b)
{
    int order = compare_numbers(a->count, b->count);
    for (uint32_t i = 0; order == 0 && i < a->count; i++) {
        order = compare_numbers(a->others[i].mask, b->others[i].mask);
        order = order != 0 ? order : compare_numbers(a->others[i].value, b->others[i].value);
    }
    return order;
}

static int compare_sets(const struct word_set *a, const struct word_set *b)
{
    const uint32_t left[] = { (uint32_t)a->kind, a->mask, a->value, a->low, a->high };
    const uint32_t right[] = { (uint32_t)b->kind, b->mask, b->value, b->low, b->high };
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        int order = compare_numbers(left[i], right[i]);
        if (order != 0) {
            return order;
        }
    }
    return compare_others(a, b);
}

/* By action and all words but one. */
static int compare_but(const struct term *a, const struct term *b, uint8_t word)
{
    int order = compare_numbers(action_rank(a->action), action_rank(b->action));
    order = order != 0 ? order : compare_numbers(a->action, b->action);
    for (uint8_t w = 0; order == 0 && w < WORD_NR; w++) {
        order = w != word ? compare_sets(&a->words[w], &b->words[w]) : 0;
    }
    return order;
}

static int compare_terms(const void *a, const void *b, void *context)
{
    const uint8_t word = *(const uint8_t *)context;
    int order = compare_but(a, b, word);
    return order != 0 || word >= WORD_NR ? order
                                         : compare_sets(&((const struct term *)a)->words[word], &((const struct term *)b)->words[word]);
}

/* ---- joining ------------------------------------------------------------------------------ */

static bool is_range(const struct word_set *s)
{
    return s->kind == SET_RANGE && s->count == 0;
}

/* Ranges of one word, of terms that are the same but for it, that follow upon each other. */
static void join_ranges(struct terms *t, uint8_t word)
{
    uint32_t kept = 0;
    qsort_r(t->list, t->count, sizeof *t->list, compare_terms, &word);
    for (uint32_t i = 0; i < t->count; i++) {
        struct word_set *last = kept > 0 ? &t->list[kept - 1].words[word] : NULL;
        const struct word_set *next = &t->list[i].words[word];
        if (last != NULL && is_range(last) && is_range(next) && last->high != UINT32_MAX && next->low == last->high + 1
            && compare_but(&t->list[kept - 1], &t->list[i], word) == 0) {
            last->high = next->high;
        } else {
            t->list[kept++] = t->list[i];
        }
    }
    t->count = kept;
}

/* Keeps count points for a set. */
static const struct condition *keep_points(struct terms *t, uint8_t word, const uint32_t *points, uint32_t count, bool equal)
{
    struct condition *first = t->points + t->points_count;
    for (uint32_t i = 0; i < count; i++) {
        first[i] = (struct condition){ .word = word, .equal = equal, .mask = UINT32_MAX, .value = points[i] };
    }
    t->points_count += count;
    return first;
}

/* Takes the values of a run of ranges apart; 0 if they are too many. */
static uint32_t list_values(const struct term *run, uint32_t count, uint8_t word, uint32_t values[VALUES_MAX])
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct word_set *s = &run[i].words[word];
        if (s->high - s->low >= VALUES_MAX - used) {
            return 0;
        }
        for (uint32_t more = 0; more <= s->high - s->low; more++) {
            values[used++] = s->low + more;
        }
    }
    return used;
}

/* What is missing between the ranges of a run, if each gap is one value and nothing is
 * missing before and after; else 0. */
static uint32_t list_gaps(const struct term *run, uint32_t count, uint8_t word, uint32_t gaps[RUN_MAX])
{
    if (run[0].words[word].low != 0 || run[count - 1].words[word].high != UINT32_MAX) {
        return 0;
    }
    for (uint32_t i = 1; i < count; i++) {
        gaps[i - 1] = run[i].words[word].low - 1;
        if (run[i - 1].words[word].high + 1 != gaps[i - 1]) {
            return 0;
        }
    }
    return count - 1;
}

/* If a run of ranges is all values but a few, it becomes one; if it is a few values, it
 * becomes a list.  Returns true if the first of the run now stands for all. */
static bool join_run(struct terms *t, struct term *run, uint32_t count, uint8_t word)
{
    uint32_t values[VALUES_MAX], gaps[RUN_MAX];
    struct word_set *first = &run[0].words[word];
    if (count < 2 || count > RUN_MAX) {
        return false;
    }
    uint32_t missing = list_gaps(run, count, word, gaps), present = list_values(run, count, word, values);
    if (missing > 0) {
        *first = (struct word_set){ .kind = SET_RANGE, .high = UINT32_MAX, .count = missing,
                                    .others = keep_points(t, word, gaps, missing, false) };
    } else if (present > 0) {
        *first = (struct word_set){ .kind = SET_LIST, .count = present, .others = keep_points(t, word, values, present, true) };
    }
    return missing > 0 || present > 0;
}

static void join_points(struct terms *t, uint8_t word)
{
    uint32_t kept = 0;
    qsort_r(t->list, t->count, sizeof *t->list, compare_terms, &word);
    for (uint32_t i = 0, next; i < t->count; i = next) {
        for (next = i + 1; next < t->count && is_range(&t->list[i].words[word]) && is_range(&t->list[next].words[word])
             && compare_but(&t->list[i], &t->list[next], word) == 0;) {
            next++;
        }
        uint32_t stay = join_run(t, &t->list[i], next - i, word) ? 1 : next - i;
        memmove(&t->list[kept], &t->list[i], stay * sizeof *t->list);
        kept += stay;
    }
    t->count = kept;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* The high bits of a word alone: a range. */
static bool is_prefix(uint32_t mask)
{
    return (~mask & (~mask + 1)) == 0;
}

static void make_term(struct term *term, const struct path *path, const struct condition *c)
{
    *term = (struct term){ .action = path->action };
    for (unsigned w = 0; w < WORD_NR; w++) {
        term->words[w] = (struct word_set){ .kind = SET_RANGE, .high = UINT32_MAX };
    }
    for (uint32_t i = 0; i < path->count; i++) {
        struct word_set *s = c[i].word < WORD_NR ? &term->words[c[i].word] : NULL;
        if (s == NULL) {
            continue; /* of a walk over more than one number: not a call's */
        }
        if (!c[i].equal) {
            s->others = s->count++ == 0 ? &c[i] : s->others;
        } else if (is_prefix(c[i].mask)) {
            *s = (struct word_set){ .kind = SET_RANGE, .low = c[i].value, .high = c[i].value | ~c[i].mask };
        } else {
            *s = (struct word_set){ .kind = SET_BITS, .mask = c[i].mask, .value = c[i].value };
        }
    }
}

int terms_make(struct terms *t, const struct paths *paths)
{
    *t = (struct terms){ .count = paths->count };
    t->list = calloc(paths->count + 1, sizeof *t->list);
    /* Every joining makes one of two terms or more, with as many points or VALUES_MAX. */
    t->points = calloc((VALUES_MAX + 2) * (size_t)paths->count + 1, sizeof *t->points);
    if (t->list == NULL || t->points == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < paths->count; i++) {
        make_term(&t->list[i], &paths->list[i], path_conditions(paths, &paths->list[i]));
    }
    for (unsigned round = 0; round < 2; round++) {
        for (uint8_t w = WORD_NR; w-- > 0;) {
            join_ranges(t, w);
        }
    }
    for (uint8_t w = WORD_NR; w-- > 0;) {
        join_points(t, w);
    }
    uint8_t all = WORD_NR;
    qsort_r(t->list, t->count, sizeof *t->list, compare_terms, &all);
    return 0;
}

void terms_free(struct terms *terms)
{
    free(terms->list);
    free(terms->points);
    *terms = (struct terms){ 0 };
}

uint32_t terms_weight(const struct terms *t, uint32_t action)
{
    uint32_t weight = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        for (unsigned w = 0; t->list[i].action == action && w < WORD_NR; w++) {
            const struct word_set *s = &t->list[i].words[w];
            bool any = s->kind == SET_RANGE && s->low == 0 && s->high == UINT32_MAX;
            weight += (any ? 0 : 1) + (s->kind == SET_LIST ? 1 : 2 * s->count);
        }
    }
    return weight;
}
