/*
 * quiesce-monitor: opens files that pass the safe walk, freezes and thaws.
 *
 * Started by the front as "quiesce-monitor run|check" with the descriptors that
 * start.c describes.  Runs as a uid of its own with CAP_DAC_READ_SEARCH and
 * CAP_SYS_ADMIN, in an empty root, behind policy/roles/monitor.json.
 */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/fatal.h"
#include "monitor/monitor.h"
#include "quiesce/outcome.h"

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
    .lock_memory = true,
    .filter = role_filter,
    .filter_length = sizeof role_filter / sizeof role_filter[0],
};

static const struct wire_rule rules[] = {
#define X(state, peer, type, handler) { state, peer, type },
    MONITOR_RULES(X)
#undef X
};

static void (*const handlers[])(struct monitor *, const struct wire_packet *) = {
#define X(state, peer, type, handler) handler,
    MONITOR_RULES(X)
#undef X
};

/* What is watched, and what it means when the other end is gone. */
static const struct {
    int fd;
    enum wire_peer peer;
    enum thaw_reason gone;
} sockets[] = {
    { FD_FRONT, PEER_FRONT, THAW_FRONT_GONE },
    { FD_SUPERVISOR, PEER_SUPERVISOR, THAW_REASONS },
    { FD_LAUNCHER, PEER_LAUNCHER, THAW_LAUNCHER_GONE },
    { FD_GUARDIAN, PEER_GUARDIAN, THAW_GUARDIAN_GONE },
    { FD_PARSER, PEER_PARSER, THAW_PARSER_GONE },
};
enum { SOCKETS = sizeof sockets / sizeof sockets[0], POLLED = SOCKETS + 2 };

static void kill_hooks(void)
{
    /* /dev/null where there is no cgroup: there the launcher's end ends them. */
    if (write(FD_CGROUP_KILL, "1", 1) != 1) {
        fatal("cannot kill the hooks", errno);
    }
}

/* The other end of a socket is gone. */
static void on_gone(struct monitor *m, unsigned which)
{
    enum thaw_reason reason = sockets[which].gone;
    if (sockets[which].peer == PEER_SUPERVISOR) {
        freeze_undo(m);
        kill_hooks();
        fatal("the supervisor is gone; thawed", 0);
    }
    if (sockets[which].peer == PEER_LAUNCHER) {
        kill_hooks();
    }
    if (m->state == MONITOR_START || (m->state == MONITOR_READY && reason != THAW_FRONT_GONE)) {
        fatal("a part of this run is gone before the freeze", (int)sockets[which].peer);
    }
    freeze_abandon(m, reason);
}

static void on_message(struct monitor *m, unsigned which)
{
    struct wire_packet packet;
    int got = wire_receive(sockets[which].fd, &m->buffer, &packet);
    if (got < 0) {
        fatal("a malformed message", got);
    }
    int rule = wire_find(rules, sizeof rules / sizeof rules[0], m->state, sockets[which].peer, packet.type);
    if (rule < 0) {
        fatal("a message out of place", (int)packet.type);
    }
    handlers[rule](m, &packet);
}

static bool has_ended(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static _Noreturn void serve(struct monitor *m)
{
    struct pollfd watched[POLLED];
    for (unsigned i = 0; i < SOCKETS; i++) {
        watched[i] = (struct pollfd){ sockets[i].fd, POLLIN, 0 };
    }
    watched[SOCKETS] = (struct pollfd){ freeze_timer_fd(), POLLIN, 0 };
    watched[SOCKETS + 1] = (struct pollfd){ freeze_event_fd(), POLLIN, 0 };
    for (;;) {
        if (poll(watched, POLLED, -1) < 0 && errno != EINTR) {
            fatal("cannot wait for events", errno);
        }
        if ((watched[SOCKETS].revents & POLLIN) != 0) {
            uint64_t expirations;
            if (read(freeze_timer_fd(), &expirations, sizeof expirations) > 0) {
                freeze_abandon(m, THAW_DEADLINE);
            }
        }
        if ((watched[SOCKETS + 1].revents & POLLIN) != 0) {
            freeze_step(m);
        }
        for (unsigned i = 0; i < SOCKETS; i++) {
            if (watched[i].revents == 0) {
                continue;
            }
            if (has_ended(sockets[i].fd)) {
                watched[i].fd = -1;
                on_gone(m, i);
            } else {
                on_message(m, i);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static struct monitor monitor; /* large */
    int type = 0;
    socklen_t length = sizeof type;
    if (argc != 2 || getsockopt(ROLE_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
        type != SOCK_SEQPACKET) {
        static const char usage[] = "quiesce-monitor: started by quiesce only\n";
        return write(2, usage, sizeof usage - 1) < 0 ? EXIT_INTERNAL : EXIT_USAGE;
    }
    if (setsid() < 0 && errno != EPERM) { /* no signal of the caller's terminal reaches a role */
        fatal("cannot leave the session", errno);
    }
    (void)umask(0077);
    start_everything(&monitor, strcmp(argv[1], "run") == 0);
    drop_privileges(&role);
    freeze_prepare();
    serve(&monitor);
}
