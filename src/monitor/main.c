/*
 * quiesce-monitor: opens files that pass the safe walk, freezes and thaws.
 *
 * Runs as a uid of its own with CAP_DAC_READ_SEARCH and CAP_SYS_ADMIN, in an
 * empty root, behind policy/roles/monitor.json.
 */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/fatal.h"
#include "base/record.h"
#include "monitor/monitor.h"

const char program_name[] = "quiesce-monitor";

static const struct sock_filter role_filter[] = {
#include "filter_monitor.inc"
};

static const struct role role = {
    .id = ROLE_MONITOR,
    .last_fd = FD_MONITOR_LAST,
    .capabilities = 1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_SYS_ADMIN,
    .nofile = 1024,         /* up to PLAN_FS_MAX mount points, and documents while loading */
    .nproc = 1024,          /* a worker thread per file system */
    .may_write_files = true,/* sealed copies */
    .works_frozen = true, .lock_code = true,
    .filter = role_filter,
    .filter_length = sizeof role_filter / sizeof role_filter[0],
};

static const struct wire_rule rules[] = { MONITOR_RULES(WIRE_RULE) };
static wire_handler *const handlers[] = { MONITOR_RULES(WIRE_HANDLER) };

/* What is watched, and what it means when the other end is gone. */
static const struct {
    enum wire_peer peer;
    enum thaw_reason gone;
} sockets[] = {
    [FD_FRONT - FD_FRONT] = { PEER_FRONT, THAW_FRONT_GONE },
    [FD_SUPERVISOR - FD_FRONT] = { PEER_SUPERVISOR, THAW_REASONS },
    [FD_LAUNCHER - FD_FRONT] = { PEER_LAUNCHER, THAW_LAUNCHER_GONE },
    [FD_GUARDIAN - FD_FRONT] = { PEER_GUARDIAN, THAW_GUARDIAN_GONE },
    [FD_PARSER - FD_FRONT] = { PEER_PARSER, THAW_PARSER_GONE },
};
enum { SOCKETS = sizeof sockets / sizeof sockets[0], DEADLINE = SOCKETS, FINISHED, WATCHED };

/* The other end of a socket is gone. */
static void on_gone(struct monitor *m, unsigned which)
{
    if (sockets[which].peer == PEER_SUPERVISOR) {
        freeze_orphan(m);
        return;
    }
    if (sockets[which].peer == PEER_LAUNCHER) {
        kill_hooks(FD_CGROUP_KILL);
    }
    if (m->state == MONITOR_START || (m->state < MONITOR_FREEZING && sockets[which].peer != PEER_FRONT)) {
        fatal("a part of this run is gone before the freeze", 0);
    }
    (void)alarm(4 * PLAN_TIMEOUT_MAX); /* who is left may never end: then this process does, and the guardian ends the hooks */
    freeze_abandon(m, sockets[which].gone);
}

static _Noreturn void serve(struct monitor *m)
{
    const struct wire_receiver receiver = { rules, handlers, sizeof rules / sizeof rules[0], &m->buffer, m };
    struct pollfd watched[WATCHED];
    for (unsigned i = 0; i < WATCHED; i++) {
        watched[i] = (struct pollfd){ FD_FRONT + (int)i, POLLIN, 0 };
    }
    freeze_prepare(&watched[DEADLINE].fd, &watched[FINISHED].fd);
    for (;;) {
        if (poll(watched, WATCHED, -1) < 0 && errno != EINTR) {
            fatal("cannot wait for events", errno);
        }
        if (watched[DEADLINE].revents != 0) {
            freeze_deadline(m);
        }
        if (watched[FINISHED].revents != 0) {
            freeze_step(m);
        }
        for (unsigned i = 0; i < SOCKETS; i++) {
            if (watched[i].revents != 0 && !wire_serve(&receiver, watched[i].fd, sockets[i].peer, m->state)) {
                watched[i].fd = -1;
                on_gone(m, i);
            }
        }
    }
}

int main(void)
{
    static struct monitor monitor; /* large */
    role_begin();
    monitor.record = record_map(FD_RECORD);
    drop_privileges(&role);
    serve(&monitor);
}
