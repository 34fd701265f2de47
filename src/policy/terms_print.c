/*
 * Terms in words.
 */
#include "policy/terms.h"

#include <inttypes.h>
#include <string.h>

#include "base/argument_words.h"
#include "base/syscall_names.h"
#include "parser/policy_compare.h"

enum { TEXT_MAX = 512, WHOLE_MAX = 40, NAMED_MAX = 8 };

/* One argument, or half of one, of a call. */
struct subject {
    char name[40];
    const struct argument *argument;
    bool high;
};

static bool is_any(const struct word_set *s)
{
    return s->kind == SET_RANGE && s->low == 0 && s->high == UINT32_MAX && s->count == 0;
}

static bool is_zero(const struct word_set *s)
{
    return s->kind == SET_RANGE && s->low == 0 && s->high == 0;
}

static const char *value_words(char text[TEXT_MAX], const struct subject *s, uint32_t value)
{
    return argument_say(text, TEXT_MAX, s->high ? NULL : s->argument, value);
}

/* "x has none of A|B", "x has all of A", "x has no A" and so on; of plain numbers "x & 0x3 = 0x1". */
static void print_bits(FILE *out, const struct subject *s, const struct condition *c)
{
    char mask[TEXT_MAX];
    bool named = !s->high && s->argument != NULL && s->argument->flags, single = (c->mask & (c->mask - 1)) == 0;
    if (!named || (c->value != 0 && c->value != c->mask)) {
        fprintf(out, "%s & 0x%" PRIx32 " %s ", s->name, c->mask, c->equal ? "=" : "is not");
        fprintf(out, c->value == 0 ? "0" : "0x%" PRIx32, c->value);
        return;
    }
    value_words(mask, s, c->mask);
    bool has = c->equal == (c->value != 0);
    const char *how = single ? (has ? "has" : "has no") : c->value == 0 ? (has ? "has any of" : "has none of")
                                                                     : (has ? "has all of" : "lacks one of");
    fprintf(out, "%s %s ", s->name, how);
    for (const char *p = mask; *p != '\0'; p++) {
        fputs(*p == '|' ? ", " : (const char[]){ *p, '\0' }, out);
    }
}

/* "a, b or c" */
static void print_values(FILE *out, const struct subject *s, const struct condition *list, uint32_t count)
{
    char text[TEXT_MAX];
    for (uint32_t i = 0; i < count; i++) {
        fprintf(out, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", value_words(text, s, list[i].value));
    }
}

static void print_range(FILE *out, const struct subject *s, const struct word_set *set)
{
    char low[TEXT_MAX], high[TEXT_MAX];
    bool named = !s->high && s->argument != NULL && s->argument->kind != ARG_INT;
    if (set->low == set->high || (named && set->high - set->low < NAMED_MAX)) {
        struct condition values[NAMED_MAX];
        for (uint32_t i = 0; i <= set->high - set->low; i++) {
            values[i] = (struct condition){ .value = set->low + i };
        }
        fprintf(out, "%s = ", s->name);
        print_values(out, s, values, set->high - set->low + 1);
    } else if (set->low == 0) {
        fprintf(out, "%s <= %s", s->name, argument_say(high, sizeof high, NULL, set->high));
    } else if (set->high == UINT32_MAX) {
        fprintf(out, "%s >= %s", s->name, argument_say(low, sizeof low, NULL, set->low));
    } else {
        fprintf(out, "%s from %s to %s", s->name, argument_say(low, sizeof low, NULL, set->low),
                argument_say(high, sizeof high, NULL, set->high));
    }
}

/* Inequalities: those of a whole word together, "x is none of 1, 2 or 3". */
static void print_others(FILE *out, const struct subject *s, const struct word_set *set, const char *and)
{
    struct condition whole[WHOLE_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->others[i].mask == UINT32_MAX && count < WHOLE_MAX) {
            whole[count++] = set->others[i];
        } else {
            fputs(and, out);
            print_bits(out, s, &set->others[i]);
            and = " and ";
        }
    }
    if (count > 0) {
        fprintf(out, "%s%s is %s", and, s->name, count == 1 ? "not " : "none of ");
        print_values(out, s, whole, count);
    }
}

static void print_set(FILE *out, const struct subject *s, const struct word_set *set)
{
    const char *and = "";
    if (set->kind == SET_LIST) {
        fprintf(out, "%s = ", s->name);
        print_values(out, s, set->others, set->count);
        return;
    }
    if (set->kind == SET_BITS) {
        print_bits(out, s, &(struct condition){ .equal = true, .mask = set->mask, .value = set->value });
        and = " and ";
    } else if (set->low != 0 || set->high != UINT32_MAX) {
        print_range(out, s, set);
        and = " and ";
    }
    print_others(out, s, set, and);
}

/* The program looks at the low half only, and the kernel at more: then that is not the
 * argument's value.  Of single bits it makes no difference. */
static bool is_half_only(const char *call, unsigned index, const struct word_set *low, const struct word_set *high)
{
    return is_any(high) && low->kind != SET_BITS && !is_any(low) && !policy_compare_is_int(syscall_number(call), index);
}

/* Both halves of an argument of 64 bits; the low one alone if the program looks at no other. */
static void print_argument(FILE *out, const char *call, unsigned index, const struct word_set *low, const struct word_set *high)
{
    const bool is_ip = index >= CALL_ARGS;
    struct subject s = { .argument = is_ip ? NULL : argument_find(call, index) };
    char name[24];
    snprintf(name, sizeof name, is_ip ? "instruction pointer" : "arg%u", index);
    snprintf(s.name, sizeof s.name, "%s", s.argument != NULL ? s.argument->name : name);
    if (high->kind == SET_RANGE && high->low == high->high && high->low != 0 && low->kind == SET_RANGE && low->low == low->high) {
        fprintf(out, "%s = 0x%" PRIx32 "%08" PRIx32, s.name, high->low, low->low);
        return;
    }
    bool zero = is_zero(high), values = low->kind == SET_LIST || (low->kind == SET_RANGE && !is_any(low) && low->count == 0);
    if (is_half_only(call, index, low, high)) {
        snprintf(s.name, sizeof s.name, "low half of %.20s", s.argument != NULL ? s.argument->name : name);
    }
    if (!is_any(high) && !zero) {
        struct subject upper = { .high = true };
        snprintf(upper.name, sizeof upper.name, "high half of %.20s", s.name);
        print_set(out, &upper, high);
        fputs(is_any(low) ? "" : " and ", out);
        snprintf(s.name, sizeof s.name, "low half of %.20s", s.argument != NULL ? s.argument->name : name);
    }
    if (!is_any(low)) {
        print_set(out, &s, low);
    }
    /* A range or a few values of all 64 bits need no word more. */
    if (zero && !values) {
        fprintf(out, "%s%s < 2^32", is_any(low) ? "" : " and ", s.name);
    }
}

static void print_term(FILE *out, const struct term *term, const char *call)
{
    const char *and = "";
    for (unsigned i = 0; i < WORD_NR / 2; i++) {
        const struct word_set *low = &term->words[(size_t)2 * i], *high = low + 1;
        if (!is_any(low) || !is_any(high)) {
            fputs(and, out);
            print_argument(out, call, i, low, high);
            and = " and ";
        }
    }
}

void terms_print(FILE *out, const struct terms *t, uint32_t action, const char *call, const char *separator)
{
    const char *or = "";
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->list[i].action == action && terms_weight(t, action) > 0) {
            fputs(or, out);
            print_term(out, &t->list[i], call);
            or = separator;
        }
    }
}

/* ---- actions ------------------------------------------------------------------------------ */

static const struct {
    uint32_t action;
    const char *words; /* of ERRNO: before the errno */
} actions[] = { /* what grants more first */
    { SECCOMP_RET_ALLOW, "allowed" },
    { SECCOMP_RET_LOG, "allowed and logged" },
    { SECCOMP_RET_ERRNO, "refused with " },
    { SECCOMP_RET_TRAP, "answered with SIGSYS" },
    { SECCOMP_RET_KILL_THREAD, "killed, the thread alone" },
    { SECCOMP_RET_KILL_PROCESS, "killed" },
};
enum { ACTIONS = sizeof actions / sizeof *actions };

unsigned action_rank(uint32_t action)
{
    for (unsigned i = 0; i < ACTIONS; i++) {
        if (actions[i].action == (action & SECCOMP_RET_ACTION_FULL)) {
            return i;
        }
    }
    return ACTIONS;
}

const char *action_words(char text[ACTION_WORDS_MAX], uint32_t action)
{
    const char *error = strerrorname_np((int)(action & SECCOMP_RET_DATA));
    unsigned rank = action_rank(action);
    if (rank >= ACTIONS || actions[rank].action != SECCOMP_RET_ERRNO) {
        return rank < ACTIONS ? actions[rank].words : "unknown";
    }
    if (error != NULL) {
        snprintf(text, ACTION_WORDS_MAX, "%s%s", actions[rank].words, error);
    } else {
        snprintf(text, ACTION_WORDS_MAX, "%s%u", actions[rank].words, (unsigned)(action & SECCOMP_RET_DATA));
    }
    return text;
}
