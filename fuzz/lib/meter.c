/*
 * Heap is counted in the allocator's own calls, which the linker leads here (--wrap): what
 * our code and cJSON ask for, not what libc asks for itself.
 */
#include "meter.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"

static struct meter {
    bool running;
    clockid_t clock;
    uint64_t begin_ns, spent_ns;
    size_t heap, heap_peak;
} meter;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__real_reallocarray(void *old, size_t count, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_reallocarray(void *old, size_t count, size_t n);
void __wrap_free(void *p);

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0) {
        abort();
    }
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void meter_reset(bool exact)
{
    memset(&meter, 0, sizeof(meter));
    meter.clock = exact ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
}

void fuzz_meter_start(void)
{
    meter.begin_ns = now_ns(meter.clock);
    meter.running = true;
}

void fuzz_meter_stop(void)
{
    meter.running = false;
    meter.spent_ns += now_ns(meter.clock) - meter.begin_ns;
}

double meter_slowness(void)
{
    enum { BLOCKS = 2000, ROUNDS = 8, NOMINAL_US = 170 }; /* where it is quiet */
    static void *blocks[BLOCKS];
    uint64_t begin = now_ns(CLOCK_THREAD_CPUTIME_ID), us;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = __real_malloc(32);
            if (blocks[i]) {
                memset(blocks[i], i, 32);
            }
        }
        for (int i = 0; i < BLOCKS; i++) {
            __real_free(blocks[i]);
        }
    }
    us = (now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / METER_SLOW;
    return us > NOMINAL_US ? (double)us / NOMINAL_US : 1;
}

uint64_t meter_us(void)
{
    return meter.spent_ns / 1000;
}

size_t meter_heap_peak(void)
{
    return meter.heap_peak;
}

static size_t size_of(void *p)
{
    return arena_has(p) ? arena_size(p) : malloc_usable_size(p);
}

static void *came(void *p)
{
    if (meter.running && p) {
        meter.heap += size_of(p);
        if (meter.heap > meter.heap_peak) {
            meter.heap_peak = meter.heap;
        }
    }
    return p;
}

static void goes(size_t n)
{
    if (meter.running) {
        meter.heap -= n < meter.heap ? n : meter.heap;
    }
}

void *__wrap_malloc(size_t n)
{
    void *p = arena_take(n);

    return came(p ? p : __real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
    void *p = n == 0 || count <= SIZE_MAX / n ? arena_take(count * n) : NULL;

    return came(p ? memset(p, 0, count * n) : __real_calloc(count, n));
}

/* It always moves: who kept the old address is found. */
static void *move(void *old, size_t n)
{
    size_t before = size_of(old);
    void *new = arena_take(n);

    new = came(new ? new : __real_malloc(n));
    if (new) {
        memcpy(new, old, before < n ? before : n);
        arena_free(old);
        goes(before);
    }
    return new;
}

/* While it moves both are there. */
void *__wrap_realloc(void *old, size_t n)
{
    size_t before;
    void *new;

    if (!old) {
        return __wrap_malloc(n);
    }
    if (arena_has(old)) {
        return move(old, n);
    }
    before = meter.running ? malloc_usable_size(old) : 0;
    new = came(__real_realloc(old, n));
    if (new) {
        goes(before);
    }
    return new;
}

void *__wrap_reallocarray(void *old, size_t count, size_t n)
{
    if (n > 0 && count > SIZE_MAX / n) {
        return __real_reallocarray(old, count, n); /* which refuses it */
    }
    return __wrap_realloc(old, count * n);
}

void __wrap_free(void *p)
{
    if (!p) {
        return;
    }
    if (meter.running) {
        goes(size_of(p));
    }
    if (arena_has(p)) {
        arena_free(p);
    } else {
        __real_free(p);
    }
}
