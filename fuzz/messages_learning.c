/*
 * The front while a policy is learned: its own loop, fed by whoever holds quiesce-learn's end and
 * those of the keepers.  Machine, cgroup and the program that it starts are the harness's.
 *
 * Oracles of its own: a script is started once, the post-script only after a pre-script that has
 * ended well; its course goes forward only; what was learned is valid whenever the front believes it;
 * nothing stays open, neither while it runs nor afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channels.h"
#include "front/learning.h"
#include "front/machine.h"
#include "learning_setting.h"
#include "role.h"
#include "role_wraps.h"
#include "templates.h"

enum { FD_SIGNALS = LEARNING_SIGNALS, FD_SIGNALS_END = 790, FD_NOWHERE = 910 };
enum { PEER_LEARN, PEER_KEEPERS, PEERS = PEER_KEEPERS + PHASES, STARTED_MAX = 8, TIMEOUT_S = 7 };

const char program_name[] = "fuzz-learning";

WRAPPED(int, relay_read, struct relay *relay);

/* The ends of a script's channels that a STARTED brought the others of. */
struct channels {
    ino_t inode; /* of the program's end of the first */
    int report, out, err;
};

static struct world {
    unsigned started_count;
    struct channels started[STARTED_MAX];
    struct channels *of[PHASES]; /* NULL: its keeper has not been taken, or is gone */
    enum learning_state state[PHASES];
    uint32_t learned_count[PHASES];
    unsigned starts[PHASES];
    bool returned;
    int status;
} world;

static const uint8_t allowed[LEARNING_STATES][WIRE_PEERS][MSG_TYPES] = {LEARNING_RULES(ROLE_ALLOWED)};
static struct learning learning;
static struct learned learned[PHASES]; /* large */
static struct msg_hook hooks[PHASES];
static struct policy_plan base;
static FILE *nowhere;

/* There are two courses, each with its own state: check_courses() looks at them. */
static bool follows(unsigned from, unsigned to)
{
    (void)from;
    (void)to;
    return true;
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    template_message(type, body);
    if (type == MSG_STARTED) {
        body->as_MSG_STARTED.slot = step->extra & 2 ? WIRE_SLOT(0, PHASE_POST) : WIRE_SLOT(0, PHASE_PRE);
        body->as_MSG_STARTED.with_cgroup = step->fds == 5;
        body->as_MSG_STARTED.error = step->fds == 0 ? EACCES : 0;
    } else if (type == MSG_LEARNED_CALL) {
        body->as_MSG_LEARNED_CALL.index = step->extra / 2 % 8;
        body->as_MSG_LEARNED_CALL.call = (struct learned_call){
            .number = 59, .answer = step->extra & 64 ? LEARN_KILLED : LEARN_ALLOWED, .count = 3, .names_count = 1, .names = {"sh"}};
    } else if (type == MSG_LEARNED_END) {
        body->as_MSG_LEARNED_END.lost = step->extra / 2 % 4;
    } else if (type == MSG_EXEC_FAILED) {
        body->as_MSG_EXEC_FAILED = (struct msg_exec_failed){START_EXEC, ENOENT};
    } else if (type == MSG_EXITED) {
        body->as_MSG_EXITED.code = step->extra & 2 ? 1 : 0;
        body->as_MSG_EXITED.left = step->extra & 4 ? 1 : 0;
    }
}

/* ---- what it is started with -------------------------------------------------------------- */

static void begin(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* as the program asks for */
    int end;

    (void)sigaction(SIGPIPE, &ignore, NULL);
    for (unsigned i = 0; i < PHASES; i++) {
        memset(&learned[i], 0, offsetof(struct learned, calls) + learned[i].count * sizeof(learned[i].calls[0]));
    }
    memset(&world, 0, sizeof(world));
    learning_setting_begin();
    channel_place(channel_make(false, &end), FD_SIGNALS);
    channel_place(end, FD_SIGNALS_END);
    if (!nowhere) {
        nowhere = fdopen(fcntl(role_null(), F_DUPFD_CLOEXEC, FD_NOWHERE), "w");
        FUZZ_CHECK(nowhere, "no /dev/null");
    }
}

static int learning_main(void)
{
    static char message[512];

    learning_setting.choice = role_choice();
    memcpy(&base, template_plan(DOC_POLICY), sizeof(base));
    base.flags = learning_setting.choice & FORBID_SURVIVORS ? POLICY_FORBID_SURVIVORS : 0;
    memset(&learning, 0, sizeof(learning));
    learning.base = &base;
    learning.timeout_seconds = TIMEOUT_S;
    for (unsigned i = 0; i < PHASES; i++) {
        bool without = (learning_setting.choice & (i == PHASE_PRE ? WITHOUT_PRE : WITHOUT_POST)) != 0;
        memset(&hooks[i], 0, sizeof(hooks[i]));
        learning.courses[i] = (struct course){.hook = without ? NULL : &hooks[i], .script = role_null(), .learned = &learned[i]};
    }
    world.status = learning_run(&learning, message, sizeof(message));
    FUZZ_CHECK(memchr(message, '\0', sizeof(message)) && (world.status == 0 || message[0] != '\0'), "a failure without a word");
    world.returned = true;
    return 0;
}

int __wrap_relay_read(struct relay *relay)
{
    relay->out = nowhere;
    return __real_relay_read(relay);
}

/* ---- the part of quiesce-learn and its keepers ----------------------------------------------- */

static int events_file(bool populated)
{
    const char *text = populated ? "populated 1\nfrozen 0\n" : "populated 0\nfrozen 0\n";
    int fd = channel_out_of_the_way(memfd_create("events", MFD_CLOEXEC));

    if (write(fd, text, strlen(text)) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no events");
    }
    return fd;
}

/* STARTED with descriptors brings channels of its own. */
static bool answer(const struct sequence_step *step)
{
    static union wire_any body;
    struct channels *c = &world.started[world.started_count];
    struct stat facts;

    if (step->kind != STEP_MESSAGE || step->peer % PEERS != PEER_LEARN || step->type != MSG_STARTED || step->longer != 0 ||
        step->header != 0 || (step->fds != 3 && step->fds != 5) || world.started_count == STARTED_MAX || !role_can_send(PEER_LAUNCHER)) {
        return false;
    }
    world.started_count++;
    int fds[5] = {channel_make(true, &c->report), channel_make(false, &c->out), channel_make(false, &c->err),
                  events_file((step->extra & 4) != 0), role_null()};
    FUZZ_CHECK(fstat(fds[0], &facts) == 0, "no socket");
    c->inode = facts.st_ino;
    memset(&body.as_MSG_STARTED, 0, sizeof(body.as_MSG_STARTED));
    fill(MSG_STARTED, step, &body);
    sequence_patch(step, (uint8_t *)&body, sizeof(body.as_MSG_STARTED));
    role_sent(PEER_LAUNCHER, wire_send_now(role_peer_end(PEER_LAUNCHER), MSG_STARTED, &body, fds, step->fds) == 0
                                 ? (int)MSG_STARTED : SEQUENCE_NOT_SENT);
    for (unsigned i = 0; i < 4; i++) {
        close(fds[i]);
    }
    return true;
}

/* Output, its end, signals, last words, time; in the end the program's. */
static void event(const struct sequence_step *step)
{
    static const struct signalfd_siginfo info = {.ssi_signo = SIGTERM};
    static const uint64_t one = 1;
    char text[256];
    struct channels *c = step && world.started_count > 0 ? &world.started[step->fds % world.started_count] : NULL;

    if (step && step->type % 6 == 0) {
        role_time_passes((uint64_t)1 << (step->extra % 43));
        role_late();
    } else if (c && step->type % 6 < 3) {
        memset(text, step->extra, sizeof(text));
        text[step->extra] = '\n';
        (void)!write(step->type % 6 == 1 ? c->out : c->err, text, step->extra + 1u);
    } else if (c && step->type % 6 == 3) {
        close(c->out);
        c->out = -1;
    } else if (step && step->type % 6 == 4) {
        (void)!write(FD_SIGNALS_END, &info, sizeof(info));
    } else if (step && step->extra > 0) {
        (void)!write(learning_setting.log, "last words", step->extra % 11);
    } else if (learning_setting.monitor >= 0 && write(LEARNING_ALIVE, &one, sizeof(one)) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no event");
    }
}

/* ---- oracles --------------------------------------------------------------------------------------- */

/* Whose keepers the program has taken, and whose it has let go. */
static void follow_keepers(unsigned phase)
{
    const struct course *c = &learning.courses[phase];
    struct stat facts;

    if (world.of[phase] && c->keeper < 0) {
        role_peer_gone(PEER_KEEPERS + phase);
        world.of[phase] = NULL;
    }
    if (world.of[phase] || c->keeper < 0 || fstat(c->keeper, &facts) != 0) {
        return;
    }
    for (unsigned i = 0; i < world.started_count; i++) {
        if (world.started[i].inode == facts.st_ino && world.started[i].report >= 0) {
            world.of[phase] = &world.started[i];
            role_peer_made(PEER_KEEPERS + phase, c->keeper, world.started[i].report);
            world.started[i].report = -1;
        }
    }
}

/* By the comments of learned.h. */
static bool call_ok(const struct learned_call *call)
{
    bool ok = call->answer >= 1 && call->answer <= LEARNED_ERRNO_MAX && call->count >= 1 && call->names_count <= LEARNED_NAMES_MAX &&
              call->more_names <= 1;

    for (unsigned i = 0; i < 6; i++) {
        ok = ok && (call->args[i] & call->masks[i]) == call->args[i];
    }
    for (unsigned i = 0; ok && i < call->names_count; i++) {
        ok = memchr(call->names[i], '\0', LEARNED_NAME_MAX) != NULL;
    }
    return ok;
}

/* All but the calls. */
static bool rest_ok(const struct learned *l)
{
    return l->end < LEARNED_ENDS && l->start_step < START_STEPS && l->start_error <= LEARNED_ERRNO_MAX && l->code >= -1 && l->code <= 255 &&
           l->signal <= 64;
}

static void check_course(unsigned phase)
{
    const struct course *c = &learning.courses[phase];
    const struct learned *l = &learned[phase];

    follow_keepers(phase);
    FUZZ_CHECK(c->state >= world.state[phase] && c->state < LEARNING_STATES, "state %u follows state %u", c->state, world.state[phase]);
    FUZZ_CHECK(l->end != LEARNED_SURVIVED || c->ran, "what was not started is said to have left something");
    FUZZ_CHECK(rest_ok(l), "code %d, signal %u, error %u is believed", l->code, l->signal, l->start_error);
    FUZZ_CHECK(l->count >= world.learned_count[phase] && l->count <= world.learned_count[phase] + 64 && l->count <= LEARNED_CALLS_MAX,
               "%u calls were learned", l->count);
    for (unsigned i = l->count > 64 ? l->count - 64 : 0; i < l->count; i++) {
        FUZZ_CHECK(call_ok(&l->calls[i]), "a call that cannot be");
    }
    world.state[phase] = c->state;
    world.learned_count[phase] = l->count;
}

/* Of each script a keeper, its output, what is in its cgroup; signals lie below, the program's pidfd among them. */
static unsigned may_hold(void)
{
    unsigned count = learning_setting.monitor >= 0;

    if (learning_setting.learn >= 0 && learning.learner >= 0) {
        role_peer_made(PEER_LEARN, learning.learner, learning_setting.learn);
        learning_setting.learn = -1;
    }
    for (unsigned i = 0; i < PHASES; i++) {
        const struct course *c = &learning.courses[i];
        check_course(i);
        count += (c->keeper >= 0) + (c->events >= 0) + (c->out.in >= 0) + (c->err.in >= 0);
    }
    return count;
}

static bool ended_well(const struct course *c)
{
    return c->ran && c->exited && c->learned->code == 0 &&
           (c->learned->end == LEARNED_OVER || c->learned->end == LEARNED_SURVIVED);
}

static void heard(enum wire_peer peer, struct wire_packet *packet)
{
    const struct course *pre = &learning.courses[PHASE_PRE];
    uint32_t slot = ((const struct msg_slot *)packet->body)->slot;
    unsigned phase = slot == WIRE_SLOT(0, PHASE_POST) ? PHASE_POST : PHASE_PRE;

    FUZZ_CHECK(peer == PEER_LAUNCHER && slot == WIRE_SLOT(0, phase) && learning.courses[phase].hook, "%s of slot %u",
               wire_name(packet->type), slot);
    if (packet->type == MSG_START) {
        FUZZ_CHECK(world.starts[phase]++ == 0, "a script is started twice");
        FUZZ_CHECK(phase == PHASE_PRE || !pre->hook || ended_well(pre), "a post-script after a pre-script that failed");
    } else {
        FUZZ_CHECK((packet->type == MSG_TERM || packet->type == MSG_KILL) && world.starts[phase] == 1, "%s of what was not started",
                   wire_name(packet->type));
    }
}

/* What quiesce-learn was told: as a launcher is. */
static void check_told(void)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;
    unsigned policies = 0, hooks_told = 0, seals = 0, scripts = 0;

    while (__real_wire_receive(learning_setting.monitor, &buffer, &packet) == 1) {
        FUZZ_CHECK(seals == 0, "%s after SEAL", wire_name(packet.type));
        policies += packet.type == MSG_POLICY;
        hooks_told += packet.type == MSG_HOOK;
        seals += packet.type == MSG_SEAL;
        wire_close(&packet);
    }
    for (unsigned i = 0; i < PHASES; i++) {
        scripts += learning.courses[i].hook != NULL;
    }
    FUZZ_CHECK(policies == 1 && seals == 1 && hooks_told == scripts, "%u policies, %u scripts", policies, hooks_told);
    close(learning_setting.monitor);
}

static void check_end(void)
{
    for (unsigned i = 0; i < PHASES; i++) {
        const struct course *c = &learning.courses[i];
        FUZZ_CHECK(c->keeper < 0 && c->events < 0 && c->out.in < 0 && c->err.in < 0, "a descriptor of a course stays open");
        if (world.status == 0 && c->hook) {
            FUZZ_CHECK(rest_ok(&learned[i]) && learned_valid(&learned[i]), "what was learned cannot be");
        }
    }
    FUZZ_CHECK(fcntl(role_null(), F_DUPFD, FD_SIGNALS + 1) == FD_SIGNALS + 1, "a descriptor stays open");
    close(FD_SIGNALS + 1);
    FUZZ_CHECK(fcntl(role_null(), F_DUPFD, MACHINE_FD_LEAST) == MACHINE_FD_LEAST, "a socket stays open");
}

static void one(const char *bytes, size_t n)
{
    static const struct role_peer peers[PEERS] = {
        {ROLE_MADE_LATER, PEER_LAUNCHER}, {ROLE_MADE_LATER, PEER_KEEPER}, {ROLE_MADE_LATER, PEER_KEEPER}};
    static const struct role_harness harness = {
        .main = learning_main, .peers = peers, .peers_count = PEERS, .first_null = 1, .last_null = 0, .allowed = allowed,
        .fill = fill, .follows = follows, .begin = begin, .event = event, .answer = answer, .heard = heard,
        .may_hold = may_hold, .goes_on = true /* it ends what it has started */, .bursts = true,
    };

    /* Before: a libseccomp that is linked statically may call what is wrapped. */
    (void)template_plan(DOC_POLICY);
    memset(&learning, 0, sizeof(learning));
    role_run(&harness, bytes, n);
    if (world.returned) {
        check_end();
        if (learning_setting.monitor >= 0) {
            check_told();
        }
    }
}

/* A step of eight bytes is a line of output of up to 256, which is printed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run_slow(one, data, size, 4);
}
