/*
 * The notifications of a script that is learned from, in the place of the keeper's
 * denials.c.
 *
 * A call that the base kills is recorded and not answered: whoever made it waits in
 * the kernel, and can only be killed, which is what the front does when it is told.
 */
#include "keeper/denials.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fatal.h"
#include "base/message.h"
#include "learn/learn.h"

/* Linux 6.6, linux/seccomp.h: who asks and who answers take turns on one processor. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

static struct record record; /* large; a keeper has one script */

/* Nothing is opened as the script's user: what its arguments point to is not looked at. */
void denials_become(struct denials *d, uint32_t uid, uint32_t gid)
{
    d->uid = uid;
    d->gid = gid;
}

static void tell(const struct denials *d, uint32_t index)
{
    struct msg_learned_call m = { .index = index };
    m.call = record.calls[index];
    (void)wire_send(d->report, MSG_LEARNED_CALL, &m, NULL, 0); /* nobody there: the keeper ends */
}

static void write_down(const struct denials *d, const struct seccomp_notif *call, const struct learned_call *kind)
{
    char name[LEARNED_NAME_MAX];
    struct learned_call *row = record_row(&record, kind);
    if (row == NULL) {
        return;
    }
    name_of(d->proc, d->listener, call->id, call->pid, name);
    if (record_count(row, name)) {
        tell(d, (uint32_t)(row - record.calls));
    }
}

void denials_serve(struct denials *d)
{
    struct seccomp_notif call;
    struct learned_call kind;
    if (record.count == 0) { /* older kernels refuse it, and are slower */
        (void)ioctl(d->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    }
    memset(&call, 0, sizeof call); /* the kernel refuses anything else */
    if (ioctl(d->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
        if (errno != ENOENT && errno != EINTR) { /* ENOENT: it has been killed */
            fatal("cannot read a call", errno);
        }
        return;
    }
    record_kind(d->policy, &call.data, &kind);
    write_down(d, &call, &kind);
    if (kind.answer == LEARN_KILLED) {
        return;
    }
    bool goes_on = kind.answer >= LEARN_MISSING && kind.answer < LEARN_END;
    struct seccomp_notif_resp answer = {
        .id = call.id,
        .error = goes_on ? 0 : -(int32_t)kind.answer,
        .flags = goes_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
    };
    /* ENOENT: interrupted by a signal, or killed */
    if (ioctl(d->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT && errno != EINPROGRESS) {
        fatal("cannot answer a call", errno);
    }
}

void denials_end(const struct denials *d)
{
    const struct msg_learned_end m = { record.lost };
    for (uint32_t i = 0; i < record.count; i++) {
        tell(d, i);
    }
    (void)wire_send(d->report, MSG_LEARNED_END, &m, NULL, 0); /* nobody there: the keeper ends */
}
