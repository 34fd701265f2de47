/*
 * The journal, as "journal show" and "journal verify" read it.
 *
 * What verify lets pass is a chain by a computation of its own here; what is shown without
 * being made safe is what stands in the journal; what is made safe has no control character.
 */
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/journal.h"
#include "fuzz.h"

const char program_name[] = "fuzz-journal";

enum { DIGEST = JOURNAL_DIGEST_MAX - 1 };
static const char start[] = "{\"prev\":\"";

/* How many lines of the journal are whole and name the digest of the one before. */
static unsigned long chained(const char *bytes, size_t n)
{
    char digest[JOURNAL_DIGEST_MAX];
    unsigned long lines = 0;
    const char *end = bytes + n, *newline;

    memset(digest, '0', sizeof(digest));
    for (; bytes < end; bytes = newline + 1) {
        newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t length = newline ? (size_t)(newline - bytes) : 0;
        if (length < sizeof(start) - 1 + DIGEST + 2 || memcmp(bytes, start, sizeof(start) - 1) != 0 ||
            memcmp(bytes + sizeof(start) - 1, digest, DIGEST) != 0 || bytes[sizeof(start) - 1 + DIGEST] != '"' ||
            newline[-1] != '}') {
            break;
        }
        SHA256Data((const uint8_t *)bytes, length, digest);
        lines++;
    }
    return lines;
}

static char *print(FILE *in, unsigned long last, int safe, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);

    rewind(in);
    if (!out || journal_print(in, out, last, safe) != 0 || fclose(out) != 0) {
        fuzz_fail(__FILE__, __LINE__, "the journal cannot be printed");
    }
    return text;
}

static void check_printed(FILE *in, const char *bytes, size_t n)
{
    size_t length;
    char *text = print(in, 0, 0, &length);

    FUZZ_CHECK(length == n + (n > 0 && bytes[n - 1] != '\n') && memcmp(text, bytes, n) == 0,
               "what is shown is not what stands there");
    free(text);
    text = print(in, 0, 1, &length);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        FUZZ_CHECK((c >= 0x20 || c == '\n') && c != 0x7F, "a control character is shown on a terminal");
    }
    free(text);
    free(print(in, 1, 0, &length));
}

static void run(const char *bytes, size_t n)
{
    struct journal_state state;
    FILE *in = n > 0 ? fmemopen((void *)(uintptr_t)bytes, n, "r") : fopen("/dev/null", "re");
    int result;

    if (!in) {
        fuzz_fail(__FILE__, __LINE__, "no stream");
    }
    fuzz_meter_start();
    result = journal_check(in, &state);
    fuzz_meter_stop();
    FUZZ_CHECK(result == 0 || result == 1, "the check returns %d", result);
    FUZZ_CHECK((result == 1) == (state.broken != NULL), "broken, and nothing is");
    FUZZ_CHECK(state.lines <= chained(bytes, n), "%lu lines are said to hold", state.lines);
    FUZZ_CHECK(memchr(state.digest, '\0', sizeof(state.digest)) == state.digest + DIGEST, "a digest of another length");
    if (fuzz_sometimes(bytes, n, 4)) {
        check_printed(in, bytes, n);
    }
    fclose(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
