#include "policy/conditions.h"

#include <stddef.h>
#include <string.h>

/* Of one word: far more than any filter made it take. */
enum { STEPS_MAX = 200000 };

/* ---- one word ----------------------------------------------------------------------- */

/* A search for a word: its inequalities are those of up to two lists. */
struct search {
    const struct condition *lists[2];
    unsigned counts[2];
    uint8_t word;
    unsigned steps;
};

/* An inequality is a clause: one of its bits must differ.  What is left of it once
 * the bits in mask are known: 0 if it holds already; *dead if it can hold no more. */
static uint32_t left_of(const struct condition *c, uint32_t mask, uint32_t value, bool *dead)
{
    uint32_t open = c->mask & ~mask;
    if (((c->value ^ value) & c->mask & mask) != 0) {
        return 0;
    }
    *dead = open == 0;
    return open;
}

/*
 * Sets the bits that must be what they must be.  Returns the inequality with the
 * fewest open bits, NULL if all hold, or sets *dead.
 */
static const struct condition *propagate(struct search *s, uint32_t *mask, uint32_t *value, bool *dead)
{
    const struct condition *shortest = NULL;
    for (bool changed = true; changed && !*dead;) {
        int least = 33;
        changed = false;
        shortest = NULL;
        for (unsigned l = 0; l < 2; l++) {
            for (unsigned i = 0; i < s->counts[l] && !*dead; i++) {
                const struct condition *c = &s->lists[l][i];
                if (c->word != s->word || c->equal) {
                    continue;
                }
                uint32_t open = left_of(c, *mask, *value, dead);
                if (open != 0 && (open & (open - 1)) == 0) {
                    *mask |= open;
                    *value |= ~c->value & open;
                    changed = true;
                } else if (open != 0 && __builtin_popcount(open) < least) {
                    least = __builtin_popcount(open);
                    shortest = c;
                }
            }
        }
    }
    return shortest;
}

/* Depth: at most one call for each bit of a word. */
static int search_word(struct search *s, uint32_t mask, uint32_t value, uint32_t *witness)
{
    bool dead = false;
    if (s->steps++ > STEPS_MAX) {
        return CONDITIONS_HARD;
    }
    const struct condition *c = propagate(s, &mask, &value, &dead);
    if (dead) {
        return CONDITIONS_NEVER;
    }
    if (c == NULL) {
        *witness = value;
        return CONDITIONS_SOLVED;
    }
    uint32_t open = c->mask & ~mask, bit = open & -open;
    int found = search_word(s, mask | bit, value | (~c->value & bit), witness);
    return found != CONDITIONS_NEVER ? found : search_word(s, mask | bit, value | (c->value & bit), witness);
}

/* Adds the equalities of a word; false if two contradict each other. */
static bool fix(uint8_t word, const struct condition *list, unsigned count, uint32_t *mask, uint32_t *value)
{
    for (unsigned i = 0; i < count; i++) {
        if (list[i].word != word || !list[i].equal) {
            continue;
        }
        if (((list[i].value ^ *value) & list[i].mask & *mask) != 0) {
            return false;
        }
        *mask |= list[i].mask;
        *value |= list[i].value;
    }
    return true;
}

int conditions_solve_word(uint8_t word, uint32_t mask, uint32_t value, const struct condition *list, unsigned count,
                          uint32_t *witness)
{
    struct search s = { .lists = { list, NULL }, .counts = { count, 0 }, .word = word };
    return fix(word, list, count, &mask, &value) ? search_word(&s, mask, value, witness) : CONDITIONS_NEVER;
}

/* ---- all words ------------------------------------------------------------------------ */

int conditions_solve(const struct condition *a, unsigned a_count, const struct condition *b, unsigned b_count,
                     uint32_t words[CALL_WORDS])
{
    bool hard = false;
    for (uint8_t word = 0; word < CALL_WORDS; word++) {
        struct search s = { .lists = { a, b }, .counts = { a_count, b_count }, .word = word };
        uint32_t mask = 0, value = 0;
        words[word] = 0;
        if (!fix(word, a, a_count, &mask, &value) || !fix(word, b, b_count, &mask, &value)) {
            return CONDITIONS_NEVER;
        }
        int found = search_word(&s, mask, value, &words[word]);
        if (found == CONDITIONS_NEVER) {
            return CONDITIONS_NEVER;
        }
        hard = hard || found == CONDITIONS_HARD;
    }
    return hard ? CONDITIONS_HARD : CONDITIONS_SOLVED;
}

bool conditions_hold(const struct condition *list, unsigned count, const uint32_t words[CALL_WORDS])
{
    for (unsigned i = 0; i < count; i++) {
        if (((words[list[i].word] & list[i].mask) == list[i].value) != list[i].equal) {
            return false;
        }
    }
    return true;
}

/* ---- shorter ------------------------------------------------------------------------------ */

/* Whether inequality a says all that b says. */
static bool implies(const struct condition *a, const struct condition *b)
{
    return (a->mask & ~b->mask) == 0 && (b->value & a->mask) == a->value;
}

/* Adds an inequality to those of its word, out[0..*count), unless one of them implies
 * it, and takes out those that it implies. */
static void add_inequality(struct condition *out, unsigned *count, struct condition new)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < *count; i++) {
        if (implies(&out[i], &new)) {
            return;
        }
    }
    for (unsigned i = 0; i < *count; i++) {
        if (!implies(&new, &out[i])) {
            out[kept++] = out[i];
        }
    }
    out[kept++] = new;
    *count = kept;
}

/* What is known of a word: its equalities, and the bits that its inequalities force. */
static void known_bits(uint8_t word, const struct condition *list, unsigned count, uint32_t *mask, uint32_t *value)
{
    struct search s = { .lists = { list, NULL }, .counts = { count, 0 }, .word = word };
    bool dead = false;
    *mask = *value = 0;
    (void)fix(word, list, count, mask, value);
    (void)propagate(&s, mask, value, &dead);
}

unsigned conditions_simplify(const struct condition *list, unsigned count, struct condition *out)
{
    unsigned used = 0;
    for (uint8_t word = 0; word < CALL_WORDS; word++) {
        uint32_t mask, value;
        known_bits(word, list, count, &mask, &value);
        if (mask != 0) {
            out[used++] = (struct condition){ .word = word, .equal = true, .mask = mask, .value = value };
        }
        unsigned inequalities = 0;
        for (unsigned i = 0; i < count; i++) {
            bool dead = false;
            uint32_t open = list[i].word == word && !list[i].equal ? left_of(&list[i], mask, value, &dead) : 0;
            if (open != 0) {
                add_inequality(out + used, &inequalities, (struct condition){
                    .word = word, .mask = open, .value = list[i].value & open });
            }
        }
        used += inequalities;
    }
    return used;
}

/* ---- struct seccomp_data -------------------------------------------------------------------- */

/* Both of our machines are little-endian: the low half stands first. */
void conditions_to_data(const uint32_t words[CALL_WORDS], struct seccomp_data *data)
{
    data->nr = (int)words[WORD_NR];
    data->arch = words[WORD_ARCH];
    data->instruction_pointer = (uint64_t)words[WORD_IP_HIGH] << 32 | words[WORD_IP_LOW];
    for (size_t i = 0; i < CALL_ARGS; i++) {
        data->args[i] = (uint64_t)words[2 * i + 1] << 32 | words[2 * i];
    }
}

void conditions_from_data(const struct seccomp_data *data, uint32_t words[CALL_WORDS])
{
    words[WORD_NR] = (uint32_t)data->nr;
    words[WORD_ARCH] = data->arch;
    words[WORD_IP_LOW] = (uint32_t)data->instruction_pointer;
    words[WORD_IP_HIGH] = (uint32_t)(data->instruction_pointer >> 32);
    for (size_t i = 0; i < CALL_ARGS; i++) {
        words[2 * i] = (uint32_t)data->args[i];
        words[2 * i + 1] = (uint32_t)(data->args[i] >> 32);
    }
}
