/*
 * role.h - one of the programs, fed with a sequence of messages over real socketpairs.
 *
 * The program's own main() runs in this process, with its own dispatch table; the linker
 * leads here (--wrap) what would reach outside of it: the end of the process, waiting,
 * clocks and timers, ioctl(2) and the like.  Between inputs its static variables are zeros
 * again: its objects are linked into one whose .bss has a name (fuzz.mk).
 *
 * Oracles: what is received is what was sent, or refused as malformed if it was that;
 * what the table does not hold ends the program; its states follow each other only as the
 * harness says; and between messages no descriptor is kept that nobody has told of.
 */
#ifndef QUIESCE_FUZZ_ROLE_H
#define QUIESCE_FUZZ_ROLE_H

#include "sequence.h"

/* The table of a receiver as a matrix, from its list in wire.h. */
#define ROLE_ALLOWED(state, peer, type, handler) [state][peer][type] = 1,

enum { ROLE_MADE_LATER = -1 };

struct role_peer {
    int fd; /* where the program expects its socket, or ROLE_MADE_LATER: it makes it, or is given it */
    enum wire_peer peer;
};

enum { ROLE_BURST = 0x80 };

struct role_harness {
    int (*main)(void);
    const struct role_peer *peers;
    unsigned peers_count;
    int first_null, last_null; /* descriptors that are /dev/null; first > last: none */
    const uint8_t (*allowed)[WIRE_PEERS][MSG_TYPES];
    sequence_template *fill;
    /* Whether the program may be in state to when it was in state from at the last message. */
    bool (*follows)(unsigned from, unsigned to);
    /* Before the program begins: lays out what is special.  May be NULL. */
    void (*begin)(void);
    /* A STEP_EVENT, or with NULL the end of the input, after all peers are gone.  May be NULL. */
    void (*event)(const struct sequence_step *step);
    /* What the program said to a peer; descriptors that are taken are set to -1 in the packet.  May be NULL. */
    void (*heard)(enum wire_peer peer, struct wire_packet *packet);
    /* The next message that is due on a socket of the program's own making is sent by the
     * harness: returns true if it did.  May be NULL. */
    bool (*answer)(const struct sequence_step *step);
    /* The same for a STEP_CLOSE: returns true if it was about a socket that is no peer's.  May be NULL. */
    bool (*hang_up)(const struct sequence_step *step);
    int hand; /* the descriptor that goes with messages; 0: /dev/null */
    bool bursts; /* a step with ROLE_BURST in its peer, which is taken out, happens together with the next one */
    bool goes_on; /* what is refused does not end the program, which has more to do */
    /* How many descriptors beyond those of the beginning the program may hold now.  NULL: not looked at. */
    unsigned (*may_hold)(void);
};

/* Runs the program on an input. */
void role_run(const struct role_harness *harness, const char *bytes, size_t n);

/* For what stands in the place of calls that a sanitizer's runtime makes before it is ready. */
#ifdef __clang__
#define ROLE_UNSANITIZED __attribute__((no_sanitize("memory")))
#else
#define ROLE_UNSANITIZED
#endif

/* For wraps of a harness's own: whether the program is running, and a choice that the input makes: 0..255. Choices
 * are the input's bytes from its end, of an input that is not whole units alone; 0 where there is none. */
ROLE_UNSANITIZED bool role_running(void);
uint8_t role_choice(void);

/* The program closes a descriptor: a peer's socket is none any more, though its number may come again. */
void role_closed(int fd);

/* Lets time pass for the program's clocks; timers that are due become readable. */
void role_time_passes(uint64_t ns);

/* The next wait that has an end comes to it. */
void role_late(void);

/* Whether the program has had its turn since the step before this one. */
bool role_at_rest(void);

/* Ends the program as its own _exit() would. */
_Noreturn void role_end(void);

/* For answer(): a message of this type was sent to the program by a peer; or SEQUENCE_... */
void role_sent(enum wire_peer peer, int type);

/* The socket of a peer, by its place in the harness's list, is there from now on: the program's end
 * and ours, which is taken over; or the program has closed its own. */
void role_peer_made(unsigned i, int fd, int end);
void role_peer_gone(unsigned i);

/* Whether a peer is there, and not too much of it unread. */
bool role_can_send(enum wire_peer peer);

/* How many descriptors came with messages that were accepted. */
unsigned role_received_fds(void);

/* A descriptor of /dev/null, to hand on; not to be closed. */
int role_null(void);

/* The harness's end of a peer's socket, or -1. */
int role_peer_end(enum wire_peer peer);

#endif
