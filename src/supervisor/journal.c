/*
 * journal.c - one line of JSON per run, each tied to the one before.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/report_json.h"

enum { CHUNK = 65536 };

/* Where the line that ends in front of end begins.  Negative: an errno. */
static off_t line_start(int fd, off_t end)
{
    static char chunk[CHUNK];

    while (end > 0) {
        off_t from = end > CHUNK ? end - CHUNK : 0;
        ssize_t n = pread(fd, chunk, (size_t)(end - from), from);

        if (n != end - from)
            return n < 0 ? -errno : -EIO;
        while (n > 0)
            if (chunk[--n] == '\n')
                return from + n + 1;
        end = from;
    }
    return 0;
}

int journal_last(int read, char digest[65], bool *torn)
{
    static uint8_t chunk[CHUNK];
    uint8_t bytes[SHA256_DIGEST_LENGTH];
    off_t size = lseek(read, 0, SEEK_END), at;
    SHA2_CTX context;
    char last;

    *torn = false;
    memset(digest, '0', 64);
    digest[64] = '\0';
    if (size <= 0)
        return size < 0 ? -errno : 0;
    if (pread(read, &last, 1, size - 1) != 1)
        return -EIO;
    *torn = last != '\n';
    if (!*torn)
        size--;
    at = line_start(read, size);
    if (at < 0)
        return (int)at;
    SHA256Init(&context);
    while (at < size) {
        ssize_t n = pread(read, chunk, size - at < CHUNK ? (size_t)(size - at) : CHUNK, at);

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        SHA256Update(&context, chunk, (size_t)n);
        at += n;
    }
    SHA256Final(bytes, &context);
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

/* The record's line with both line feeds it may need: [\n]{...}\n */
static char *make_line(const struct report *r, const char *digest, bool torn, size_t *length)
{
    cJSON *record = report_run_json(r), *documents = report_documents_json(r);
    cJSON *prev = cJSON_CreateString(digest);
    char *text = NULL, *line = NULL;

    if (!record || !prev || !documents)
        goto out;
    if (!cJSON_AddItemToObject(record, "documents", documents))
        goto out;
    documents = NULL;
    /* In front: cJSON has no call for that on an object that puts a name to it. */
    if (!cJSON_AddItemToObject(record, "prev", prev))
        goto out;
    cJSON_DetachItemViaPointer(record, prev);
    if (!cJSON_InsertItemInArray(record, 0, prev))
        goto out;
    prev = NULL;
    text = cJSON_PrintUnformatted(record);
    if (!text)
        goto out;
    *length = strlen(text) + 1 + (torn ? 1 : 0);
    line = malloc(*length + 1);
    if (line)
        snprintf(line, *length + 1, "%s%s\n", torn ? "\n" : "", text);
out:
    cJSON_free(text);
    cJSON_Delete(prev);
    cJSON_Delete(documents);
    cJSON_Delete(record);
    return line;
}

/* Room for a whole record, so that none is written in part.  Where a file system
 * cannot promise it, the write shows.  Not ftruncate(2) afterwards: who
 * may do that can take away the records of the past as well. */
static int reserve(int append, int read, size_t length)
{
    off_t end = lseek(read, 0, SEEK_END);

    if (end < 0)
        return -errno;
    if (fallocate(append, FALLOC_FL_KEEP_SIZE, end, (off_t)length) == 0)
        return 0;
    return errno == ENOSPC || errno == EDQUOT ? -errno : 0;
}

int journal_append(int append, int read, const struct report *r)
{
    char digest[65];
    size_t length = 0;
    bool torn;
    ssize_t n;
    char *line;
    int error = journal_last(read, digest, &torn);

    if (error != 0)
        return error;
    line = make_line(r, digest, torn, &length);
    if (!line)
        return -ENOMEM;
    error = reserve(append, read, length);
    if (error == 0) {
        n = write(append, line, length);
        error = n == (ssize_t)length ? 0 : n < 0 ? -errno : -ENOSPC;
    }
    free(line);
    return error;
}
