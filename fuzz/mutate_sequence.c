/*
 * Mutations of sequences (fuzz/lib/sequence.h) that keep them sequences: steps put in, taken
 * out, doubled and exchanged, lengths off by one, descriptors more or fewer, values at bounds.
 * A third of the time the engine's own mutations are used instead.
 */
#include <string.h>

#include "sequence.h"

enum { STEPS_MAX = 256, VALUES_OF = 4 };

struct editor {
    uint8_t *data;
    size_t size, max_size;
    uint64_t random;
    unsigned count;
    size_t at[STEPS_MAX + 1]; /* where each step begins; the last: where they end */
};

static const uint32_t values[] = {
    0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 511, 512, 1000, 1799, 1800, 1801, 2047,
    2048, 2049, 4095, 4096, 8192, 16384, 60000, 65535, 65536, 1800000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
    0x2F2F2F2F, 0x61616161,
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

/* Where a field is likely to begin. */
static const uint32_t offsets[] = {0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 33, 34, 35, 36, 40, 44, 48, 64, 128, 256, 4096};
enum { OFFSETS = sizeof(offsets) / sizeof(offsets[0]) };

static unsigned choose(struct editor *e, unsigned bound)
{
    e->random ^= e->random << 13;
    e->random ^= e->random >> 7;
    e->random ^= e->random << 17;
    return (unsigned)((e->random >> 11) % bound);
}

static void read_steps(struct editor *e)
{
    struct sequence s = {e->data, e->data + e->size};
    struct sequence_step step;

    e->count = 0;
    e->at[0] = 0;
    while (e->count < STEPS_MAX && sequence_next(&s, &step)) {
        e->at[++e->count] = (size_t)(s.at - e->data);
    }
}

static bool replace(struct editor *e, size_t begin, size_t end, const void *new, size_t n)
{
    if (e->size - (end - begin) + n > e->max_size) {
        return false;
    }
    memmove(e->data + begin + n, e->data + end, e->size - end);
    memcpy(e->data + begin, new, n);
    e->size += n - (end - begin);
    return true;
}

typedef bool mutation(struct editor *e);

static bool insert_step(struct editor *e)
{
    uint8_t step[SEQUENCE_UNIT] = {0};
    unsigned kind = choose(e, 16);
    size_t at = e->at[choose(e, e->count + 1)];

    step[0] = (uint8_t)(kind < 11 ? STEP_MESSAGE : kind < 14 ? STEP_EVENT : kind < 15 ? STEP_CLOSE : STEP_RAW);
    step[1] = (uint8_t)choose(e, 8);
    step[2] = step[0] == STEP_MESSAGE ? sequence_type_byte(1 + choose(e, MSG_TYPES)) : (uint8_t)choose(e, 8);
    step[3] = (uint8_t)(choose(e, 3) == 0 ? 1 + choose(e, 5) : 0);
    step[7] = (uint8_t)(choose(e, 2) == 0 ? choose(e, 256) & ~1u : 0);
    return replace(e, at, at, step, sizeof(step));
}

static bool delete_step(struct editor *e)
{
    unsigned i = choose(e, e->count);

    return replace(e, e->at[i], e->at[i + 1], "", 0);
}

static bool copy_step(struct editor *e)
{
    uint8_t step[(SEQUENCE_PATCHES_MAX + 1) * SEQUENCE_UNIT];
    unsigned i = choose(e, e->count), to = choose(e, 2) ? i : choose(e, e->count + 1);
    size_t n = e->at[i + 1] - e->at[i];

    memcpy(step, e->data + e->at[i], n);
    return replace(e, e->at[to], e->at[to], step, n);
}

/* Two neighbours. */
static bool exchange_steps(struct editor *e)
{
    uint8_t first[(SEQUENCE_PATCHES_MAX + 1) * SEQUENCE_UNIT];
    unsigned i = choose(e, e->count);
    size_t n;

    if (i + 1 >= e->count) {
        return false;
    }
    n = e->at[i + 1] - e->at[i];
    memcpy(first, e->data + e->at[i], n);
    memmove(e->data + e->at[i], e->data + e->at[i + 1], e->at[i + 2] - e->at[i + 1]);
    memcpy(e->data + e->at[i + 2] - n, first, n);
    return true;
}

static bool cut_behind(struct editor *e)
{
    e->size = e->at[1 + choose(e, e->count)];
    return true;
}

static bool change_head(struct editor *e)
{
    static const int8_t lengths[] = {-8, -4, -1, 1, 4, 8};
    uint8_t *step = e->data + e->at[choose(e, e->count)];

    switch (choose(e, 6)) {
    case 0:
        step[1] = (uint8_t)choose(e, 32);
        return true;
    case 1:
        step[2] = step[0] % STEP_KINDS == STEP_MESSAGE ? sequence_type_byte(choose(e, MSG_TYPES + 1)) : (uint8_t)choose(e, 8);
        return true;
    case 2:
        step[3] = (uint8_t)(choose(e, 2) ? choose(e, 6) : 60 + choose(e, 12));
        return true;
    case 3:
        step[4] = (uint8_t)lengths[choose(e, sizeof(lengths))];
        return true;
    case 4:
        step[5] = (uint8_t)lengths[choose(e, sizeof(lengths))];
        return true;
    default:
        step[7] = (uint8_t)choose(e, 256);
        return true;
    }
}

/* One more patch, of a field that is likely to be one. */
static bool add_patch(struct editor *e)
{
    static const uint8_t widths[VALUES_OF] = {1, 2, 4, 4};
    size_t at = e->at[choose(e, e->count)];
    uint32_t value = choose(e, 4) ? values[choose(e, VALUES)] : choose(e, 65536);
    uint32_t offset = choose(e, 3) ? offsets[choose(e, OFFSETS)] : choose(e, 1u << 18) & ~3u;
    uint8_t unit[SEQUENCE_UNIT] = {(uint8_t)offset, (uint8_t)(offset >> 8), (uint8_t)(offset >> 16),
                                   choose(e, 16) ? widths[choose(e, VALUES_OF)] : (uint8_t)(9 + choose(e, 6)),
                                   (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

    if (e->data[at + 6] % (SEQUENCE_PATCHES_MAX + 1) == SEQUENCE_PATCHES_MAX ||
        !replace(e, at + SEQUENCE_UNIT, at + SEQUENCE_UNIT, unit, sizeof(unit))) {
        return false;
    }
    e->data[at + 6] = (uint8_t)(e->data[at + 6] % (SEQUENCE_PATCHES_MAX + 1) + 1);
    return true;
}

/* The value of a patch becomes its neighbour or another of the list: bounds are a step away from each other. */
static bool change_patch(struct editor *e)
{
    unsigned i = choose(e, e->count), patches = (unsigned)((e->at[i + 1] - e->at[i]) / SEQUENCE_UNIT) - 1;
    uint8_t *at;
    uint32_t value;

    if (patches == 0) {
        return false;
    }
    at = e->data + e->at[i] + (size_t)(1 + choose(e, patches)) * SEQUENCE_UNIT + 4;
    memcpy(&value, at, sizeof(value));
    value = choose(e, 2) ? value + 1 - 2 * choose(e, 2) : values[choose(e, VALUES)];
    memcpy(at, &value, sizeof(value));
    return true;
}

/* Where bytes are left over behind the last whole step, they choose what the world does. */
static bool add_choices(struct editor *e)
{
    uint8_t bytes[SEQUENCE_UNIT];
    size_t n = 1 + choose(e, sizeof(bytes) - 1);

    n += (e->size + n) % SEQUENCE_UNIT == 0; /* that would be a step */
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)choose(e, 256);
    }
    return replace(e, e->size, e->size, bytes, n);
}

static mutation *const mutations[] = {
    insert_step, insert_step, delete_step, copy_step, exchange_steps, cut_behind, change_head, change_head, add_patch,
    add_patch, add_patch, change_patch, change_patch, add_choices,
};
enum { MUTATIONS = sizeof(mutations) / sizeof(mutations[0]), TRIES = 8, ROUNDS = 4 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct editor e; /* large */
    unsigned rounds;

    e.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    if (choose(&e, 3) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    e.data = data;
    e.size = size;
    e.max_size = max_size;
    rounds = 1 + choose(&e, ROUNDS);
    for (unsigned done = 0, tries = 0; done < rounds && tries < TRIES; tries++) {
        read_steps(&e);
        done += e.count > 0 ? mutations[choose(&e, MUTATIONS)](&e) : insert_step(&e);
    }
    return e.size;
}
