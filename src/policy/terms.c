#include "policy/terms.h"

#include <stdlib.h>
#include <string.h>

/* How many ranges are looked at together, how many values those may have that become a
 * list, and how many may be missing between two that become all others. */
enum { RUN_MAX = 256, VALUES_MAX = 32, GAP_MAX = 4 };

/* How many terms one path may become. */
enum { SPLIT_MAX = 64 };

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

/* What is missing between the ranges of a run, if each gap is narrow and nothing is
 * missing before and after; else 0. */
static uint32_t list_gaps(const struct term *run, uint32_t count, uint8_t word, uint32_t gaps[GAP_MAX * RUN_MAX])
{
    uint32_t used = 0;
    if (run[0].words[word].low != 0 || run[count - 1].words[word].high != UINT32_MAX) {
        return 0;
    }
    for (uint32_t i = 1; i < count; i++) {
        uint32_t after = run[i - 1].words[word].high, before = run[i].words[word].low;
        if (before - after > GAP_MAX + 1) {
            return 0;
        }
        for (uint32_t v = after + 1; v < before; v++) {
            gaps[used++] = v;
        }
    }
    return used;
}

/* If a run of ranges is all values but a few, it becomes one; if it is a few values, it
 * becomes a list.  Returns true if the first of the run now stands for all. */
static bool join_run(struct terms *t, struct term *run, uint32_t count, uint8_t word)
{
    uint32_t values[VALUES_MAX], gaps[GAP_MAX * RUN_MAX];
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

static int by_value(const void *a, const void *b)
{
    return compare_numbers(((const struct condition *)a)->value, ((const struct condition *)b)->value);
}

/* The ranges between the values that a range without some of them leaves; 0 if it is
 * not that, or if they are too many. */
static uint32_t list_ranges(const struct word_set *s, struct word_set ranges[SPLIT_MAX + 1])
{
    struct condition points[SPLIT_MAX];
    uint32_t count = 0, low = s->low;
    if (s->kind != SET_RANGE || s->count == 0 || s->count > SPLIT_MAX) {
        return 0;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->others[i].mask != UINT32_MAX) {
            return 0;
        }
        points[i] = s->others[i];
    }
    qsort(points, s->count, sizeof *points, by_value);
    for (uint32_t i = 0; i < s->count; i++) {
        if (points[i].value > low) {
            ranges[count++] = (struct word_set){ .kind = SET_RANGE, .low = low, .high = points[i].value - 1 };
        }
        low = points[i].value + 1; /* of the highest value there is: 0, and no range follows */
    }
    if (low != 0 && low <= s->high) {
        ranges[count++] = (struct word_set){ .kind = SET_RANGE, .low = low, .high = s->high };
    }
    return count;
}

/* Adds the terms of one path: one, or, so that they can be joined with those of other
 * paths, one for each range that single values leave. */
static void add_terms(struct terms *t, uint32_t capacity, const struct path *path, const struct condition *conditions)
{
    uint32_t first = t->count;
    make_term(&t->list[t->count++], path, conditions);
    for (uint8_t w = 0; w < WORD_NR; w++) {
        struct word_set ranges[SPLIT_MAX + 1];
        uint32_t count = list_ranges(&t->list[first].words[w], ranges), before = t->count - first;
        if (count == 0 || before * count > SPLIT_MAX || first + before * count > capacity) {
            continue;
        }
        for (uint32_t i = 0; i < before * count; i++) {
            t->list[first + i] = t->list[first + i % before];
            t->list[first + i].words[w] = ranges[i / before];
        }
        t->count = first + before * count;
    }
}

/* Joins what can be joined, word by word, from the first or from the last on. */
static void join(struct terms *t, bool last_first)
{
    for (unsigned step = 0; step < 3 * WORD_NR && t->count > 1; step++) {
        uint8_t w = (uint8_t)(last_first ? WORD_NR - 1 - step % WORD_NR : step % WORD_NR);
        if (step < 2 * WORD_NR) {
            join_ranges(t, w);
        } else {
            join_points(t, w);
        }
    }
    uint8_t all = WORD_NR;
    qsort_r(t->list, t->count, sizeof *t->list, compare_terms, &all);
}

/* Room for one term of each path, and for those that splitting makes. */
static bool allocate(struct terms *t, uint32_t capacity)
{
    *t = (struct terms){ 0 };
    t->list = calloc((size_t)capacity + 1, sizeof *t->list);
    /* Every joining makes one of two terms or more, with as many points or VALUES_MAX. */
    t->points = calloc((VALUES_MAX + 2) * (size_t)capacity + 1, sizeof *t->points);
    return t->list != NULL && t->points != NULL;
}

static uint32_t whole_weight(const struct terms *t)
{
    uint32_t weight = t->count;
    for (uint32_t i = 0; i < t->count; i++) {
        weight += i == 0 || t->list[i].action != t->list[i - 1].action ? terms_weight(t, t->list[i].action) : 0;
    }
    return weight;
}

int terms_make(struct terms *t, const struct paths *paths)
{
    uint32_t spare = paths->conditions_count == 0 ? 0 : paths->count < 64 ? 64 * paths->count : PATHS_MAX;
    uint32_t capacity = paths->count + spare;
    struct terms other;
    bool good = allocate(t, capacity);
    good = allocate(&other, capacity) && good;
    for (uint32_t i = 0; i < paths->count && good; i++) {
        add_terms(t, capacity - (paths->count - i - 1), &paths->list[i], path_conditions(paths, &paths->list[i]));
    }
    if (good) {
        memcpy(other.list, t->list, t->count * sizeof *t->list);
        other.count = t->count;
        /* Which order finds more depends on the paths: what is shorter is taken. */
        join(t, true);
        join(&other, false);
        if (whole_weight(&other) < whole_weight(t)) {
            struct terms shorter = other;
            other = *t;
            *t = shorter;
        }
    }
    terms_free(&other);
    return good ? 0 : -1;
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
            weight += (any ? 0 : 1) + (s->kind == SET_LIST ? 0 : 2 * s->count);
        }
    }
    return weight;
}
