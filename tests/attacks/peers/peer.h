/*
 * peer.h - to stand at the other end of every socket of one role: what somebody can
 * do who has taken the processes that it talks to.
 *
 * The role is the real program, started as the front starts it.  For the monitor
 * there is a file system of the test's own to freeze; as its guardian this process
 * holds the descriptor of it, and thaws it in the end.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/message.h"

enum { SOCKETS_MAX = 5 };

/* Our ends of the monitor's sockets; the other roles have at most the first two. */
enum { TO_FRONT, TO_SUPERVISOR, TO_LAUNCHER, TO_GUARDIAN, TO_PARSER };

struct running {
    pid_t pid;
    int pidfd, log;
    int sockets[SOCKETS_MAX]; /* our ends */
    int held;                 /* as the guardian: descriptor of the frozen file system, or -1 */
    pid_t monitor;            /* of the guardian: who it takes for its monitor, or 0 */
};

struct role_under_test {
    const char *name;
    const struct wire_rule *rules;
    size_t rules_count;
    unsigned states, sockets;
    enum wire_peer peers[SOCKETS_MAX]; /* by socket */
    struct running (*reach)(unsigned state);
};

/* The role of that name; program: the file to execute, mount: for the monitor.
 * Ends the process if there is none. */
const struct role_under_test *peer_role(const char *name, const char *program, const char *mount);

/* Whether the role reads in that state what comes from there: the launcher reads
 * nothing from the supervisor before SEAL. */
bool peer_is_read(const struct role_under_test *role, unsigned state, unsigned socket);

/* Sends a record as it is, with so many copies of a descriptor of /dev/null; not to
 * one that has ended, or whose socket is full because it does not read. */
void peer_send(int socket, const void *bytes, size_t length, unsigned fds);

/*
 * Waits for the end of the role, at most wait_ms, then kills it.  Returns its status
 * as waitpid(2) gives it; text is what it logged.
 */
int peer_end(struct running *r, unsigned sockets, int wait_ms, char *text, size_t capacity);

#endif
