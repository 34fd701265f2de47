/*
 * Who may say what, when: every state, sender and type, against the list in wire.h
 * written out once more by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/run.h"

const char program_name[] = "test-dispatch";

struct allowed {
    enum supervisor_state state;
    enum wire_peer peer;
    uint32_t first, last; /* types */
};

static const struct allowed table[] = {
    {SUPERVISOR_START, PEER_FRONT, MSG_OPTIONS, MSG_OPTIONS},
    {SUPERVISOR_LOADING, PEER_FRONT, MSG_TOPOLOGY, MSG_TOPOLOGY},
    {SUPERVISOR_LOADING, PEER_MONITOR, MSG_DOCUMENT, MSG_DOCUMENT},
    {SUPERVISOR_LOADING, PEER_MONITOR, MSG_LOADED, MSG_LOADED},
    {SUPERVISOR_ANSWER, PEER_MONITOR, MSG_ANSWER_HOST, MSG_ANSWER_MOUNTS},
    {SUPERVISOR_PRE, PEER_LAUNCHER, MSG_STARTED, MSG_STARTED},
    {SUPERVISOR_PRE, PEER_KEEPER, MSG_EXECED, MSG_EXITED},
    {SUPERVISOR_FREEZING, PEER_MONITOR, MSG_FROZEN, MSG_FROZEN},
    {SUPERVISOR_FREEZING, PEER_MONITOR, MSG_DOCUMENT, MSG_DOCUMENT},
    {SUPERVISOR_FREEZING, PEER_KEEPER, MSG_DENIED, MSG_LIMITED},
    {SUPERVISOR_SURVEYED, PEER_MONITOR, MSG_ANSWER_MOUNTS, MSG_ANSWER_MOUNTS},
    {SUPERVISOR_SURVEYED, PEER_KEEPER, MSG_DENIED, MSG_LIMITED},
    {SUPERVISOR_REPLANNING, PEER_FRONT, MSG_TOPOLOGY, MSG_TOPOLOGY},
    {SUPERVISOR_REPLANNING, PEER_KEEPER, MSG_DENIED, MSG_LIMITED},
    {SUPERVISOR_SNAPSHOT, PEER_FRONT, MSG_RELEASE, MSG_RELEASE},
    {SUPERVISOR_SNAPSHOT, PEER_MONITOR, MSG_THAWED, MSG_THAWED},
    {SUPERVISOR_SNAPSHOT, PEER_KEEPER, MSG_DENIED, MSG_LIMITED},
    {SUPERVISOR_THAWING, PEER_MONITOR, MSG_THAWED, MSG_THAWED},
    {SUPERVISOR_THAWING, PEER_FRONT, MSG_RELEASE, MSG_RELEASE},
    {SUPERVISOR_THAWING, PEER_KEEPER, MSG_DENIED, MSG_LIMITED},
    {SUPERVISOR_POST, PEER_FRONT, MSG_RELEASE, MSG_RELEASE},
    {SUPERVISOR_POST, PEER_LAUNCHER, MSG_STARTED, MSG_STARTED},
    {SUPERVISOR_POST, PEER_KEEPER, MSG_EXECED, MSG_EXITED},
};

static int is_allowed(unsigned state, unsigned peer, uint32_t type)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].state == state && table[i].peer == peer && type >= table[i].first && type <= table[i].last)
            return 1;
    return 0;
}

static void every_message(void **unused)
{
    unsigned allowed = 0;

    (void)unused;
    for (unsigned state = 0; state <= SUPERVISOR_STATES; state++)
        for (unsigned peer = 0; peer <= WIRE_PEERS; peer++)
            for (uint32_t type = 0; type <= MSG_TYPES + 1; type++) {
                int found = run_rule((enum supervisor_state)state, (enum wire_peer)peer, type) >= 0;

                if (found != is_allowed(state, peer, type))
                    fail_msg("state %u, sender %u, %s: %s", state, peer, wire_name(type), found ? "taken" : "refused");
                allowed += (unsigned)found;
            }
    assert_int_equal(allowed, 49);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_message)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
