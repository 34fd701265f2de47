/*
 * fuzz.h - what every harness shares: exact copies, limits of time and memory, verdicts.
 *
 * A harness is one file with one LLVMFuzzerTestOneInput(), which calls fuzz_run().
 * Nothing here prints unless something is wrong.
 */
#ifndef QUIESCE_FUZZ_H
#define QUIESCE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The engines call these; each harness defines the first, some the second. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* the engine's own */

/* What is promised of every input of at most so many bytes: CPU time and heap. */
enum { FUZZ_LIMIT_BYTES = 65536, FUZZ_LIMIT_US = 10000, FUZZ_LIMIT_HEAP = 4 * 1024 * 1024 };

/*
 * What a harness does with one input: bytes is a heap copy of exactly n bytes, so that a
 * sanitizer sees a read beyond it.  May be called again with the same input.
 */
typedef void fuzz_target(const char *bytes, size_t n);

/* Copies the input, runs the target, and holds what ran between fuzz_meter_start() and
 * fuzz_meter_stop() to the limits.  Returns 0, as LLVMFuzzerTestOneInput() does. */
int fuzz_run(fuzz_target *target, const uint8_t *data, size_t n);

/* The same for a target that may take so many times the limits, and says why. */
int fuzz_run_slow(fuzz_target *target, const uint8_t *data, size_t n, unsigned times);

/* Around the code of the program: oracles are not measured. */
void fuzz_meter_start(void);
void fuzz_meter_stop(void);

/*
 * Whether this input is one of about one in so many that are looked at more closely.
 * Depends on the bytes alone, so that a finding can be found again; always true in the
 * replay programs.
 */
bool fuzz_sometimes(const char *bytes, size_t n, unsigned one_in);

/* Set by the replay programs; the name of the input, NULL: not known. */
extern bool fuzz_thorough;
extern const char *fuzz_input_name;

/* A heap copy of exactly n bytes; the caller frees it. */
char *fuzz_copy(const void *bytes, size_t n);

/* Ends the process as a crash, after saying what is wrong. */
_Noreturn void fuzz_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* An oracle: what must hold, and what to say if it does not. */
#define FUZZ_CHECK(condition, ...)                             \
    do {                                                       \
        if (!(condition)) {                                    \
            fuzz_fail(__FILE__, __LINE__, __VA_ARGS__);        \
        }                                                      \
    } while (0)

#endif
