/*
 * denials.c - the system calls that a script's filter refused.
 */
#include "denials.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "attempt.h"
#include "base/bpf.h"
#include "base/fatal.h"
#include "base/utf8.h"

uint32_t denials_errno(const struct report_plugin *plugin, const struct seccomp_data *call)
{
    uint32_t action;

    if (!plugin->has_policy)
        return EPERM;
    action = bpf_run(plugin->effective.filter, plugin->effective.filter_length, call);
    if ((action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO || (action & SECCOMP_RET_DATA) == 0 ||
        (action & SECCOMP_RET_DATA) > 4095)
        return EPERM;
    return action & SECCOMP_RET_DATA;
}

void denials_record(struct report *r, const struct report_denied *call)
{
    struct report_attempt *attempt = &r->attempts[call->attempt];

    for (uint32_t i = r->denied_count; i-- > 0;) {
        struct report_denied *row = &r->denied[i];

        if (row->attempt == call->attempt && row->number == call->number && row->arch == call->arch &&
            memcmp(row->args, call->args, sizeof(row->args)) == 0 && memcmp(row->comm, call->comm, sizeof(row->comm)) == 0) {
            row->count++;
            return;
        }
    }
    if (r->denied_count == REPORT_DENIED_MAX) {
        attempt->recorder_full = 1;
        return;
    }
    r->denied[r->denied_count] = *call;
    r->denied[r->denied_count++].count = 1;
}

/* Answers; a process that is gone meanwhile (ENOENT) needs no answer. */
static void answer(const struct hook *hook, uint64_t id, uint32_t error)
{
    struct seccomp_notif_resp response = {.id = id, .error = -(int32_t)error};

    if (ioctl(hook->listener.fd, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT && errno != EINPROGRESS)
        fatal("cannot answer a denied call", errno);
}

static bool ask_name(struct run *run, struct hook *hook, const struct seccomp_notif *n, const struct report_denied *row)
{
    const struct msg_comm comm = {.pid = n->pid};
    struct denial *d;

    if (!run->launcher.open || run->over || run->denials_count == DENIALS_MAX ||
        wire_send_now(run->launcher.fd, MSG_COMM, &comm, NULL, 0) != 0)
        return false;
    d = &run->denials[(run->denials_first + run->denials_count++) % DENIALS_MAX];
    d->hook = hook;
    d->id = n->id;
    d->pid = n->pid;
    d->row = *row;
    return true;
}

static void denied(struct run *run, struct hook *hook, const struct seccomp_notif *n)
{
    struct report_attempt *attempt = attempt_row(run, hook);
    struct report_denied row = {.attempt = hook->row, .number = (uint32_t)n->data.nr, .arch = n->data.arch};

    row.error = denials_errno(&run->report->plugins[hook->slot / PHASES], &n->data);
    for (size_t i = 0; i < 6; i++)
        row.args[i] = n->data.args[i];
    attempt->denied_total++;
    if (hook->recorded == REPORT_DENIED_PER_ATTEMPT) {
        attempt->recorder_full = 1;
    } else {
        hook->recorded++;
        if (ask_name(run, hook, n, &row))
            return; /* answered when the name is known: the process has to live until then */
        denials_record(run->report, &row);
    }
    answer(hook, n->id, row.error);
}

void denials_ready(struct run *run, struct source *source, uint32_t events)
{
    struct hook *hook = source->owner;
    struct seccomp_notif n;

    if (!(events & EPOLLIN)) { /* EPOLLHUP: no process has the filter any more */
        source_close(source);
        return;
    }
    /* A RECV without a question would wait: one per event is sure to be there. */
    memset(&n, 0, sizeof(n)); /* the kernel refuses anything else */
    if (ioctl(source->fd, SECCOMP_IOCTL_NOTIF_RECV, &n) == 0)
        denied(run, hook, &n);
    else if (errno != ENOENT && errno != EINTR)
        fatal("cannot read a denied call", errno);
}

static struct denial take_first(struct run *run)
{
    struct denial d = run->denials[run->denials_first];

    run->denials_first = (run->denials_first + 1) % DENIALS_MAX;
    run->denials_count--;
    return d;
}

void denials_named(struct run *run, const struct msg_comm *comm)
{
    struct denial d;

    if (run->denials_count == 0 || run->denials[run->denials_first].pid != comm->pid)
        fatal("a COMM_IS that nobody asked for", 0);
    d = take_first(run);
    if (!d.hook)
        return;
    /* The name is that process's only if it still waits for the answer. */
    if (ioctl(d.hook->listener.fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &d.id) == 0)
        utf8_sanitize(d.row.comm, sizeof(d.row.comm), comm->comm, strnlen(comm->comm, sizeof(comm->comm)));
    denials_record(run->report, &d.row);
    answer(d.hook, d.id, d.row.error);
}

void denials_end(struct run *run, struct hook *hook)
{
    for (uint32_t i = 0; i < run->denials_count; i++) {
        struct denial *d = &run->denials[(run->denials_first + i) % DENIALS_MAX];

        if (d->hook != hook)
            continue;
        denials_record(run->report, &d->row);
        d->hook = NULL; /* its COMM_IS still comes */
    }
}

void denials_launcher_gone(struct run *run)
{
    while (run->denials_count > 0) {
        struct denial d = take_first(run);

        if (!d.hook)
            continue;
        denials_record(run->report, &d.row);
        answer(d.hook, d.id, d.row.error);
    }
}
