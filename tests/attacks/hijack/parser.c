/*
 * A parser that has been taken over: the master itself, which sees every document of
 * a run and may answer each as it likes; and the child of one document.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/message.h"
#include "hijack.h"
#include "mutate.h"
#include "parser/document.h"

enum { FD_MONITOR = ROLE_FD_CONTROL, DOCUMENT = 0, ANSWER = 1 };

static struct wire_buffer buffer;
static union document_plan plan;

/* ---- answering ---------------------------------------------------------------------- */

static struct msg_parse asked;

/* What an honest parser would say, in the master: nobody keeps it from reading. */
static void parse(const struct wire_packet *packet)
{
    struct stat st = { 0 };
    int error = fstat(packet->fds[DOCUMENT], &st);
    size_t size = (size_t)st.st_size;
    const void *bytes = "";
    memcpy(&asked, packet->body, sizeof asked);
    if (error == 0 && size > 0) {
        bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, packet->fds[DOCUMENT], 0);
    }
    if (bytes == MAP_FAILED) {
        bytes = "";
        size = 0;
    }
    if (hijack_number("tell", 0) != 0) {
        hijack_say("kind %u: %.*s", asked.kind, (int)(size < 64 ? size : 64), (const char *)bytes);
    }
    document_parse((enum document_kind)asked.kind, asked.argument, bytes, size, NULL, 0, &plan);
}

static uint64_t count; /* of the documents so far */

/* One document: a copy of the master, as ever, for libseccomp's sake, whose socket pair
 * has to take the numbers 0 and 1. */
static void answer(const struct wire_packet *packet, void (*spoil)(void))
{
    count++;
    if (fork() != 0) {
        return;
    }
    (void)close(ROLE_FD_NULL_IN);
    (void)close(ROLE_FD_NULL_OUT);
    parse(packet);
    spoil();
    (void)wire_send(packet->fds[ANSWER], WIRE_ANSWER(asked.kind), &plan, NULL, 0);
    _exit(0);
}

/* Answers every document after spoil has had the answer, until the monitor is gone. */
static void serve(void (*spoil)(void))
{
    struct wire_packet packet;
    while (wire_receive(FD_MONITOR, &buffer, &packet) == 1) {
        answer(&packet, spoil);
        wire_close(&packet);
    }
}

static void leave_as_it_is(void)
{
}

/* "ENDLESS": over the whole member, without a NUL.  "LONG": as long as fits. */
static void set_path(char to[PLAN_PATH_MAX], const char *value)
{
    size_t length = strlen(value);
    bool fill = strcmp(value, "ENDLESS") == 0 || strcmp(value, "LONG") == 0;
    memset(to, fill ? '/' : 0, PLAN_PATH_MAX);
    if (!fill && length < PLAN_PATH_MAX) {
        memcpy(to, value, length);
    }
    to[PLAN_PATH_MAX - 1] = value[0] == 'E' ? '/' : '\0';
}

/* ---- a plan that names what it should not ----------------------------------------------- */

/* A script of the attacker's choice, a policy, a user, a variable; a configuration
 * instead of the host's. */
static void spoil_names(void)
{
    static struct plugin_plan *const p = &plan.plugin;
    const char *value;
    if (asked.kind == DOC_PLUGIN && (value = hijack_argument("script", NULL)) != NULL) {
        set_path(p->scripts[PHASE_PRE].path, value);
    }
    if (asked.kind == DOC_PLUGIN && (value = hijack_argument("policy", NULL)) != NULL) {
        set_path(p->policy, value);
    }
    if (asked.kind == DOC_PLUGIN && (value = hijack_argument("variable", NULL)) != NULL) {
        size_t length = strlen(value) + 1;
        memcpy(p->env + p->env_length, value, length);
        p->env_length += (uint32_t)length;
        p->env_count++;
    }
    if (asked.kind == DOC_HOST && (value = hijack_argument("config", NULL)) != NULL) {
        set_path(plan.host.plugins[0].config_path, value);
    }
}

static void names(void)
{
    serve(spoil_names);
    _exit(0);
}

/* ---- plans spoiled at random ---------------------------------------------------------------- */

static void spoil_random(void)
{
    static const uint32_t counts[] = { 1, 1, 1, 2, 3, 8 };
    /* In one run answers of some kinds only, so that what follows is reached. */
    mutate_seed(hijack_number("seed", 1));
    uint32_t kinds = 1u << mutate_below(DOC_KINDS) | mutate_below(2) << mutate_below(DOC_KINDS);
    if ((kinds >> asked.kind & 1) == 0) {
        return;
    }
    mutate_seed(hijack_number("seed", 1) << 16 | count);
    if ((asked.kind == DOC_PLUGIN || asked.kind == DOC_POLICY) && mutate_below(3) != 0) {
        return; /* where any of them is wrong no script runs */
    }
    if (asked.kind == DOC_PLUGIN && mutate_below(2) == 0) { /* what the attacker is after, and nothing else */
        set_path(plan.plugin.scripts[mutate_below(PHASES)].path, mutate_path());
    } else {
        mutate_plan((enum document_kind)asked.kind, &plan, counts[mutate_below(sizeof counts / sizeof counts[0])]);
    }
    /* Nothing is frozen and nothing takes long, so that there is time for many. */
    if (asked.kind == DOC_PLUGIN) {
        plan.plugin.freeze = 0;
        plan.plugin.timeout_seconds = plan.plugin.timeout_seconds > 1 && plan.plugin.timeout_seconds <= PLAN_TIMEOUT_MAX
            ? 1 : plan.plugin.timeout_seconds;
        plan.plugin.grace_seconds = plan.plugin.grace_seconds <= PLAN_GRACE_MAX ? 0 : plan.plugin.grace_seconds;
        plan.plugin.scripts[PHASE_PRE].retries &= 1;
        plan.plugin.scripts[PHASE_POST].retries &= 1;
    }
}

static void at_random(void)
{
    serve(spoil_random);
    _exit(0);
}

/* ---- more than the protocol ------------------------------------------------------------------- */

/* Instead of an answer about a plugin a message of another type, with as many
 * descriptors as any takes. */
static void descriptors(void)
{
    struct wire_packet packet;
    static const struct msg_guard guard = { 0, WIRE_FDS_MAX };
    int fds[WIRE_FDS_MAX];
    for (unsigned i = 0; i < WIRE_FDS_MAX; i++) {
        fds[i] = FD_MONITOR;
    }
    while (wire_receive(FD_MONITOR, &buffer, &packet) == 1) {
        if (buffer.body.as_MSG_PARSE.kind == DOC_PLUGIN) {
            int error = wire_send(packet.fds[ANSWER], MSG_GUARD, &guard, fds, WIRE_FDS_MAX);
            hijack_say("sent %s", error == 0 ? "all" : strerrorname_np(-error));
        } else {
            answer(&packet, leave_as_it_is);
        }
        wire_close(&packet);
    }
    _exit(0);
}

/* A request to freeze, as if it were the supervisor. */
static void freeze(void)
{
    static const struct msg_freeze request = { .count = 1, .timeout_ms = 1000 };
    (void)wire_send(FD_MONITOR, MSG_FREEZE, &request, NULL, 0);
    serve(spoil_names);
    _exit(0);
}

/* ---- not ending ---------------------------------------------------------------------------------- */

/* Nobody wakes it: the socket's end is asleep, and a signal must come from outside. */
static _Noreturn void stay_for_ever(void)
{
    uint32_t never = 0;
    for (;;) {
        (void)syscall(SYS_futex, &never, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
    }
}

static void stay(void)
{
    if (fork() == 0) {
        stay_for_ever(); /* and forget who made it */
    }
    serve(leave_as_it_is);
    stay_for_ever();
}

/* A child that writes to the log as fast as it can, beside an honest master. */
static void flood(void)
{
    static const char line[] = "quiesce-monitor: all is well\nx\nx\nx\nx\nx\nx\nx\nx\n";
    if (fork() != 0) {
        return;
    }
    for (;;) {
        if (write(ROLE_FD_LOG, line, sizeof line - 1) < 0) {
            stay_for_ever();
        }
    }
}

/* Of the mount table it says what it should, of what follows nothing. */
static void deaf(void)
{
    struct wire_packet packet;
    if (wire_receive(FD_MONITOR, &buffer, &packet) == 1) {
        answer(&packet, leave_as_it_is);
    }
    stay_for_ever();
}

HIJACK(names, "names", NULL, names);
HIJACK(plans, "plans", NULL, at_random);
HIJACK(descriptors, "descriptors", NULL, descriptors);
HIJACK(parser_freeze, "parser-freeze", NULL, freeze);
HIJACK(parser_stay, "parser-stay", NULL, stay);
HIJACK(flood, "flood", NULL, flood);
HIJACK(deaf, "deaf", NULL, deaf);

/* ---- the child of one document ---------------------------------------------------------------------- */

WRAP(document_parse);

static bool child_taken; /* by the document that it reads */

static void take_child(void)
{
    child_taken = true;
}

/* What it holds beside the log, the document and the answer's socket; whether it can
 * make a process, reach the monitor, or be more than one answer. */
static void attack_from_child(enum document_kind kind)
{
    struct stat st;
    static const struct msg_freeze request = { .count = 1, .timeout_ms = 1000 };
    unsigned held = 0;
    for (int fd = 0; fd < 128; fd++) {
        held += fstat(fd, &st) == 0;
    }
    /* The log, the document, the socket; of a policy perhaps its compiled form. */
    hijack_say("child-descriptors %s %u", held > (kind == DOC_POLICY ? 4u : 3u) ? "succeeded" : "contained", held);
    pid_t pid = fork();
    if (pid == 0) {
        (void)syscall(SYS_exit_group, 0);
    }
    hijack_say("child-process %s %s", pid > 0 ? "succeeded" : "contained", pid > 0 ? "" : strerrorname_np(errno));
    int error = -wire_send(FD_MONITOR, MSG_FREEZE, &request, NULL, 0);
    hijack_say("child-socket %s %s", error == 0 ? "succeeded" : "contained", error == 0 ? "" : strerrorname_np(error));
}

void __wrap_document_parse(enum document_kind kind, const char *argument, const char *bytes, size_t n,
                           const void *compiled, size_t compiled_size, void *plan_out)
{
    if (child_taken) {
        attack_from_child(kind);
    }
    __real_document_parse(kind, argument, bytes, n, compiled, compiled_size, plan_out);
}

HIJACK(child, "child", take_child, NULL);
