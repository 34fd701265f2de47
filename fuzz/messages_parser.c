/*
 * The parser's master: its own main(), fed with messages from the monitor's end.  What its
 * children do with documents the harnesses of documents see; here no child is made.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <unistd.h>

#include "role.h"
#include "role_wraps.h"

enum { FD_MONITOR = 3 };

int role_main(void);
WRAPPED(pid_t, fork, void);
void (*__real_signal(int number, void (*handler)(int)))(int);
void (*__wrap_signal(int number, void (*handler)(int)))(int);
WRAPPED(unsigned, seccomp_api_get, void);

static const uint8_t allowed[PARSER_STATES][WIRE_PEERS][MSG_TYPES] = {PARSER_RULES(ROLE_ALLOWED)};

static bool follows(unsigned from, unsigned to)
{
    return from == PARSER_READY && to == PARSER_READY;
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    if (type == MSG_PARSE) {
        body->as_MSG_PARSE.kind = step->fds == 3 ? DOC_POLICY : step->extra / 2 % DOC_KINDS;
    }
}

/* It keeps nothing of what a PARSE brought. */
static unsigned may_hold(void)
{
    return 0;
}

pid_t __wrap_fork(void)
{
    if (!role_running()) {
        return __real_fork();
    }
    errno = EAGAIN;
    return role_choice() % 16 == 1 ? -1 : 4242;
}

void (*__wrap_signal(int number, void (*handler)(int)))(int)
{
    return role_running() ? SIG_DFL : __real_signal(number, handler);
}

unsigned __wrap_seccomp_api_get(void)
{
    return 5;
}

static void run(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {{FD_MONITOR, PEER_MONITOR}};
    static const struct role_harness harness = {
        .main = role_main, .peers = peers, .peers_count = 1, .first_null = 1, .last_null = 0, .allowed = allowed,
        .fill = fill, .follows = follows, .may_hold = may_hold,
    };

    role_run(&harness, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
