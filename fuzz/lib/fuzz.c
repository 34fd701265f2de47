#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

#define REPEATS 5
#define HOPELESS 4 /* times the limit in CPU time: nobody else is to blame for that */

bool fuzz_thorough;
const char *fuzz_input_name;

bool fuzz_sometimes(const char *bytes, size_t n, unsigned one_in)
{
    uint32_t hash = (uint32_t)n * 2654435761u;

    for (size_t i = 0, step = n / 16 + 1; i < n; i += step) {
        hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
    }
    return fuzz_thorough || (hash >> 8) % one_in == 0;
}

char *fuzz_copy(const void *bytes, size_t n)
{
    char *copy = malloc(n);

    if (!copy && n > 0) {
        abort();
    }
    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    return copy;
}

_Noreturn void fuzz_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%d: oracle: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (fuzz_input_name) {
        fprintf(stderr, "the input is %s\n", fuzz_input_name);
    }
    fflush(stderr);
    abort();
}

/* Somebody else on the processor can make one run slow, but not each of several. */
int fuzz_run_slow(fuzz_target *target, const uint8_t *data, size_t n, unsigned times)
{
    uint64_t limit_us = (uint64_t)METER_LIMIT_US * times;
    const size_t limit_heap = (size_t)FUZZ_LIMIT_HEAP * times;
    char *copy = fuzz_copy(data, n);
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < REPEATS; i++) {
        meter_reset(i > 0);
        target(copy, n);
        if (n <= FUZZ_LIMIT_BYTES) {
            FUZZ_CHECK(meter_heap_peak() <= limit_heap, "%zu bytes of input take %zu bytes of heap", n,
                       meter_heap_peak());
        }
        least = meter_us() < least ? meter_us() : least;
        if (n > FUZZ_LIMIT_BYTES || least <= limit_us || (i > 0 && least > HOPELESS * limit_us)) {
            break;
        }
    }
    if (n <= FUZZ_LIMIT_BYTES && least > limit_us) {
        limit_us = (uint64_t)((double)limit_us * meter_slowness());
        FUZZ_CHECK(least <= limit_us, "%zu bytes of input take %llu us, more than %llu", n,
                   (unsigned long long)least, (unsigned long long)limit_us);
    }
    free(copy);
    return 0;
}

int fuzz_run(fuzz_target *target, const uint8_t *data, size_t n)
{
    return fuzz_run_slow(target, data, n, 1);
}
