/*
 * outlet.h - where a run's lines go; no line ever waits for whoever takes it.
 *
 * The front sends the release that ends a freeze.  If it slept in write(2), on a pipe
 * that nobody reads, a terminal that was stopped, a file on what is frozen, everything
 * would stay frozen until the deadline.  So pipes and terminals are opened once more,
 * not to block (the caller's own description, which others share, stays as it is); on
 * sockets each write says so itself; what cannot be written now is kept, within bounds,
 * and goes out later.  Of any other file, a regular one first of all, nobody can say
 * beforehand whether a write to it will sleep: there all is kept until outlet_thawed().
 */
#ifndef QUIESCE_FRONT_OUTLET_H
#define QUIESCE_FRONT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { OUTLET_HELD_MAX = 32768 };

enum outlet_way {
    OUTLET_OPENED, /* through a description of our own, which does not block */
    OUTLET_SOCKET,
    OUTLET_PLAIN,  /* write(2), as nothing is frozen, or nothing to wait for */
    OUTLET_LATER,  /* not before outlet_thawed() */
    OUTLET_NOBODY, /* there is no reader any more */
};

struct outlet {
    int fd;   /* the caller's; not ours to close */
    int own;  /* of OUTLET_OPENED, else -1 */
    enum outlet_way way;
    bool terminal; /* a terminal that can be written without waiting */
    bool closed;
    size_t length; /* of what is kept */
    size_t lost;   /* lines for which there was no room */
    char held[OUTLET_HELD_MAX];
};

/* Looks at what fd is.  freezes: file systems may be frozen from now on. */
void outlet_open(struct outlet *outlet, int fd, bool freezes);

/* Takes whole lines, writes what goes without waiting and keeps the rest, in order. */
void outlet_put(struct outlet *outlet, const char *text, size_t length);

/* Writes text now, or nothing of it or a part, if lines are kept or there is no room. */
void outlet_try(struct outlet *outlet, const char *text, size_t length);

/* Writes more of what is kept. */
void outlet_push(struct outlet *outlet);

/* What to poll for POLLOUT before the next outlet_push(); -1: nothing is kept that could go. */
int outlet_waits(const struct outlet *outlet);

/* Nothing is frozen any more: what was kept of a file goes out. */
void outlet_thawed(struct outlet *outlet);

/* Writes all that is kept, waiting for the reader if need be, and how many lines were lost.
 * What is put afterwards is written at once, and waited for. */
void outlet_close(struct outlet *outlet);

#endif
