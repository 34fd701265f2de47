/*
 * stream.h - what a script prints: the head and the tail are kept, all is counted.
 */
#ifndef QUIESCE_STREAM_H
#define QUIESCE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quiesce/report.h"

struct stream {
    uint64_t bytes; /* all that came */
    char head[REPORT_STREAM_KEEP];
    char tail[REPORT_STREAM_KEEP]; /* ring: byte n of the stream, n >= KEEP, lies at n % KEEP */
};

/* Takes in n bytes.  Memory is touched only where bytes come to lie. */
void stream_take(struct stream *s, const char *bytes, size_t n);

/*
 * The kept end that the head does not hold, in order.
 *   out  REPORT_STREAM_KEEP bytes
 * Returns how many there are: 0 while everything fits the head.
 */
size_t stream_tail(const struct stream *s, char *out);

/*
 * Reads from fd, which must not block, at most limit bytes.
 * Returns 1 if there may be more now, 0 if there is nothing now, -1 at the end
 * of the file or an error: nothing will come any more.
 */
int stream_read(struct stream *s, int fd, size_t limit);

/* Makes the stream empty again. */
void stream_reset(struct stream *s);

#endif
