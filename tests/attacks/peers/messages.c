/*
 * messages place ROLE PROGRAM [MOUNT]   every state of a role times every peer times
 *     every message type, sent to the real program.  A message that the receiver's
 *     table (wire.h) does not hold must end the role with status 70 and "out of
 *     place"; one that it holds must not be called out of place.
 * messages shape ROLE PROGRAM [MOUNT]   in every state by every peer a record that is
 *     one byte short, one byte long, or brings descriptors that it should not: the
 *     role must end with status 70 and "malformed".
 *
 * Prints one line as the attack suite's programs do; the attack is "ROLE-place" or
 * "ROLE-shape".  It has succeeded as soon as one record was taken.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "peer.h"

const char program_name[] = "messages";

enum { WAIT_MS = 5000 };

/* What is sent: as it should be, or wrong in one way. */
enum flaw { NO_FLAW, SHORT, LONG, MORE_FDS, FLAWS };

/* What became of one record. */
enum verdict { REFUSED, TAKEN, WRONGLY_REFUSED };

struct one_case {
    const struct role_under_test *role;
    unsigned state, socket;
    uint32_t type;
    enum flaw flaw;
};

static enum verdict judge(const struct one_case *c, int status, const char *text)
{
    bool refused = WIFEXITED(status) && WEXITSTATUS(status) == 70;
    if (c->flaw != NO_FLAW) {
        return refused && strstr(text, "malformed") != NULL ? REFUSED : TAKEN;
    }
    bool misplaced = refused && strstr(text, "out of place") != NULL;
    const struct role_under_test *role = c->role;
    if (wire_find(role->rules, role->rules_count, c->state, role->peers[c->socket], c->type) >= 0) {
        return misplaced || !WIFEXITED(status) ? WRONGLY_REFUSED : REFUSED;
    }
    return misplaced ? REFUSED : TAKEN;
}

static enum verdict run_case(const struct one_case *c)
{
    static struct {
        struct wire_header header;
        char body[WIRE_BODY_MAX + 1];
    } record;
    /* How many descriptors each type takes at least. */
    static const unsigned fds[MSG_TYPES] = {
#define X(name, body, min, max) [name] = min,
        WIRE_MESSAGES(X)
#undef X
    };
    char text[512];
    struct running r = c->role->reach(c->state);
    if (c->type == MSG_REQUEST && c->state == MONITOR_START && c->socket == TO_FRONT && c->role->sockets > TO_PARSER) {
        (void)shutdown(r.sockets[TO_PARSER], SHUT_RDWR); /* it must not wait for an answer of ours */
    }
    memset(&record, 0, sizeof record);
    record.header = (struct wire_header){ c->type, (uint32_t)wire_length(c->type) };
    size_t length = sizeof record.header + record.header.length;
    length += c->flaw == LONG ? 1 : 0;
    length -= c->flaw == SHORT ? 1 : 0;
    peer_send(r.sockets[c->socket], &record, length, fds[c->type] + (c->flaw == MORE_FDS ? 6 : 0));
    if (c->flaw == NO_FLAW) { /* what is accepted is followed by what ends every role */
        peer_send(r.sockets[c->socket], &record, 2, 0);
    }
    int status = peer_end(&r, c->role->sockets, WAIT_MS, text, sizeof text);
    enum verdict verdict = judge(c, status, text);
    if (verdict != REFUSED) {
        fprintf(stderr, "state %u, peer %u, %s, flaw %d: status %x, said: %s\n", c->state, c->role->peers[c->socket],
                wire_name(c->type), (int)c->flaw, (unsigned)status, text);
    }
    return verdict;
}

/* All records of one state and peer; the first verdict that is not REFUSED. */
static enum verdict run_cases(struct one_case *c, bool place, unsigned *cases)
{
    enum verdict verdict = REFUSED;
    c->flaw = NO_FLAW;
    for (c->type = MSG_NONE + 1; place && verdict == REFUSED && c->type < MSG_TYPES; c->type++, ++*cases) {
        verdict = run_case(c);
    }
    c->type = MSG_START;
    for (c->flaw = SHORT; !place && verdict == REFUSED && c->flaw < FLAWS; c->flaw++, ++*cases) {
        verdict = run_case(c);
    }
    return verdict;
}

int main(int argc, char **argv)
{
    enum verdict verdict = REFUSED;
    unsigned cases = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: messages place|shape guardian|parser|launcher|monitor PROGRAM [MOUNT]\n");
        return 2;
    }
    struct one_case c = { .role = peer_role(argv[2], argv[3], argc > 4 ? argv[4] : NULL) };
    for (c.state = 0; verdict == REFUSED && c.state < c.role->states; c.state++) {
        for (c.socket = 0; verdict == REFUSED && c.socket < c.role->sockets; c.socket++) {
            if (peer_is_read(c.role, c.state, c.socket)) {
                verdict = run_cases(&c, strcmp(argv[1], "place") == 0, &cases);
            }
        }
    }
    if (verdict == WRONGLY_REFUSED || cases == 0) {
        return 1;
    }
    printf("%s-%s %s %u records\n", argv[2], argv[1], verdict == REFUSED ? "contained" : "succeeded", cases);
    return 0;
}
