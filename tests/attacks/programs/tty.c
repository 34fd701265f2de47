/*
 * tty accomplice SOCKET    outside: makes a terminal, hands its slave to whoever
 *                          connects, and then says what has come into its input
 * tty inject SOCKET        in a hook: takes the terminal, makes it the session's own
 *                          as TIOCSTI wants it, and types into it
 *
 * The accomplice prints "ready", and at the end "typed TEXT".
 */
#include "table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <termios.h>

#define HIGH_BITS (1ul << 32)

static int terminal = -1;

static int open_socket(const char *path, struct sockaddr_un *name)
{
    name->sun_family = AF_UNIX;
    (void)snprintf(name->sun_path, sizeof name->sun_path, "%s", path);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* ---- the accomplice ------------------------------------------------------------ */

static int make_terminal(void)
{
    struct termios raw;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        return -1;
    }
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (slave < 0 || tcgetattr(slave, &raw) != 0) {
        return -1;
    }
    cfmakeraw(&raw);
    return tcsetattr(slave, TCSANOW, &raw) != 0 ? -1 : slave;
}

static int hand_over(int to, int fd)
{
    char byte = 'x';
    struct iovec part = { &byte, 1 };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof fd)];
    } control = { .header = { CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS } };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    return sendmsg(to, &message, 0) == 1 ? 0 : -1;
}

static int accomplice(const char *path)
{
    struct sockaddr_un name = { 0 };
    int listener = open_socket(path, &name), slave = make_terminal();
    char text[64] = "";
    if (slave < 0 || bind(listener, (struct sockaddr *)&name, sizeof name) != 0 || listen(listener, 1) != 0) {
        perror("accomplice");
        return 2;
    }
    puts("ready");
    (void)fflush(stdout);
    int connection = accept(listener, NULL, NULL);
    if (connection < 0 || hand_over(connection, slave) != 0) {
        perror("accomplice");
        return 2;
    }
    char byte;
    while (read(connection, &byte, 1) > 0) { /* until the hook has ended */
    }
    ssize_t got = read(slave, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    printf("typed %s\n", text);
    return 0;
}

/* ---- the hook --------------------------------------------------------------------- */

static int take_terminal(const char *path)
{
    struct sockaddr_un name = { 0 };
    char byte;
    struct iovec part = { &byte, 1 };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    int connection = open_socket(path, &name), fd = -1;
    if (connect(connection, (struct sockaddr *)&name, sizeof name) != 0 || recvmsg(connection, &message, 0) != 1 ||
        CMSG_FIRSTHDR(&message) == NULL) {
        return -1;
    }
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static long type(unsigned long command, const char *letter)
{
    return syscall(SYS_ioctl, terminal, command, letter);
}

static long tiocsti(void)
{
    return type(TIOCSTI, "L");
}

static long tiocsti_high(void)
{
    return type(TIOCSTI | HIGH_BITS, "H");
}

static long tioclinux(void)
{
    return type(TIOCLINUX, "\002");
}

static long tioclinux_high(void)
{
    return type(TIOCLINUX | HIGH_BITS, "\002");
}

static const struct attack attacks[] = {
    { "tiocsti", tiocsti, 0 },
    { "tiocsti-high", tiocsti_high, 0 },
    { "tioclinux", tioclinux, ENOTTY }, /* this terminal is no console */
    { "tioclinux-high", tioclinux_high, ENOTTY },
};

static int inject(const char *path)
{
    terminal = take_terminal(path);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) {
        perror("tty");
        return 2;
    }
    attack_all("", attacks, sizeof attacks / sizeof attacks[0]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    return strcmp(argv[1], "accomplice") == 0 ? accomplice(argv[2]) : inject(argv[2]);
}
