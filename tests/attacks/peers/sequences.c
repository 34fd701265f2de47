/*
 * sequences ROLE PROGRAM COUNT [MOUNT]: COUNT runs of a role, each with a sequence of
 * records by one of its peers, in any of its states.  The generator's seed is the
 * run's number: types mostly of its table, in any order, repeated, with bodies of
 * zeros, small numbers, noise or all of these, at times of another length or with
 * other descriptors than they should.
 *
 * However it is treated, the role answers, or ends by itself with status 70 or 0;
 * a signal, of its filter's too, or no end at all is the attacker's success.
 * Prints one line as the attack suite's programs do, for the attack "ROLE-sequences".
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"

const char program_name[] = "sequences";

enum { WAIT_MS = 5000, READ_MS = 20, RECORDS_MAX = 6 };

struct record {
    struct wire_header header;
    unsigned char body[WIRE_BODY_MAX + 1];
};

/* xorshift64*, Vigna 2016; the same on every machine. */
static uint64_t noise(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static uint32_t below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(noise(state) >> 32) % bound;
}

/* Zeros, small numbers, noise, or of both. */
static void fill(uint64_t *state, unsigned char *body, size_t length)
{
    enum { ZEROS, SMALL, NOISE, BOTH, KINDS = 8 }; /* mostly of both */
    uint32_t kind = below(state, KINDS);
    memset(body, 0, length);
    for (size_t at = 0; kind != ZEROS && at + sizeof(uint32_t) <= length; at += sizeof(uint32_t)) {
        bool small = kind == SMALL || (kind >= BOTH && below(state, 2) > 0);
        uint32_t word = small ? below(state, 4) : (uint32_t)noise(state);
        memcpy(body + at, &word, sizeof word);
    }
}

/* One whose receiver takes its sender at its word: the launcher believes the monitor,
 * which has checked every bound, what a hook contains; not what a policy does. */
static bool believed(const struct role_under_test *role, unsigned socket, uint32_t type)
{
    return strcmp(role->name, "launcher") == 0 && role->peers[socket] == PEER_MONITOR && type != MSG_POLICY;
}

/* A type that the role takes from this peer, or from another one, or does not know. */
static uint32_t any_type(uint64_t *state, const struct role_under_test *role, unsigned socket)
{
    uint32_t how = below(state, 8), first = below(state, (uint32_t)role->rules_count);
    for (size_t i = 0; how > 3 && i < role->rules_count; i++) {
        const struct wire_rule *rule = &role->rules[(first + i) % role->rules_count];
        if (rule->peer == role->peers[socket]) {
            return rule->type;
        }
    }
    return how > 0 ? role->rules[first].type : 1 + below(state, MSG_TYPES - 1);
}

static void send_one(uint64_t *state, const struct role_under_test *role, const struct running *r, unsigned socket)
{
    static struct record record;
    static const unsigned fds[MSG_TYPES] = {
#define X(name, body, min, max) [name] = min,
        WIRE_MESSAGES(X)
#undef X
    };
    uint32_t type = any_type(state, role, socket);
    record.header = (struct wire_header){ type, (uint32_t)wire_length(type) };
    size_t length = sizeof record.header + record.header.length;
    if (believed(role, socket, type)) {
        memset(record.body, 0, record.header.length);
    } else {
        fill(state, record.body, record.header.length);
    }
    switch (below(state, 16)) {
    case 0: length = below(state, (uint32_t)length); break;
    case 1: length++; break;
    case 2: record.header.length = (uint32_t)noise(state); break;
    default: break;
    }
    peer_send(r->sockets[socket], &record, length, below(state, 16) == 0 ? below(state, 6) : fds[type]);
}

/* What ends every role: a record of one byte behind all that was sent, and the end of
 * the file behind that.  The monitor may be waiting for an answer of the parser's
 * first, of which there is none. */
static void end_it(const struct role_under_test *role, struct running *r, unsigned socket)
{
    struct pollfd ended = { r->pidfd, POLLIN, 0 };
    peer_send(r->sockets[socket], "x", 1, 0);
    (void)shutdown(r->sockets[socket], SHUT_WR);
    if (r->monitor > 0) {
        (void)kill(r->monitor, SIGKILL); /* a record of no bytes is an end of file: the guardian waits for this */
    }
    if (role->sockets > TO_PARSER && poll(&ended, 1, READ_MS) != 1) {
        close(r->sockets[TO_PARSER]); /* with it what the answer would come by */
        r->sockets[TO_PARSER] = -1;
    }
}

/* Who has taken one of the processes that the role talks to. */
static bool run(const struct role_under_test *role, uint64_t seed)
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u;
    char text[512];
    unsigned in = below(&state, role->states), socket = below(&state, role->sockets);
    socket = peer_is_read(role, in, socket) ? socket : 0;
    struct running r = role->reach(in);
    for (uint32_t left = 1 + below(&state, RECORDS_MAX); left > 0; left--) {
        send_one(&state, role, &r, socket);
    }
    end_it(role, &r, socket);
    int status = peer_end(&r, role->sockets, WAIT_MS, text, sizeof text);
    bool good = WIFEXITED(status) && (WEXITSTATUS(status) == 70 || WEXITSTATUS(status) == 0);
    if (!good) {
        fprintf(stderr, "seed %llu: status %x, said: %s\n", (unsigned long long)seed, (unsigned)status, text);
    }
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: sequences guardian|parser|launcher|monitor PROGRAM COUNT [MOUNT]\n");
        return 2;
    }
    const struct role_under_test *role = peer_role(argv[1], argv[2], argc > 4 ? argv[4] : NULL);
    uint64_t count = strtoull(argv[3], NULL, 10), seed = 1;
    while (seed <= count && run(role, seed)) {
        seed++;
    }
    printf("%s-sequences %s %llu sequences\n", argv[1], seed > count ? "contained" : "succeeded",
           (unsigned long long)(seed > count ? count : seed));
    return count == 0;
}
