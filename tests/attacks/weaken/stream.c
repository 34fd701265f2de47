/*
 * What a hook prints: all of it is kept ("keep-all"); it is read until there is no
 * more, whatever else waits ("read-on").
 */
#include "weaken.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/stream.h"

WRAP(stream_read);

enum { CHUNK = 65536 };

/* As somebody does who wants to print it in the end: nothing of it is ever freed. */
static int keep(struct stream *s, int fd)
{
    char *bytes = malloc(CHUNK);
    ssize_t got = bytes == NULL ? -1 : read(fd, bytes, CHUNK);
    if (got > 0) {
        stream_take(s, bytes, (size_t)got);
        return 1;
    }
    return got < 0 && errno == EAGAIN ? 0 : -1;
}

/* 0 if there is nothing now, which is true of a hook that floods only once it has ended. */
static int read_on(struct stream *s, int fd)
{
    int more;
    do {
        more = __real_stream_read(s, fd, CHUNK);
    } while (more > 0 || (more == 0 && s->bytes > CHUNK));
    return more;
}

int __wrap_stream_read(struct stream *s, int fd, size_t limit)
{
    return weakened("keep-all") ? keep(s, fd) : weakened("read-on") ? read_on(s, fd) : __real_stream_read(s, fd, limit);
}
