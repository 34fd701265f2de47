/*
 * Head and tail of streams of every length around the edges, in pieces of every kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/stream.h"

const char program_name[] = "test-stream";

enum { KEEP = REPORT_STREAM_KEEP };

static struct stream s;
static char piece[5 * KEEP], tail[KEEP];

/* Byte n of the stream. */
static char nth(uint64_t n)
{
    return (char)(n % 251 + n / KEEP);
}

static void feed(uint64_t total, size_t step)
{
    stream_reset(&s);
    for (uint64_t at = 0; at < total;) {
        size_t n = total - at < step ? (size_t)(total - at) : step;

        for (size_t i = 0; i < n; i++)
            piece[i] = nth(at + i);
        stream_take(&s, piece, n);
        at += n;
    }
}

static void check(uint64_t total)
{
    uint64_t head = total < KEEP ? total : KEEP, kept = total - head < KEEP ? total - head : KEEP;

    assert_int_equal(s.bytes, total);
    for (uint64_t i = 0; i < head; i++)
        if (s.head[i] != nth(i))
            fail_msg("byte %u of the head", (unsigned)i);
    assert_int_equal(stream_tail(&s, tail), kept);
    for (uint64_t i = 0; i < kept; i++)
        if (tail[i] != nth(total - kept + i))
            fail_msg("byte %u of a tail of %u in %u", (unsigned)i, (unsigned)kept, (unsigned)total);
}

static void lengths(void **state)
{
    static const uint64_t totals[] = {0, 1, KEEP - 1, KEEP, KEEP + 1, 2 * KEEP - 1, 2 * KEEP, 2 * KEEP + 1,
                                      3 * KEEP, 3 * KEEP + 17, 5 * KEEP - 1, 10 * KEEP + 4097};
    static const size_t steps[] = {1, 4096, KEEP - 1, KEEP, KEEP + 1, 3 * KEEP + 5, 5 * KEEP};

    (void)state;
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            feed(totals[i], steps[k]);
            check(totals[i]);
        }
}

static void reading(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    stream_reset(&s);
    assert_int_equal(stream_read(&s, ends[0], 100), 0);
    assert_int_equal(write(ends[1], "0123456789", 10), 10);
    assert_int_equal(stream_read(&s, ends[0], 4), 1);
    assert_int_equal(s.bytes, 4);
    assert_int_equal(stream_read(&s, ends[0], 100), 0);
    close(ends[1]);
    assert_int_equal(stream_read(&s, ends[0], 100), -1);
    assert_int_equal(s.bytes, 10);
    assert_memory_equal(s.head, "0123456789", 10);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lengths), cmocka_unit_test(reading)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
