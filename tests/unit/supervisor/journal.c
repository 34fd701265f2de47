/*
 * The chain: each record carries the digest of the line before, whatever its length,
 * and a torn line does not break it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/report.h"
#include "supervisor/journal.h"

const char program_name[] = "test-journal";

static int append, readable;
static struct report *r;

static int begin(void **state)
{
    char path[] = "/tmp/quiesce-test-journal-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    append = open(path, O_WRONLY | O_APPEND);
    readable = open(path, O_RDONLY);
    unlink(path);
    close(fd);
    r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    r->version = REPORT_VERSION;
    memset(r->run_id, 'a', WIRE_RUN_ID_MAX - 1);
    r->message = report_text_add_string(r, "two\nlines");
    r->documents_count = 1;
    r->documents[0] = (struct report_document){.kind = DOC_PLUGIN, .present = 1, .sha256 = {0xab, 1}};
    return r == MAP_FAILED || append < 0 || readable < 0;
}

static int end(void **state)
{
    (void)state;
    munmap(r, sizeof(*r));
    close(append);
    close(readable);
    return 0;
}

static char *content(void)
{
    off_t size = lseek(readable, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);

    assert_int_equal(pread(readable, text, (size_t)size, 0), size);
    return text;
}

/* Checks prev of the line at *at against the line before it; moves to the next. */
static void check_line(char **at, const char **before, size_t *before_length)
{
    char digest[65], expected[80];
    char *stop = strchr(*at, '\n');
    cJSON *record;

    assert_non_null(stop);
    if (*before)
        SHA256Data((const uint8_t *)*before, *before_length, digest);
    else
        memset(digest, '0', 64);
    digest[64] = '\0';
    snprintf(expected, sizeof(expected), "{\"prev\":\"%s\"", digest);
    assert_memory_equal(*at, expected, strlen(expected));
    record = cJSON_ParseWithLength(*at, (size_t)(stop - *at));
    assert_non_null(record);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(record, "message")->valuestring, "two\nlines");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(record, "documents")), 1);
    cJSON_Delete(record);
    *before = *at;
    *before_length = (size_t)(stop - *at);
    *at = stop + 1;
}

static void chain(void **state)
{
    const char *before = NULL;
    size_t length = 0;
    char *text, *at;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(journal_append(append, readable, r), 0);
    at = text = content();
    for (int i = 0; i < 5; i++)
        check_line(&at, &before, &length);
    assert_int_equal(*at, '\0');
    free(text);
}

/* A line around and far above the size of what is read at a time. */
static void long_lines(void **state)
{
    static const size_t sizes[] = {65534, 65535, 65536, 65537, 131071, 131072, 131073, 1000000};
    static char line[1000001];

    (void)state;
    memset(line, 'x', sizeof(line));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char digest[65], expected[65];
        bool torn;

        assert_int_equal(write(append, line, sizes[i]), (ssize_t)sizes[i]);
        assert_int_equal(write(append, "\n", 1), 1);
        assert_int_equal(journal_last(readable, digest, &torn), 0);
        SHA256Data((const uint8_t *)line, sizes[i], expected);
        assert_string_equal(digest, expected);
        assert_false(torn);
    }
}

static void torn_line(void **state)
{
    char digest[65], expected[65];
    char *text, *second;
    bool torn;

    (void)state;
    assert_int_equal(journal_append(append, readable, r), 0);
    assert_int_equal(write(append, "{\"prev\":\"tor", 12), 12);
    assert_int_equal(journal_last(readable, digest, &torn), 0);
    assert_true(torn);
    SHA256Data((const uint8_t *)"{\"prev\":\"tor", 12, expected);
    assert_string_equal(digest, expected);
    assert_int_equal(journal_append(append, readable, r), 0);
    text = content();
    second = strstr(text, "{\"prev\":\"tor\n");
    assert_non_null(second);
    assert_memory_equal(second + 13, "{\"prev\":\"", 9);
    assert_memory_equal(second + 22, expected, 64);
    free(text);
}

static void failures(void **state)
{
    char digest[65];
    bool torn;
    int full = open("/dev/full", O_WRONLY);

    (void)state;
    assert_int_equal(journal_append(full, readable, r), -ENOSPC);
    close(full);
    assert_int_equal(journal_last(-1, digest, &torn), -EBADF);
    assert_int_equal(journal_append(readable, readable, r), -EBADF);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {T(chain), T(long_lines), T(torn_line), T(failures)};
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
