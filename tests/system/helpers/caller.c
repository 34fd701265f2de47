/*
 * caller.c - callers of a held session that no quiesce would be (include/quiesce/held.h).
 *
 *   caller cut KIND   says something wrong; succeeds if the session then closes the connection
 *                     KIND: silence, half, long, descriptor, version, type, direction, wrong-body
 *   caller silent N   connects N times and says nothing; "ready" on standard output, then sleeps
 *   caller deaf N     asks N times for the state and reads nothing; the same
 *   caller greedy N   says THAW N times, hears the result and never says so; the same
 *   caller leave      tells a session that keeps a result to leave; succeeds if it is refused
 *   caller storm      connects and is gone, again and again, until it is killed; "ready" after the first
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAGIC = 0x53534551, VERSION = 1, CUT_MS = 20000 };
enum { THAW = 1, STATUS = 2, LEAVE = 5, STATE = 7, REFUSED = 13, THAW_BODY = 36, STATUS_BODY = 4, LEAVE_BODY = 4 };

struct record {
    uint32_t magic, version, type, length;
    unsigned char body[64];
};

static int dial(void)
{
    static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/quiesce/session" };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        perror("caller: connect");
        exit(3);
    }
    return fd;
}

static void say(int fd, const struct record *r, size_t length, int passed)
{
    struct iovec part = { (void *)(uintptr_t)r, length };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof passed)];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (passed >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof passed);
        memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno != EPIPE) {
        perror("caller: sendmsg");
        exit(3);
    }
}

/* 0: the session has closed the connection, without a word. */
static int is_cut(int fd)
{
    char answer[32768];
    struct pollfd end = { .fd = fd, .events = POLLIN };
    if (poll(&end, 1, CUT_MS) != 1) {
        fputs("caller: the connection stays\n", stderr);
        return 1;
    }
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got > 0) {
        fputs("caller: it was answered\n", stderr);
        return 1;
    }
    return 0;
}

static int cut(const char *kind)
{
    struct record r = { MAGIC, VERSION, STATUS, STATUS_BODY, { 0 } };
    size_t length = 16 + STATUS_BODY;
    int fd = dial(), passed = -1;
    if (strcmp(kind, "half") == 0) {
        length = 7;
    } else if (strcmp(kind, "long") == 0) {
        length += 4;
    } else if (strcmp(kind, "descriptor") == 0) {
        passed = STDIN_FILENO;
    } else if (strcmp(kind, "version") == 0) {
        r.version++;
    } else if (strcmp(kind, "type") == 0) {
        r.type = 99;
    } else if (strcmp(kind, "direction") == 0) {
        r.type = STATE;
    } else if (strcmp(kind, "wrong-body") == 0) {
        r.type = THAW;
        r.length = THAW_BODY;
        length = 16 + THAW_BODY;
        memset(r.body, 'x', sizeof r.body); /* no run id is like that */
    } else if (strcmp(kind, "silence") != 0) {
        fputs("caller: no such kind\n", stderr);
        return 2;
    }
    if (strcmp(kind, "silence") != 0) {
        say(fd, &r, length, passed);
    }
    return is_cut(fd);
}

static int leave(void)
{
    const struct record r = { MAGIC, VERSION, LEAVE, LEAVE_BODY, { 0 } };
    struct record answer = { 0 };
    int fd = dial();
    say(fd, &r, 16 + LEAVE_BODY, -1);
    if (recv(fd, &answer, sizeof answer, 0) <= 0 || answer.type != REFUSED) {
        fputs("caller: it was not refused\n", stderr);
        return 1;
    }
    return 0;
}

/* asks: 0, STATUS or THAW */
static int stay(unsigned long n, uint32_t asks)
{
    const uint32_t body = asks == THAW ? THAW_BODY : STATUS_BODY;
    const struct record r = { MAGIC, VERSION, asks, body, { 0 } };
    for (unsigned long i = 0; i < n; i++) {
        int fd = dial();
        if (asks != 0) {
            say(fd, &r, 16 + body, -1);
        }
    }
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "cut") == 0) {
        return cut(argv[2]);
    }
    static const struct {
        const char *name;
        uint32_t asks;
    } kinds[] = { { "silent", 0 }, { "deaf", STATUS }, { "greedy", THAW } };
    for (size_t i = 0; argc == 3 && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(argv[1], kinds[i].name) == 0) {
            return stay(strtoul(argv[2], NULL, 10), kinds[i].asks);
        }
    }
    if (argc == 2 && strcmp(argv[1], "leave") == 0) {
        return leave();
    }
    if (argc == 2 && strcmp(argv[1], "storm") == 0) {
        close(dial());
        puts("ready");
        fflush(stdout);
        for (;;) {
            close(dial());
        }
    }
    fputs("usage: caller cut KIND | silent N | deaf N | greedy N | leave | storm\n", stderr);
    return 2;
}
