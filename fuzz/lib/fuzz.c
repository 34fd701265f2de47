#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

#define REPEATS 5

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
    fflush(stderr);
    abort();
}

/* Somebody else on the processor can make one run slow, but not each of several. */
int fuzz_run(fuzz_target *target, const uint8_t *data, size_t n)
{
    char *copy = fuzz_copy(data, n);
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < REPEATS; i++) {
        meter_reset();
        target(copy, n);
        if (n <= FUZZ_LIMIT_BYTES) {
            FUZZ_CHECK(meter_heap_peak() <= FUZZ_LIMIT_HEAP, "%zu bytes of input take %zu bytes of heap", n,
                       meter_heap_peak());
        }
        least = meter_cpu_us() < least ? meter_cpu_us() : least;
        if (n > FUZZ_LIMIT_BYTES || least <= METER_LIMIT_US) {
            break;
        }
    }
    if (n <= FUZZ_LIMIT_BYTES) {
        FUZZ_CHECK(least <= METER_LIMIT_US, "%zu bytes of input take %llu us, more than %d", n,
                   (unsigned long long)least, METER_LIMIT_US);
    }
    free(copy);
    return 0;
}
