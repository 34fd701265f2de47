/*
 * A structure-aware mutator as a library for AFL++: AFL_CUSTOM_MUTATOR_LIBRARY.
 *
 * AFL++ calls afl_custom_*(), which hand the input on to LLVMFuzzerCustomMutator() of
 * fuzz/mutate_KIND.c; what that asks of its engine is LLVMFuzzerMutate(), below.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define FOR_AFL __attribute__((visibility("default")))

struct mutator {
    uint64_t random;
    uint8_t *room;
    size_t capacity;
};

/* AFL++'s interface. */
FOR_AFL void *afl_custom_init(void *afl, unsigned seed);
FOR_AFL size_t afl_custom_fuzz(void *data, uint8_t *in, size_t in_size, uint8_t **out, uint8_t *other, size_t other_size,
                               size_t max_size);
FOR_AFL void afl_custom_deinit(void *data);

static struct mutator *current; /* whose random numbers LLVMFuzzerMutate() takes */

static unsigned choose(struct mutator *m, size_t bound)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (unsigned)((m->random >> 11) % bound);
}

/* Takes size - from bytes of what stands at from to at; room is for max_size. */
static size_t move(uint8_t *data, size_t size, size_t from, size_t at)
{
    memmove(data + at, data + from, size - from);
    return size - from + at;
}

/*
 * One small mutation of any bytes: data holds size bytes and has room for max_size.
 * Returns the new size; AFL++'s own mutations are many more, and run beside these.
 */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    static const uint8_t bytes[] = {0, 1, 0x7F, 0x80, 0xFF, ' ', '\n', '"', '0', '/', '='};
    struct mutator *m = current;
    unsigned kind = size > 0 ? choose(m, 5) : 4;
    size_t at = choose(m, size + (kind == 4)), n;

    switch (kind) {
    case 0:
        data[at] ^= (uint8_t)(1u << choose(m, 8));
        return size;
    case 1:
        data[at] = bytes[choose(m, sizeof(bytes))];
        return size;
    case 2:
        data[at] = (uint8_t)(data[at] + 1 + choose(m, 35) - 18);
        return size;
    case 3: /* a piece is taken out */
        n = 1 + choose(m, size - at < 16 ? size - at : 16);
        return move(data, size, at + n, at);
    default: /* a byte is put in */
        if (size == max_size) {
            return size;
        }
        (void)move(data, size, at, at + 1);
        data[at] = choose(m, 2) ? bytes[choose(m, sizeof(bytes))] : (uint8_t)choose(m, 256);
        return size + 1;
    }
}

void *afl_custom_init(void *afl, unsigned seed)
{
    struct mutator *m = calloc(1, sizeof(*m));

    (void)afl;
    if (m) {
        m->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    }
    return m;
}

/* Changes a copy of in, which *out is set to; other, a second input, is left to AFL++'s splicing. Returns its size,
 * at most max_size; 0, which AFL++ passes over, if there is no memory. */
size_t afl_custom_fuzz(void *data, uint8_t *in, size_t in_size, uint8_t **out, uint8_t *other, size_t other_size,
                       size_t max_size)
{
    struct mutator *m = data;
    size_t size = in_size < max_size ? in_size : max_size;

    (void)other;
    (void)other_size;
    if (m->capacity < max_size) {
        free(m->room);
        m->room = malloc(max_size);
        m->capacity = m->room ? max_size : 0;
    }
    *out = m->room;
    if (!m->room) {
        return 0;
    }
    memcpy(m->room, in, size);
    current = m;
    return LLVMFuzzerCustomMutator(m->room, size, max_size, choose(m, UINT32_MAX));
}

void afl_custom_deinit(void *data)
{
    struct mutator *m = data;

    free(m->room);
    free(m);
}
