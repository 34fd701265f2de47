/*
 * A supervisor that has been taken over.  It holds sockets to the monitor, the front
 * and the launcher, the report, the journal, and what the launcher sends it of each
 * script that it starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/message.h"
#include "hijack.h"
#include "quiesce/outcome.h"
#include "quiesce/report.h"
#include "supervisor.h"

static struct wire_buffer buffer;
static struct msg_options options;
static struct mount_plan mounts;

_Noreturn void supervisor_end(int status)
{
    (void)syscall(SYS_exit_group, status);
    abort();
}

/* Until somebody ends it. */
static _Noreturn void stay(void)
{
    struct epoll_event event;
    int fd = epoll_create1(0);
    for (;;) {
        (void)epoll_wait(fd, &event, 1, -1);
    }
}

/* Receives until a message of that type has come; false at the end. */
static bool await(int socket, uint32_t type, struct wire_packet *packet)
{
    while (wire_receive(socket, &buffer, packet) == 1) {
        if (packet->type == MSG_ANSWER_MOUNTS) {
            memcpy(&mounts, packet->body, sizeof mounts);
        }
        if (packet->type == type) {
            return true;
        }
        wire_close(packet);
    }
    return false;
}

void supervisor_load(void)
{
    struct wire_packet packet;
    if (await(FRONT, MSG_OPTIONS, &packet)) {
        memcpy(&options, packet.body, sizeof options);
    }
    if (!await(FRONT, MSG_TOPOLOGY, &packet) || !await(MONITOR, MSG_LOADED, &packet)) {
        hijack_say("nothing was loaded");
        supervisor_end(1);
    }
}

/* ---- the launcher ----------------------------------------------------------------------- */

static int start(uint32_t slot, uint32_t attempt, struct wire_packet *packet)
{
    const struct msg_start m = { .slot = slot, .attempt = attempt };
    int error = wire_send(LAUNCHER, MSG_START, &m, NULL, 0);
    if (error != 0 || !await(LAUNCHER, MSG_STARTED, packet)) {
        return EPIPE;
    }
    return (int)((const struct msg_started *)packet->body)->error;
}

/* Every slot there is, several times each, as if nothing had been refused. */
static void start_everything(void)
{
    enum { TIMES = 3 };
    struct wire_packet packet, reports[WIRE_HOOKS_MAX * TIMES];
    unsigned started = 0;
    supervisor_load();
    for (uint32_t attempt = 1; attempt <= TIMES; attempt++) {
        for (uint32_t slot = 0; slot < WIRE_HOOKS_MAX; slot++) {
            int error = start(slot, attempt, &packet);
            hijack_say("slot %u: %s", slot, error == 0 ? "started" : strerrorname_np(error));
            if (error == 0) {
                reports[started++] = packet;
            }
        }
    }
    for (unsigned i = 0; i < started; i++) { /* its keeper's end: it is over */
        while (wire_receive(reports[i].fds[0], &buffer, &packet) == 1) {
            wire_close(&packet);
        }
    }
    supervisor_end(0);
}

/* The first script, which runs when this returns. */
static void start_one(void)
{
    struct wire_packet packet, said;
    supervisor_load();
    int error = start(0, 1, &packet);
    bool runs = error == 0 && await(packet.fds[0], MSG_EXECED, &said);
    hijack_say("%s", runs ? "it runs" : "it does not run");
}

static void start_and_die(void)
{
    start_one();
    supervisor_end(0);
}

static void start_and_hang(void)
{
    start_one();
    stay();
}

HIJACK(start, "start", NULL, start_everything);
HIJACK(die, "die", NULL, start_and_die);
HIJACK(hang, "hang", NULL, start_and_hang);

/* ---- the monitor --------------------------------------------------------------------------- */

/* Freezes the file system of the argument "mount" for "ms".  False: it was not. */
static bool freeze_mount(void)
{
    static struct msg_freeze m = { .count = 1 };
    struct wire_packet packet;
    const char *wanted = hijack_argument("mount", "");
    for (uint32_t i = 0; i < mounts.count; i++) {
        if (strcmp(mounts.text + mounts.entries[i].mount_point, wanted) == 0) {
            m.targets[0].index = i;
        }
    }
    /* Never the first of the table, which may be the root. */
    if (strcmp(mounts.text + mounts.entries[m.targets[0].index].mount_point, wanted) != 0) {
        hijack_say("no such mount");
        supervisor_end(1);
    }
    m.timeout_ms = (uint32_t)hijack_number("ms", 1000);
    (void)wire_send(MONITOR, MSG_FREEZE, &m, NULL, 0);
    return await(MONITOR, MSG_FROZEN, &packet);
}

/* And then nothing: neither THAW nor an answer to anything. */
static void freeze(void)
{
    supervisor_load();
    hijack_say("%s", freeze_mount() ? "answered" : "not answered");
    stay();
}

HIJACK(freeze, "freeze", NULL, freeze);

/* ---- the front -------------------------------------------------------------------------------- */

static void seal_and_say(const struct report *r)
{
    const struct msg_result result = { r->outcome, r->exit_status };
    const int fd = REPORT;
    (void)munmap((void *)(uintptr_t)r, sizeof *r);
    (void)fcntl(REPORT, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    (void)wire_send(FRONT, MSG_RESULT, &result, &fd, 1);
}

/* A report that says that all went well. */
static void forge_result(void)
{
    struct report *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED, REPORT, 0);
    r->version = REPORT_VERSION;
    r->mode = options.mode;
    memcpy(r->run_id, options.run_id, sizeof r->run_id);
    r->finished = 1;
    r->grade = options.mode == MODE_RUN ? GRADE_APPLICATION : GRADE_NONE;
    if (hijack_number("frozen", 0) != 0) {
        r->fs_count = 1;
        r->fs[0].state = FS_THAWED;
    }
    seal_and_say(r);
}

/* "mount": what is frozen indeed; "ready": whether the snapshot command is called;
 * "frozen": what is said of it.  No script is started. */
static void forge(void)
{
    static const struct msg_nothing nothing;
    const struct msg_ready ready = { .frozen = hijack_number("frozen", 0) != 0, .file_systems = 1 };
    struct wire_packet packet;
    supervisor_load();
    bool really = hijack_argument("mount", NULL) != NULL && freeze_mount();
    if (hijack_number("ready", 1) != 0) {
        (void)wire_send(FRONT, MSG_READY, &ready, NULL, 0);
        (void)await(FRONT, MSG_RELEASE, &packet);
    }
    if (really && wire_send(MONITOR, MSG_THAW, &nothing, NULL, 0) == 0) {
        (void)await(MONITOR, MSG_THAWED, &packet);
    }
    forge_result();
    (void)await(FRONT, MSG_OPTIONS, &packet); /* until the front has ended */
    supervisor_end(0);
}

HIJACK(forge, "forge", NULL, forge);

/* ---- the journal --------------------------------------------------------------------------------- */

/* What stands there already. */
static void rewrite(void)
{
    int error = fcntl(JOURNAL, F_SETFL, 0) != 0 ? errno : 0;
    (void)lseek(JOURNAL, 0, SEEK_SET);
    ssize_t n = write(JOURNAL, "{\"prev\":\"forged\"}", 17);
    hijack_say("rewritten: %s, %zd", error == 0 ? "done" : strerrorname_np(error), n);
    supervisor_end(0);
}

/* One more record, of its own making: that it can. */
static void add_record(void)
{
    supervisor_load();
    ssize_t n = write(JOURNAL, "{\"prev\":\"forged\"}\n", 18);
    hijack_say("added %zd", n);
    supervisor_end(0);
}

HIJACK(rewrite, "rewrite", NULL, rewrite);
HIJACK(record, "record", NULL, add_record);
