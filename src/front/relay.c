#include "front/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "front/sanitise.h"

enum { RELAYS_MAX = 4 };

/* How much of the line can be printed now: up to its last whole character. */
static size_t whole(const struct relay *r)
{
    size_t begin = r->length;
    for (unsigned back = 0; begin > 0 && back < 4; back++) {
        unsigned char c = (unsigned char)r->line[--begin];
        if ((c & 0xc0) == 0xc0) { /* the first byte of a character of several */
            return begin > 0 ? begin : r->length;
        }
        if ((c & 0x80) == 0) {
            break;
        }
    }
    return r->length;
}

static void print(struct relay *r, size_t length)
{
    sanitise_print(r->out, r->line, length);
    r->length -= length;
    for (size_t i = 0; i < r->length; i++) {
        r->line[i] = r->line[length + i];
    }
}

static void take(struct relay *r, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            print(r, r->length);
            putc('\n', r->out);
            continue;
        }
        if (r->length == sizeof r->line) {
            print(r, whole(r));
        }
        r->line[r->length++] = bytes[i];
    }
}

static void finish(struct relay *r)
{
    if (r->length > 0) {
        print(r, r->length);
        putc('\n', r->out);
    }
    close(r->in);
    r->in = -1;
}

int relay_read(struct relay *r)
{
    char bytes[RELAY_LINE_MAX];
    ssize_t n = read(r->in, bytes, sizeof bytes);
    if (n > 0) {
        take(r, bytes, (size_t)n);
    } else if (n == 0 || errno != EINTR) {
        finish(r);
    }
    return fflush(r->out) == 0 ? 0 : -errno;
}

int relay_all(struct relay *relays, size_t count)
{
    int error = 0;
    bool open = true;
    while (open && error == 0) {
        struct pollfd ends[RELAYS_MAX];
        for (size_t i = 0; i < count && i < RELAYS_MAX; i++) {
            ends[i] = (struct pollfd){ .fd = relays[i].in, .events = POLLIN };
        }
        int ready = poll(ends, count < RELAYS_MAX ? count : RELAYS_MAX, -1);
        open = false;
        for (size_t i = 0; i < count && i < RELAYS_MAX; i++) {
            int status = ready > 0 && ends[i].revents != 0 ? relay_read(&relays[i]) : 0;
            error = error == 0 ? status : error;
            open = open || relays[i].in >= 0;
        }
    }
    for (size_t i = 0; i < count && i < RELAYS_MAX; i++) {
        if (relays[i].in >= 0) {
            close(relays[i].in);
            relays[i].in = -1;
        }
    }
    return error;
}
