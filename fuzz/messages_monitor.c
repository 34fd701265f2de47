/*
 * The monitor: its own main(), fed with messages from all its sockets and with parsers' answers.
 *
 * Files, mounts, freezes and threads are the harness's: what they do is chosen by the input.
 * Oracles of its own: nothing is thawed that was not frozen, or frozen twice; when the program
 * ends without the guardian's help being due, what it froze is thawed.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mount.h"
#include "base/walk.h"
#include "quiesce/record.h"
#include "role.h"
#include "role_workers.h"
#include "role_wraps.h"
#include "templates.h"

enum { FD_FRONT = 3, FD_SUPERVISOR, FD_LAUNCHER, FD_GUARDIAN, FD_PARSER, FD_ROOT, FD_RECORD = 13 };
enum { ANSWERS_MAX = 64 };

int role_main(void);
int __wrap_ioctl(int fd, unsigned long request, ...);
WRAPPED(struct run_record *, record_map, int fd);
WRAPPED(unsigned, alarm, unsigned seconds);
WRAPPED(int, syncfs, int fd);
WRAPPED(bool, mounts_changed, int mountinfo);
WRAPPED(int, mount_open, int root, const char *path, uint32_t mount_id);
WRAPPED(int, walk_copy, int root, uint32_t kind, const char *path, struct walk_result *result);
WRAPPED(int, sealed_copy, int fd, size_t limit, struct walk_result *result);

static struct run_record record; /* large */

static struct world {
    int answers[ANSWERS_MAX];
    unsigned answers_count;
} world;

static const uint8_t allowed[MONITOR_STATES][WIRE_PEERS][MSG_TYPES] = {MONITOR_RULES(ROLE_ALLOWED)};

/* START -> READY -> FREEZING -> FROZEN -> THAWED; a freeze that fails goes from anywhere to THAWED. */
static bool follows(unsigned from, unsigned to)
{
    return to == from || to == from + 1 || (from >= MONITOR_READY && to > from);
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    (void)step;
    template_message(type, body);
}

static void begin(void)
{
    memset(&record, 0, sizeof(record));
    memset(&world, 0, sizeof(world));
    role_workers_reset();
}

/* ---- the parser's part ------------------------------------------------------------------ */

static void heard(enum wire_peer peer, struct wire_packet *packet)
{
    if (peer == PEER_PARSER && packet->type == MSG_PARSE && world.answers_count < ANSWERS_MAX) {
        world.answers[world.answers_count++] = packet->fds[1];
        packet->fds[1] = -1;
    }
}

/* A message from the parser is the answer to what was asked first; type 0: it dies. */
static bool answer(const struct sequence_step *step)
{
    int socket;

    if (step->peer % 5 != FD_PARSER - FD_FRONT || world.answers_count == 0) {
        return false;
    }
    socket = world.answers[0];
    memmove(world.answers, world.answers + 1, --world.answers_count * sizeof(world.answers[0]));
    if (step->type != 0) {
        (void)sequence_send(socket, step, fill, role_null());
    }
    close(socket);
    return true;
}

/* ---- what happens ------------------------------------------------------------------------------ */

/* Workers that end, time that passes, a parser that takes too long. */
static void event(const struct sequence_step *step)
{
    if (!step || step->type % 4 == 0) {
        for (unsigned n = step ? step->extra % 8 : PLAN_FS_MAX; n > 0 && role_workers_busy() > 0; n--) {
            role_workers_work(step ? step->fds % role_workers_busy() : 0);
        }
        if (!step) {
            role_time_passes(UINT64_C(3600000000000));
        }
    } else if (step->type % 4 == 1) {
        role_time_passes((uint64_t)1 << (step->extra % 48));
    } else if (step->type % 4 == 2) {
        role_late();
    } else {
        record.fs[step->extra].state = FS_THAWED; /* the guardian was there first */
    }
}

/* ---- files, mounts, freezes ------------------------------------------------------------------ */

static int copy_or_not(struct walk_result *result)
{
    uint8_t choice = role_choice() % 32;

    memset(result, 0, sizeof(*result));
    if (choice >= WALK_VERDICTS) {
        choice = WALK_OK;
    }
    result->verdict = choice;
    if (choice != WALK_OK) {
        memcpy(result->component, "/etc", sizeof("/etc"));
        return -1;
    }
    return dup(role_null());
}

int __wrap_walk_copy(int root, uint32_t kind, const char *path, struct walk_result *result)
{
    FUZZ_CHECK(root == FD_ROOT && kind <= DOC_KINDS && memchr(path, '\0', PLAN_PATH_MAX), "a walk of no path");
    return copy_or_not(result);
}

int __wrap_sealed_copy(int fd, size_t limit, struct walk_result *result)
{
    (void)fd;
    (void)limit;
    return copy_or_not(result);
}

bool __wrap_mounts_changed(int mountinfo)
{
    (void)mountinfo;
    return role_choice() % 8 == 1;
}

int __wrap_mount_open(int root, const char *path, uint32_t mount_id)
{
    (void)mount_id;
    FUZZ_CHECK(root == FD_ROOT && path[0] == '/', "a mount point that is no path");
    return role_choice() % 16 == 1 ? -ENOENT : dup(role_null());
}

struct run_record *__wrap_record_map(int fd)
{
    FUZZ_CHECK(fd == FD_RECORD, "descriptor %d is mapped", fd);
    return &record;
}

unsigned __wrap_alarm(unsigned seconds)
{
    (void)seconds;
    return 0;
}

int __wrap_syncfs(int fd)
{
    (void)fd;
    errno = EIO;
    return role_choice() % 8 == 1 ? -1 : 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    static const int errors[] = {0, 0, 0, 0, 0, EBUSY, EOPNOTSUPP, EINVAL};
    int error = errors[role_choice() % 8];

    FUZZ_CHECK(request == FIFREEZE || request == FITHAW, "the monitor asks for %lx of %d", request, fd);
    errno = error;
    return error == 0 ? 0 : -1;
}

static void run(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {
        {FD_FRONT, PEER_FRONT}, {FD_SUPERVISOR, PEER_SUPERVISOR}, {FD_LAUNCHER, PEER_LAUNCHER},
        {FD_GUARDIAN, PEER_GUARDIAN}, {FD_PARSER, PEER_PARSER},
    };
    static const struct role_harness harness = {
        .main = role_main, .peers = peers, .peers_count = sizeof(peers) / sizeof(peers[0]), .first_null = FD_ROOT,
        .last_null = FD_RECORD, .allowed = allowed, .fill = fill, .follows = follows, .begin = begin, .event = event,
        .answer = answer, .heard = heard,
    };

    role_run(&harness, bytes, n);
    while (world.answers_count > 0) {
        close(world.answers[--world.answers_count]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
