/*
 * held_lines.h - the callers of a held session: a fixed number of connections.
 */
#ifndef QUIESCE_FRONT_HELD_LINES_H
#define QUIESCE_FRONT_HELD_LINES_H

#include <stdint.h>
#include <sys/socket.h>

#include "front/held_door.h"
#include "front/held_session.h"

struct held_line {
    int fd; /* -1: free */
    enum held_peer peer;
    struct ucred who;
    uint64_t since_ns;     /* CLOCK_BOOTTIME: when it came, or was told the result */
    enum held_type owed;   /* could not be sent, for it does not read; HELD_NONE: nothing is owed */
};

struct held_lines {
    int epoll;
    struct held_door door;
    bool listening;           /* the door is watched */
    uint64_t listen_again_ns; /* CLOCK_BOOTTIME: when it will be, if it is not; 0: never */
    uint32_t refused;         /* callers who may not talk to us */
    struct held_line lines[HELD_LINES];
};

/* Makes all lines free.  Returns 0 or a negative errno. */
int held_lines_open(struct held_lines *lines);

/* Gives a connection a line, which owns it then.  Returns NULL if none is free. */
struct held_line *held_lines_add(struct held_lines *lines, int fd, enum held_peer peer, const struct ucred *who);

/* Watches the door, or stops doing so. */
void held_lines_listen(struct held_lines *lines, bool on);

/* Accepts one caller.  Returns false if nobody is there, or none can be accepted now; *line: who has a
 * place then, or NULL.  Who may not talk to us is told so.  Where there is no place, of the callers
 * who owe us a word the one that came first loses its own. */
bool held_lines_accept(struct held_lines *lines, const char *run_id, struct held_line **line);

/* When a caller who owes us a word has owed it for too long, CLOCK_BOOTTIME; 0: it owes none. */
uint64_t held_lines_patience(const struct held_line *line);

/* Ends a connection; what was sent still arrives. */
void held_lines_end(struct held_lines *lines, struct held_line *line);

/* Says whether the line is watched for room to send as well. */
void held_lines_watch(const struct held_lines *lines, struct held_line *line, bool room);

#endif
