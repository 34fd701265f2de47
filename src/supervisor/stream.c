/*
 * stream.c - what a script prints: the head and the tail are kept, all is counted.
 */
#include "stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { KEEP = REPORT_STREAM_KEEP };

void stream_take(struct stream *s, const char *bytes, size_t n)
{
    if (s->bytes < KEEP) {
        size_t room = KEEP - (size_t)s->bytes, part = n < room ? n : room;

        memcpy(s->head + s->bytes, bytes, part);
        s->bytes += part;
        bytes += part;
        n -= part;
    }
    if (n > KEEP) { /* only the last of it can stay */
        s->bytes += n - KEEP;
        bytes += n - KEEP;
        n = KEEP;
    }
    while (n > 0) {
        size_t at = (size_t)(s->bytes % KEEP), part = n < KEEP - at ? n : KEEP - at;

        memcpy(s->tail + at, bytes, part);
        s->bytes += part;
        bytes += part;
        n -= part;
    }
}

size_t stream_tail(const struct stream *s, char *out)
{
    size_t at, end;

    if (s->bytes <= KEEP)
        return 0;
    at = (size_t)(s->bytes % KEEP);
    if (s->bytes <= 2ull * KEEP) {
        end = at == 0 ? KEEP : at; /* never went round */
        memcpy(out, s->tail, end);
        return end;
    }
    memcpy(out, s->tail + at, KEEP - at);
    memcpy(out + KEEP - at, s->tail, at);
    return KEEP;
}

int stream_read(struct stream *s, int fd, size_t limit)
{
    static char chunk[KEEP];

    while (limit > 0) {
        ssize_t n = read(fd, chunk, limit < sizeof(chunk) ? limit : sizeof(chunk));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n <= 0)
            return -1;
        stream_take(s, chunk, (size_t)n);
        limit -= (size_t)n;
    }
    return 1;
}

void stream_reset(struct stream *s)
{
    s->bytes = 0;
}
