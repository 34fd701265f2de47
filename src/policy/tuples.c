#include "policy/tuples.h"

#include <linux/audit.h>
#include <stddef.h>

#include "policy/instruction.h"

enum { X32_BIT = 0x40000000 };

#if defined(__x86_64__)
static const uint32_t native = AUDIT_ARCH_X86_64;
#else
static const uint32_t native = AUDIT_ARCH_AARCH64;
#endif

/* SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t next(struct tuples *tuples)
{
    uint64_t z = tuples->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* 0 to limit - 1; limit is small, so that its remainder is as good as even. */
static uint32_t below(struct tuples *tuples, uint32_t limit)
{
    return (uint32_t)(next(tuples) >> 32) % limit;
}

void tuples_begin(struct tuples *tuples, const struct sock_filter *filter, uint32_t length, uint64_t seed, bool int80)
{
    tuples->state = seed;
    tuples->int80 = int80;
    tuples->conditional_count = 0;
    for (uint32_t number = 0; number < TUPLES_NUMBERS; number++) {
        struct compared *compared = &tuples->conditional[tuples->conditional_count].compared;
        if (compared_find(compared, filter, length, native, number) > 0) {
            tuples->conditional[tuples->conditional_count++].number = number;
        }
    }
}

/* ---- arguments ----------------------------------------------------------------- */

/* A number as programs have them: small, all ones, one bit, or anything. */
static uint64_t plain(struct tuples *tuples)
{
    uint64_t anything = next(tuples);
    switch (below(tuples, 6)) {
    case 0:  return 0;
    case 1:  return anything >> 58;
    case 2:  return UINT64_MAX;
    case 3:  return 1ull << (anything >> 58);
    case 4:  return anything >> 32;
    default: return anything;
    }
}

/* One half of an argument that meets a condition, hardly meets it, or hardly does not. */
static uint32_t near(struct tuples *tuples, const struct comparison *list, uint32_t count)
{
    const struct comparison *c = &list[below(tuples, count)];
    uint32_t anything = (uint32_t)next(tuples);
    uint32_t meets = c->value | (anything & ~c->mask);
    switch (below(tuples, 12)) {
    case 0:  return meets + 1;
    case 1:  return meets - 1;
    case 2:  return meets ^ 1u << below(tuples, 32);
    case 3:  return c->value ^ 1u << below(tuples, 32);
    case 4:  return c->value | (anything & c->mask);
    case 5:  return c->value | ~c->mask;
    case 6:  return anything;
    case 7:
    case 8:  return meets;
    default: return c->value;
    }
}

static uint64_t argument(struct tuples *tuples, const struct compared *compared, unsigned i)
{
    const unsigned low = 2 * i, high = low + 1;
    uint64_t value = plain(tuples);
    uint32_t how = below(tuples, 16);
    if (compared == NULL || how == 0) {
        return value;
    }
    if (compared->count[low] > 0) {
        /* What an int is: the high half is nobody's, but the filter must say so. */
        uint64_t half = how < 10 ? 0 : how < 12 ? (uint64_t)UINT32_MAX << 32 : value & (uint64_t)UINT32_MAX << 32;
        value = half | near(tuples, compared->list[low], compared->count[low]);
    }
    if (compared->count[high] > 0 && how < 12) {
        uint64_t half = near(tuples, compared->list[high], compared->count[high]);
        value = (value & UINT32_MAX) | half << 32;
    }
    return value;
}

/* ---- numbers ------------------------------------------------------------------- */

/* Sets *compared if the number is one of those whose arguments matter. */
static uint32_t draw_number(struct tuples *tuples, const struct compared **compared)
{
    static const uint32_t edges[] = { X32_BIT - 1, X32_BIT, X32_BIT + 1, X32_BIT + 512, INT32_MAX, 0x80000000,
                                      UINT32_MAX - 1, UINT32_MAX };
    uint32_t how = below(tuples, 16), anything = (uint32_t)next(tuples);
    if (how < 8 && tuples->conditional_count > 0) {
        uint32_t i = below(tuples, tuples->conditional_count);
        *compared = &tuples->conditional[i].compared;
        return tuples->conditional[i].number;
    }
    switch (how) {
    case 15: return anything;
    case 14: return edges[anything % (sizeof edges / sizeof edges[0])];
    case 13: return anything % 2048;
    default: return anything % 512;
    }
}

void tuples_draw(struct tuples *tuples, struct seccomp_data *call)
{
    do {
        const struct compared *compared = NULL;
        uint32_t number = draw_number(tuples, &compared), abi = below(tuples, 32);
        bool foreign = abi == 0 && tuples->int80;
        number |= native == AUDIT_ARCH_X86_64 && abi == 1 ? X32_BIT : 0;
        *call = (struct seccomp_data){ .nr = (int)number, .arch = foreign ? AUDIT_ARCH_I386 : native };
        for (unsigned i = 0; i < 6; i++) {
            call->args[i] = argument(tuples, compared, i);
        }
    } while (instruction_unfiltered(call));
}
