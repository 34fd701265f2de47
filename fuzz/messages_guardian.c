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
#include <sys/syscall.h>
#include <unistd.h>

#include "quiesce/record.h"
#include "role.h"
#include "role_workers.h"

enum { FD_MONITOR = 3, FD_RECORD, FD_EXPEDITE, FD_CGROUP_KILL, FD_LOCK, FD_MONITOR_PIDFD };

int role_main(void);
int __wrap_ioctl(int fd, unsigned long request, ...);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
WRAPPED(struct run_record *, record_map, int fd);

static struct run_record record; /* large */
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
    memset(&record, 0, sizeof(record));
    role_workers_reset();
    guarded = 0;
    if (dup3(eventfd(0, EFD_CLOEXEC), FD_MONITOR_PIDFD, 0) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no descriptor");
    }
}

/* What the monitor writes down; time; the monitor's end; threads that work. */
static void event(const struct sequence_step *step)
{
    static const uint64_t one = 1;

    if (step && step->type % 4 == 0) {
        atomic_store(&record.fs[step->extra].state, step->fds % (FS_STATES + 1));
    } else if (step && step->type % 4 == 1) {
        role_time_passes((uint64_t)1 << (step->extra % 48));
    } else if (step && step->type % 4 == 3) {
        for (unsigned n = step->extra % 8; n > 0 && role_workers_busy() > 0; n--) {
            role_workers_work(step->fds % role_workers_busy());
        }
    } else {
        while (!step && role_workers_busy() > 0) {
            role_workers_work(0);
        }
        if (write(FD_MONITOR_PIDFD, &one, sizeof(one)) < 0) {
            fuzz_fail(__FILE__, __LINE__, "no event");
        }
    }
}

/* What came with GUARD, a timer, and the threads' event. */
static unsigned may_hold(void)
{
    return role_received_fds() + 2;
}

struct run_record *__wrap_record_map(int fd)
{
    FUZZ_CHECK(fd == FD_RECORD, "descriptor %d is mapped", fd);
    return &record;
}

/* Only to wait, and to wake who waits. */
long __wrap_syscall(long number, ...)
{
    va_list list;
    long a, b, c, d;

    va_start(list, number);
    a = va_arg(list, long);
    b = va_arg(list, long);
    c = va_arg(list, long);
    d = va_arg(list, long);
    va_end(list);
    if (!role_running()) {
        return __real_syscall(number, a, b, c, d);
    }
    FUZZ_CHECK(number == SYS_futex, "call %ld", number);
    return 0;
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
        .main = role_main, .peers = peers, .peers_count = 1, .first_null = FD_RECORD, .last_null = FD_MONITOR_PIDFD,
        .allowed = allowed, .fill = fill, .follows = follows, .begin = begin, .event = event, .may_hold = may_hold,
    };

    role_run(&harness, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
