/*
 * The supervisor: its own main(), fed by whoever holds the ends of the monitor, the front, the
 * launcher and the keepers.  Hooks' output comes through real pipes; clocks are the harness's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/drop.h"
#include "quiesce/report.h"
#include "role.h"
#include "role_wraps.h"
#include "templates.h"

enum { FD_MONITOR = ROLE_FD_CONTROL, FD_FRONT, FD_LAUNCHER, FD_REPORT, FD_JOURNAL_APPEND, FD_JOURNAL_READ };
enum { PEERS = 3, KEEPERS_MAX = 8, FD_KEEPERS = 720, FD_ALIVE = 790, FD_TEXT };

int role_main(void);
void (*__wrap_signal(int number, void (*handler)(int)))(int);
WRAPPED(void *, mmap, void *at, size_t n, int protection, int flags, int fd, off_t offset);
WRAPPED(int, munmap, void *at, size_t n);

/* A keeper's ends, and the hook's. */
struct keeper {
    int report, out, err;
};

static struct world {
    void *report; /* where the program has mapped it; NULL: it has not */
    unsigned keepers_count;
    struct keeper keepers[KEEPERS_MAX];
} world;

static const uint8_t allowed[SUPERVISOR_STATES][WIRE_PEERS][MSG_TYPES] = {SUPERVISOR_RULES(ROLE_ALLOWED)};

/* Forward; but an answer leads back to what was loaded, and a survey once to the freeze. */
static bool follows(unsigned from, unsigned to)
{
    return to >= from || (from == SUPERVISOR_ANSWER && to == SUPERVISOR_LOADING) ||
        ((from == SUPERVISOR_SURVEYED || from == SUPERVISOR_REPLANNING) && to == SUPERVISOR_FREEZING);
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    template_message(type, body);
    if (type == MSG_DOCUMENT) {
        body->as_MSG_DOCUMENT.kind = step->extra / 2 % (DOC_KINDS + 1);
        body->as_MSG_DOCUMENT.plugin = step->extra / 32 == 0 ? UINT32_MAX : step->extra / 32u - 1;
        body->as_MSG_DOCUMENT.answered = step->extra / 16 % 2;
    } else if (type == MSG_STARTED) {
        body->as_MSG_STARTED.slot = step->extra / 2 % WIRE_HOOKS_MAX;
        body->as_MSG_STARTED.with_cgroup = step->fds == 5;
    } else if (type == MSG_FROZEN || type == MSG_THAWED) {
        body->as_MSG_FROZEN.word = step->extra / 2 % 8;
    }
}

/* ---- the launcher's and the keepers' part ------------------------------------------------ */

static int out_of_the_way(int fd)
{
    int other = fcntl(fd, F_DUPFD_CLOEXEC, FD_KEEPERS);

    close(fd);
    return other;
}

/* Both ends of a channel: the program's, to be sent, and ours. */
static int channel(bool socket, int *ours)
{
    int ends[2];

    if ((socket ? socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) : pipe2(ends, O_CLOEXEC | O_NONBLOCK)) != 0) {
        fuzz_fail(__FILE__, __LINE__, "no channel: errno %d", errno);
    }
    *ours = out_of_the_way(ends[1]);
    return out_of_the_way(ends[0]);
}

/* STARTED with descriptors brings channels of its own. */
static void start(const struct sequence_step *step)
{
    static union wire_any body;
    struct msg_started *m = &body.as_MSG_STARTED;
    struct keeper *k = &world.keepers[world.keepers_count++];
    int fds[5] = {channel(true, &k->report), channel(false, &k->out), channel(false, &k->err), FD_ALIVE, FD_TEXT};

    memset(m, 0, sizeof(*m));
    fill(MSG_STARTED, step, &body);
    m->attempt = 1 + step->patches_count; /* patches of it count its attempt */
    role_sent(PEER_LAUNCHER, wire_send_now(role_peer_end(PEER_LAUNCHER), MSG_STARTED, m, fds, step->fds) == 0
                                 ? (int)MSG_STARTED : SEQUENCE_NOT_SENT);
    for (unsigned i = 0; i < 3; i++) {
        close(fds[i]);
    }
}

static bool answer(const struct sequence_step *step)
{
    const unsigned peer = step->peer % (PEERS + 1);

    if (peer == PEERS) {
        if (world.keepers_count > 0) {
            (void)sequence_send(world.keepers[step->peer / (PEERS + 1) % world.keepers_count].report, step, fill, FD_ALIVE);
        }
        return true;
    }
    if (peer == FD_LAUNCHER - FD_MONITOR && step->type == MSG_STARTED && (step->fds == 3 || step->fds == 5) &&
        step->longer == 0 && step->header == 0 && step->kind == STEP_MESSAGE && world.keepers_count < KEEPERS_MAX &&
        role_peer_end(PEER_LAUNCHER) >= 0) {
        start(step);
        return true;
    }
    return false;
}

/* Output, ends of keepers and of their trees, time. */
static void event(const struct sequence_step *step)
{
    static const uint64_t one = 1;
    static char output[256];
    struct keeper *k = step && world.keepers_count > 0 ? &world.keepers[step->fds % world.keepers_count] : NULL;

    if (!step || step->type % 6 == 0) {
        role_time_passes(step ? (uint64_t)1 << (step->extra % 48) : UINT64_C(3600000000000));
    } else if (k && step->type % 6 < 3) {
        memset(output, step->extra, sizeof(output));
        (void)!write(step->type % 6 == 1 ? k->out : k->err, output, step->extra);
    } else if (k && step->type % 6 == 3) {
        close(k->report);
        k->report = -1;
    } else if (k && step->type % 6 == 4) {
        close(k->out);
        close(k->err);
        k->out = k->err = -1;
    } else if (write(FD_ALIVE, &one, sizeof(one)) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no event");
    }
}

/* ---- what it is started with ---------------------------------------------------------------- */

static void begin(void)
{
    static const char text[] = "populated 0\nfrozen 0\n";
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* as the program asks for */
    int report = memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING), fd;

    memset(&world, 0, sizeof(world));
    (void)sigaction(SIGPIPE, &ignore, NULL);
    if (report < 0 || ftruncate(report, sizeof(struct report)) != 0 || dup3(report, FD_REPORT, O_CLOEXEC) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no report");
    }
    close(report);
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)dup3(fd, FD_ALIVE, O_CLOEXEC);
    close(fd);
    fd = memfd_create("text", MFD_CLOEXEC);
    if (write(fd, text, sizeof(text) - 1) < 0 || dup3(fd, FD_TEXT, O_CLOEXEC) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no text");
    }
    close(fd);
}

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    void *map = __real_mmap(at, n, protection, flags, fd, offset);

    if (role_running() && fd == FD_REPORT && map != MAP_FAILED) {
        world.report = map;
    }
    return map;
}

int __wrap_munmap(void *at, size_t n)
{
    if (at == world.report) {
        world.report = NULL;
    }
    return __real_munmap(at, n);
}

void (*__wrap_signal(int number, void (*handler)(int)))(int)
{
    (void)number;
    (void)handler;
    return SIG_DFL;
}

/* Whatever it was told: what it has written is within the report's bounds. */
static void heard(enum wire_peer peer, struct wire_packet *packet)
{
    if (peer == PEER_FRONT && packet->type == MSG_RESULT) {
        struct report *r = __real_mmap(NULL, sizeof(*r), PROT_READ, MAP_PRIVATE, packet->fds[0], 0);
        FUZZ_CHECK(r != MAP_FAILED && report_valid(r, sizeof(*r)), "the report is not valid");
        FUZZ_CHECK(fcntl(packet->fds[0], F_GET_SEALS) & F_SEAL_WRITE, "the report is not sealed");
        __real_munmap(r, sizeof(*r));
    }
}

static void run(const char *bytes, size_t n)
{
    static const struct role_peer peers[PEERS] = {
        {FD_MONITOR, PEER_MONITOR}, {FD_FRONT, PEER_FRONT}, {FD_LAUNCHER, PEER_LAUNCHER}};
    static const struct role_harness harness = {
        .main = role_main, .peers = peers, .peers_count = PEERS, .first_null = FD_REPORT, .last_null = FD_JOURNAL_READ,
        .allowed = allowed, .fill = fill, .follows = follows, .begin = begin, .event = event, .answer = answer,
        .heard = heard, .hand = FD_TEXT,
    };

    role_run(&harness, bytes, n);
    if (world.report) {
        __real_munmap(world.report, sizeof(struct report));
        world.report = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
