#include "keeper/denials.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bpf.h"
#include "base/call_table.h"
#include "base/decimal.h"
#include "base/fatal.h"
#include "base/message.h"

enum { ERRNO_MAX = 4095 };

/* Linux 6.6, linux/seccomp.h: the process that asks and the one that answers take
 * turns on one processor. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

uint32_t denials_errno(const struct policy_plan *policy, const struct seccomp_data *call)
{
    uint32_t answer = bpf_run(policy->filter, policy->filter_length, call);
    uint32_t error = answer & SECCOMP_RET_DATA;
    return (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF && error >= 1 && error <= ERRNO_MAX ? error : EPERM;
}

void denials_become(struct denials *d, uint32_t uid, uint32_t gid)
{
    struct pollfd gone = { d->launcher, POLLIN, 0 };
    (void)setfsgid(gid);
    (void)setfsuid(uid);
    d->uid = uid;
    d->gid = gid;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || poll(&gone, 1, 0) != 0) {
        _exit(0);
    }
}

/* ---- looking into the process that waits --------------------------------------------- */

/* Opens its memory as the user that it is.  Only a hook that may change its user has
 * processes of another one, and its keeper may do so too. */
static int open_memory(struct denials *d, int process)
{
    struct stat st;
    if (fstat(process, &st) != 0) {
        return -1;
    }
    if (st.st_uid != d->uid || st.st_gid != d->gid) {
        denials_become(d, st.st_uid, st.st_gid);
    }
    return openat(process, "mem", O_RDONLY | O_CLOEXEC);
}

static void read_memory(int memory, uint64_t address, const struct call_want *want, struct call_memory *to)
{
    ssize_t got = pread(memory, to->bytes, want->length, (off_t)address);
    to->length = got > 0 ? (uint16_t)got : 0;
    to->state = memory < 0 ? MEMORY_CLOSED : got <= 0 ? MEMORY_FAULT : MEMORY_READ;
    if (want->is_string && got > 0) {
        const uint8_t *end = memchr(to->bytes, 0, (size_t)got);
        to->state = end == NULL ? MEMORY_CUT : MEMORY_READ;
        to->length = end == NULL ? to->length : (uint16_t)(end - to->bytes);
        memset(to->bytes + to->length, 0, sizeof to->bytes - to->length); /* what lies behind is nobody's business */
    }
}

/* Name and memory of the process, which are its own only if it still waits when both
 * have been opened: its PID may be another's by then. */
static void look(struct denials *d, const struct seccomp_notif *call, struct msg_denied *m)
{
    struct call_want wants[CALL_MEMORIES];
    char digits[DECIMAL_MAX];
    unsigned count = call_wants(m->number, m->args, wants);
    int process = openat(d->proc, decimal(digits, call->pid), O_PATH | O_DIRECTORY | O_CLOEXEC);
    int name = openat(process, "comm", O_RDONLY | O_CLOEXEC);
    int memory = count > 0 && process >= 0 ? open_memory(d, process) : -1;
    if (ioctl(d->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0) {
        ssize_t got = read(name, m->comm, sizeof m->comm); /* with a newline; EBADF: there is no procfs */
        m->comm[got > 0 ? got - 1 : 0] = '\0';
        for (unsigned i = 0; i < count; i++) {
            if (m->args[wants[i].argument] != 0) {
                read_memory(memory, m->args[wants[i].argument], &wants[i], &m->memory[i]);
            }
        }
    }
    (void)close(memory);
    (void)close(name);
    (void)close(process);
}

/* ---- answering ---------------------------------------------------------------------------- */

static void tell(struct denials *d, const struct seccomp_notif *call, uint32_t error)
{
    struct msg_denied m = {
        .number = (uint32_t)call->data.nr, .arch = call->data.arch, .error = error,
        .last = d->told == DENIED_TOLD_MAX,
    };
    memcpy(m.args, call->data.args, sizeof m.args);
    look(d, call, &m);
    (void)wire_send(d->report, MSG_DENIED, &m, NULL, 0); /* nobody there: the run ends */
}

void denials_serve(struct denials *d)
{
    if (d->told == 0) { /* older kernels refuse it, and are slower */
        (void)ioctl(d->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    }
    /* A RECV without a question would wait: one per event is sure to be there. */
    struct seccomp_notif call = { 0 }; /* the kernel refuses anything else */
    if (ioctl(d->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
        if (errno != ENOENT && errno != EINTR) { /* ENOENT: it has been killed */
            fatal("cannot read a denied call", errno);
        }
        return;
    }
    uint32_t number = (uint32_t)call.data.nr < DENIED_NUMBERS ? (uint32_t)call.data.nr : DENIED_NUMBERS - 1;
    uint32_t error = denials_errno(d->policy, &call.data);
    if (d->told < DENIED_TOLD_MAX || !d->seen[number]) {
        d->told++;
        d->seen[number] = true;
        tell(d, &call, error);
    } else {
        d->arch = call.data.arch;
        d->more[number]++;
    }
    struct seccomp_notif_resp answer = { .id = call.id, .error = -(int32_t)error };
    if (ioctl(d->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT && errno != EINPROGRESS) {
        fatal("cannot answer a denied call", errno);
    }
}

void denials_end(const struct denials *d)
{
    for (uint32_t i = 0; d->told >= DENIED_TOLD_MAX && i < DENIED_NUMBERS; i++) {
        const struct msg_denied_more m = { i, d->arch, d->more[i] };
        if (m.count > 0) {
            (void)wire_send(d->report, MSG_DENIED_MORE, &m, NULL, 0); /* nobody there: the run ends */
        }
    }
}
