/*
 * The guardian: its own main(), fed with messages by whoever holds the monitor's end.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "role.h"

enum { FD_MONITOR = 3, FD_MAP, FD_EXPEDITE, FD_CGROUP_KILL, FD_LOCK, FD_MONITOR_PIDFD };

int role_main(void);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);

static struct frozen_map map;
static unsigned guarded; /* descriptors that a GUARD brought */

static const uint8_t allowed[GUARDIAN_STATES][WIRE_PEERS][MSG_TYPES] = {GUARDIAN_RULES(ROLE_ALLOWED)};

static bool follows(unsigned from, unsigned to)
{
    return to == from || to == from + 1;
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    if (type == MSG_GUARD) {
        body->as_MSG_GUARD = (struct msg_guard){.first = guarded, .count = step->fds};
        guarded += step->fds;
    } else if (type == MSG_ARM) {
        body->as_MSG_ARM = (struct msg_arm){.deadline_boottime_ns = UINT64_C(1010000000000), .count = guarded};
    }
}

static void begin(void)
{
    memset(&map, 0, sizeof(map));
    guarded = 0;
    if (dup3(eventfd(0, EFD_CLOEXEC), FD_MONITOR_PIDFD, 0) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no descriptor");
    }
}

/* The map is the monitor's; time; the monitor's end. */
static void event(const struct sequence_step *step)
{
    static const uint64_t one = 1;

    if (step && step->type % 3 == 0) {
        atomic_store(&map.state[step->extra], step->fds % (FS_STATES + 1));
    } else if (step && step->type % 3 == 1) {
        role_time_passes((uint64_t)1 << (step->extra % 48));
    } else if (write(FD_MONITOR_PIDFD, &one, sizeof(one)) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no event");
    }
}

/* What came with GUARD, and a timer. */
static unsigned may_hold(void)
{
    return role_received_fds() + 1;
}

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    return role_running() && fd == FD_MAP ? &map : __real_mmap(at, n, protection, flags, fd, offset);
}

/* FITHAW alone, of what is or may become frozen. */
int __wrap_ioctl(int fd, unsigned long request, ...)
{
    static const int errors[] = {0, 0, 0, EINVAL, EINVAL, EBUSY, EIO, EPERM};
    int error = errors[role_choice() % 8];

    FUZZ_CHECK(request == FITHAW, "the guardian asks for %lx of %d", request, fd);
    errno = error;
    return error == 0 ? 0 : -1;
}

static void run(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {{FD_MONITOR, PEER_MONITOR}};
    static const struct role_harness harness = {
        .main = role_main, .peers = peers, .peers_count = 1, .first_null = FD_MAP, .last_null = FD_MONITOR_PIDFD,
        .allowed = allowed, .fill = fill, .follows = follows, .begin = begin, .event = event, .may_hold = may_hold,
    };

    role_run(&harness, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
