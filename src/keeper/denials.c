#include "keeper/denials.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bpf.h"
#include "base/decimal.h"
#include "base/fatal.h"
#include "base/message.h"
#include "base/walk.h"

enum { ERRNO_MAX = 4095 };

uint32_t denials_errno(const struct policy_plan *policy, const struct seccomp_data *call)
{
    uint32_t answer = bpf_run(policy->filter, policy->filter_length, call);
    uint32_t error = answer & SECCOMP_RET_DATA;
    return (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF && error >= 1 && error <= ERRNO_MAX ? error : EPERM;
}

/* The name of the process that waits for an answer. */
static void read_name(const struct denials *d, uint32_t pid, char comm[16])
{
    char path[PLAN_PATH_MAX], digits[DECIMAL_MAX];
    path_join(path, decimal(digits, pid), "/comm", "");
    int fd = openat(d->proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t got = read(fd, comm, 15); /* EBADF: it has ended */
    comm[got > 0 ? got - 1 : 0] = '\0'; /* over the newline */
    (void)close(fd);
}

static void tell(const struct denials *d, const struct seccomp_notif *call, uint32_t error)
{
    struct msg_denied m = {
        .number = (uint32_t)call->data.nr, .arch = call->data.arch, .error = error,
        .last = d->told == DENIED_TOLD_MAX,
    };
    memcpy(m.args, call->data.args, sizeof m.args);
    read_name(d, call->pid, m.comm);
    /* The name is that process's only if it still waits. */
    if (ioctl(d->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) != 0) {
        m.comm[0] = '\0';
    }
    (void)wire_send(d->report, MSG_DENIED, &m, NULL, 0); /* nobody there: the run ends */
}

void denials_serve(struct denials *d)
{
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
