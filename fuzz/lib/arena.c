#include "arena.h"

#include <stdint.h>
#include <string.h>

#include "fuzz.h"

#if defined(FUZZ_ENGINE) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA 1
#endif
#endif

#ifdef ARENA

#include <sanitizer/asan_interface.h>

/*
 * Blocks, from the region's beginning to next:
 *
 *   gap (16 bytes, or a quarter of the block before) | struct head | the block, from a multiple of 16
 *
 * Heads are poisoned as gaps are: only the functions here read them.
 */
enum { REGION = 8 * 1024 * 1024, UNIT = 16, GAP_MOST = 2048, FILL_MOST = 4096 };
enum { LIVES = 0x6c697665, FREED = 0x66726565 };

struct head {
    uint64_t size;
    uint64_t state;
};

#define UNCHECKED __attribute__((no_sanitize("address"), noinline))

static _Alignas(4096) char region[REGION];
static size_t next; /* 0: it has never been used */
static unsigned uses, live;
static bool begun;

static size_t round_up(size_t n)
{
    return (n + UNIT - 1) / UNIT * UNIT;
}

UNCHECKED static struct head read_head(const void *p)
{
    return *(const struct head *)((uintptr_t)p - sizeof(struct head));
}

UNCHECKED static void write_head(const void *p, uint64_t size, uint64_t state)
{
    struct head *head = (struct head *)((uintptr_t)p - sizeof(struct head));

    head->size = size;
    head->state = state;
}

void fuzz_arena_begin(void)
{
    if (next == 0) {
        __asan_poison_memory_region(region, REGION);
    }
    next = UNIT;
    uses++;
    live = 0;
    begun = true;
}

void fuzz_arena_end(void)
{
    begun = false;
    FUZZ_CHECK(live == 0, "%u blocks of memory are left behind", live);
}

void *arena_take(size_t n)
{
    size_t gap = n / 4 < GAP_MOST ? round_up(n / 4 + 1) : GAP_MOST;
    char *p = region + next + sizeof(struct head);

    if (!begun || n > REGION || next + sizeof(struct head) + round_up(n) + gap > REGION) {
        return NULL;
    }
    write_head(p, n, LIVES);
    __asan_unpoison_memory_region(p, n);
    memset(p, uses & 1 ? 0xBE : 0x5A, n < FILL_MOST ? n : FILL_MOST);
    next += sizeof(struct head) + round_up(n) + gap;
    live++;
    return p;
}

bool arena_has(const void *p)
{
    return (uintptr_t)p - (uintptr_t)region < REGION;
}

size_t arena_size(const void *p)
{
    return read_head(p).size;
}

void arena_free(void *p)
{
    const struct head head = read_head(p);

    FUZZ_CHECK(head.state != FREED, "a block is freed twice");
    FUZZ_CHECK(head.state == LIVES, "what is freed is no block");
    write_head(p, head.size, FREED);
    __asan_poison_memory_region(p, head.size);
    live--;
}

#else

void fuzz_arena_begin(void)
{
}

void fuzz_arena_end(void)
{
}

void *arena_take(size_t n)
{
    (void)n;
    return NULL;
}

bool arena_has(const void *p)
{
    (void)p;
    return false;
}

size_t arena_size(const void *p)
{
    (void)p;
    return 0;
}

void arena_free(void *p)
{
    (void)p;
}

#endif
