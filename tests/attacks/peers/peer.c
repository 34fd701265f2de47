/*
 * peer.c - starting a role, and bringing it into a state.
 */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/tmpfs.h"
#include "quiesce/record.h"

enum { WAIT_MS = 10000, HIGH_FD = 64 };

static struct wire_buffer buffer;
static const char *program, *mount_point;

static _Noreturn void stop(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- starting a role ------------------------------------------------------------- */

static int high(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    if (fd < 0 || moved < 0) {
        stop("a descriptor");
    }
    close(fd);
    return moved;
}

static void socket_to(int *ours, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        stop("socketpair");
    }
    *ours = high(pair[0]);
    *theirs = high(pair[1]);
}

/* sockets first, then what else the role is given, from descriptor 3 on. */
static struct running start(const int *others, unsigned others_count, unsigned sockets)
{
    struct running r = { .held = -1 };
    int theirs[ROLE_FD_EMPTY_ROOT], log[2], null = high(open("/dev/null", O_RDWR));
    int empty = high(tmpfs_create("0555", "4096", 0));
    for (unsigned i = 0; i < sockets; i++) {
        socket_to(&r.sockets[i], &theirs[i]);
    }
    if (pipe2(log, O_CLOEXEC) != 0) {
        stop("pipe2");
    }
    r.pid = fork();
    if (r.pid == 0) {
        (void)dup2(null, 0);
        (void)dup2(null, 1);
        (void)dup2(log[1], 2);
        for (unsigned i = 0; i < sockets + others_count; i++) {
            (void)dup2(i < sockets ? theirs[i] : others[i - sockets], ROLE_FD_CONTROL + (int)i);
        }
        (void)dup2(empty, ROLE_FD_EMPTY_ROOT);
        (void)syscall(SYS_close_range, ROLE_FD_CONTROL + sockets + others_count, ROLE_FD_EMPTY_ROOT - 1, 0);
        (void)syscall(SYS_close_range, ROLE_FD_EMPTY_ROOT + 1, ~0u, 0);
        (void)execl(program, program, (char *)NULL);
        _exit(127);
    }
    r.pidfd = (int)syscall(SYS_pidfd_open, r.pid, 0);
    r.log = log[0];
    close(log[1]);
    close(null);
    close(empty);
    for (unsigned i = 0; i < sockets; i++) {
        close(theirs[i]);
    }
    if (r.pid < 0 || r.pidfd < 0) {
        stop("a role");
    }
    return r;
}

/* Waits for a message of a type on a socket, dropping others. */
static void await(struct running *r, int socket, uint32_t type)
{
    struct wire_packet packet;
    struct pollfd waiting[2] = { { r->sockets[socket], POLLIN, 0 }, { r->pidfd, POLLIN, 0 } };
    do {
        if (poll(waiting, 2, WAIT_MS) <= 0 || (waiting[0].revents & POLLIN) == 0 ||
            wire_receive(r->sockets[socket], &buffer, &packet) != 1) {
            fprintf(stderr, "%s ended or said nothing while %s was awaited\n", program, wire_name(type));
            exit(2);
        }
        if (packet.type == MSG_GUARD && packet.fds_count == 1) {
            r->held = packet.fds[0];
            packet.fds_count = 0;
        }
        wire_close(&packet);
    } while (packet.type != type);
}

static void say(struct running *r, int socket, uint32_t type, const void *body)
{
    if (wire_send(r->sockets[socket], type, body, NULL, 0) != 0) {
        stop("wire_send");
    }
}

/* ---- the roles ---------------------------------------------------------------------- */

static const struct msg_nothing nothing;

static int memory(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) {
        stop("memfd");
    }
    return high(fd);
}

static struct running reach_guardian(unsigned state)
{
    int null = high(open("/dev/null", O_RDWR)), map = memory(sizeof(struct run_record));
    pid_t monitor = fork();
    if (monitor == 0) {
        (void)pause();
        _exit(0);
    }
    int pidfd = high((int)syscall(SYS_pidfd_open, monitor, 0));
    const int others[] = { map, null, null, null, pidfd };
    struct running r = start(others, 5, 1);
    r.monitor = monitor;
    static const struct msg_arm arm = { .deadline_boottime_ns = UINT64_MAX / 4 };
    if (state >= GUARDIAN_ARMED) {
        say(&r, 0, MSG_ARM, &arm);
        await(&r, 0, MSG_GUARDING);
    }
    if (state >= GUARDIAN_DISARMED) {
        say(&r, 0, MSG_DISARM, &nothing);
    }
    close(null);
    close(map);
    close(pidfd);
    return r;
}

static struct running reach_parser(unsigned state)
{
    (void)state;
    return start(NULL, 0, 1);
}

static struct running reach_launcher(unsigned state)
{
    int null = high(open("/dev/null", O_RDWR));
    static struct msg_seal seal = { .run_id = "test", .program_dir = "/" };
    const int others[] = { null, null, null }; /* no cgroup, no controllers */
    struct running r = start(others, 3, 2);
    if (state >= LAUNCHER_SEALED) {
        say(&r, 0, MSG_SEAL, &seal);
    }
    close(null);
    return r;
}

/* As its parser: says that the mount table holds the one file system of the test. */
static void answer_mounts(struct running *r)
{
    static struct mount_plan plan;
    struct wire_packet packet;
    struct statx st;
    if (wire_receive(r->sockets[TO_PARSER], &buffer, &packet) != 1 || packet.type != MSG_PARSE) {
        fprintf(stderr, "the monitor asked for no parser\n");
        exit(2);
    }
    if (statx(AT_FDCWD, mount_point, 0, STATX_MNT_ID, &st) != 0) {
        stop(mount_point);
    }
    plan.head.usable = 1;
    plan.count = 1;
    plan.entries[0] = (struct fs_entry){
        .major = st.stx_dev_major, .minor = st.stx_dev_minor, .mount_id = (uint32_t)st.stx_mnt_id, .mount_points = 1,
        .type = "ext4",
    };
    size_t length = strlen(mount_point) + 1;
    memcpy(plan.text, mount_point, length);
    plan.entries[0].source = (uint32_t)length;
    memcpy(plan.text + length, "test", 5);
    plan.text_length = (uint32_t)length + 5;
    if (wire_send(packet.fds[1], MSG_ANSWER_MOUNTS, &plan, NULL, 0) != 0) {
        stop("an answer");
    }
    wire_close(&packet);
}

static struct running reach_monitor(unsigned state)
{
    int null = high(open("/dev/null", O_RDWR)), root = high(open("/", O_PATH | O_DIRECTORY));
    int map = memory(sizeof(struct run_record)), mountinfo = high(open("/proc/self/mountinfo", O_RDONLY));
    const int others[] = { root, null, null, null, mountinfo, map };
    struct running r = start(others, 6, 5);
    static const struct msg_request request = {
        .run_id = "test", .mode = MODE_CHECK, .host_config = "/none", .vmbackup_config = "/none",
        .plugin_config = "/none", .policy_dir = "/none", .program_dir = "/none",
    };
    static const struct msg_freeze freeze = { .count = 1, .timeout_ms = 60000 };
    if (state >= MONITOR_READY) {
        say(&r, TO_FRONT, MSG_REQUEST, &request);
        answer_mounts(&r);
        await(&r, TO_SUPERVISOR, MSG_LOADED);
    }
    if (state == MONITOR_SURVEYED) {
        /* It stays the mount that it was, but the kernel says that something has changed. */
        if (mount(NULL, mount_point, NULL, MS_REMOUNT | MS_BIND, NULL) != 0) {
            stop("a remount");
        }
        say(&r, TO_SUPERVISOR, MSG_FREEZE, &freeze);
        answer_mounts(&r);
        await(&r, TO_SUPERVISOR, MSG_ANSWER_MOUNTS);
    }
    if (state >= MONITOR_FREEZING) {
        say(&r, TO_SUPERVISOR, MSG_FREEZE, &freeze);
        await(&r, TO_GUARDIAN, MSG_ARM);
    }
    if (state >= MONITOR_FROZEN) {
        say(&r, TO_GUARDIAN, MSG_GUARDING, &nothing);
        await(&r, TO_SUPERVISOR, MSG_FROZEN);
    }
    if (state >= MONITOR_THAWED) {
        say(&r, TO_SUPERVISOR, MSG_THAW, &nothing);
        await(&r, TO_SUPERVISOR, MSG_THAWED);
    }
    const int ours[] = { null, root, map, mountinfo };
    for (unsigned i = 0; i < 4; i++) {
        close(ours[i]);
    }
    return r;
}

#define RULE(state, peer, type, handler) { state, peer, type },
static const struct wire_rule guardian_rules[] = { GUARDIAN_RULES(RULE) };
static const struct wire_rule parser_rules[] = { PARSER_RULES(RULE) };
static const struct wire_rule launcher_rules[] = { LAUNCHER_RULES(RULE) };
static const struct wire_rule monitor_rules[] = { MONITOR_RULES(RULE) };
#define RULES(table) table, sizeof table / sizeof table[0]

static const struct role_under_test roles[] = {
    { "guardian", RULES(guardian_rules), GUARDIAN_STATES, 1, { PEER_MONITOR }, reach_guardian },
    { "parser", RULES(parser_rules), PARSER_STATES, 1, { PEER_MONITOR }, reach_parser },
    { "launcher", RULES(launcher_rules), LAUNCHER_STATES, 2, { PEER_MONITOR, PEER_SUPERVISOR }, reach_launcher },
    { "monitor", RULES(monitor_rules), MONITOR_STATES, 5,
      { PEER_FRONT, PEER_SUPERVISOR, PEER_LAUNCHER, PEER_GUARDIAN, PEER_PARSER }, reach_monitor },
};

const struct role_under_test *peer_role(const char *name, const char *file, const char *mount)
{
    program = file;
    mount_point = mount;
    for (unsigned i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(name, roles[i].name) == 0) {
            return &roles[i];
        }
    }
    fprintf(stderr, "no such role: %s\n", name);
    exit(2);
}

bool peer_is_read(const struct role_under_test *role, unsigned state, unsigned socket)
{
    return strcmp(role->name, "launcher") != 0 || state == LAUNCHER_SEALED || role->peers[socket] == PEER_MONITOR;
}

/* ---- one record; the end ------------------------------------------------------------------- */

void peer_send(int socket, const void *bytes, size_t length, unsigned fds)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
    } control = { 0 };
    struct iovec part = { (void *)(uintptr_t)bytes, length };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fds > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int) * fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
        for (unsigned i = 0; i < fds; i++) {
            memcpy(CMSG_DATA(c) + i * sizeof(int), &null, sizeof null);
        }
    }
    if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EPIPE && errno != ECONNRESET &&
        errno != EAGAIN) { /* it has ended, or does not read */
        stop("sendmsg");
    }
    close(null);
}

int peer_end(struct running *r, unsigned sockets, int wait_ms, char *text, size_t capacity)
{
    struct pollfd ended = { r->pidfd, POLLIN, 0 };
    if (poll(&ended, 1, wait_ms) != 1) {
        kill(r->pid, SIGKILL);
    }
    int status = 0;
    (void)waitpid(r->pid, &status, 0);
    if (r->monitor > 0) {
        (void)kill(r->monitor, SIGKILL);
        (void)waitpid(r->monitor, NULL, 0);
    }
    ssize_t got = read(r->log, text, capacity - 1);
    text[got > 0 ? got : 0] = '\0';
    if (r->held >= 0) {
        (void)ioctl(r->held, FITHAW, 0); /* the guardian's part; EINVAL if the monitor has thawed */
        close(r->held);
    }
    for (unsigned i = 0; i < sockets; i++) {
        close(r->sockets[i]);
    }
    close(r->log);
    close(r->pidfd);
    return status;
}
