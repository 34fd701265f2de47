/*
 * terminal.c - runs a command on a terminal of its own that behaves badly.
 *
 *   terminal stopped COMMAND...   output is stopped, as by Ctrl-S, until a line comes on
 *                                 our standard input
 *   terminal tostop COMMAND...    who is not in the foreground and writes is stopped (stty tostop)
 *
 * The terminal is the command's standard input and standard error; its standard output is ours.
 * What is written to the terminal is copied to our standard error.  Ends with the
 * command's exit status, or 128 and the signal that ended it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "terminal: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int status_of(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid)
        die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* As a shell does: the command in a group of its own, in the foreground.  (The group of a
 * session's leader is an orphaned one, which cannot be stopped.) */
_Noreturn static void lead(int slave, char **command)
{
    if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) != 0 || dup2(slave, STDIN_FILENO) < 0 || dup2(slave, STDERR_FILENO) < 0)
        die("terminal");
    int gate[2];
    char byte;
    if (pipe2(gate, O_CLOEXEC) != 0)
        die("pipe");
    const pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        close(gate[1]);
        if (read(gate[0], &byte, 1) < 0)
            die("read");
        signal(SIGTTOU, SIG_DFL);
        signal(SIGTSTP, SIG_DFL);
        execvp(command[0], command);
        die(command[0]);
    }
    if (setpgid(pid, pid) != 0 || tcsetpgrp(slave, pid) != 0)
        die("tcsetpgrp");
    close(gate[1]);
    exit(status_of(pid));
}

/* False at the end. */
static int copy(int master)
{
    char bytes[4096];
    const ssize_t n = read(master, bytes, sizeof bytes);

    return n > 0 && write(STDERR_FILENO, bytes, (size_t)n) == n;
}

int main(int argc, char **argv)
{
    struct termios mode;
    int input = STDIN_FILENO;

    if (argc < 3 || (strcmp(argv[1], "stopped") != 0 && strcmp(argv[1], "tostop") != 0)) {
        fputs("usage: terminal stopped|tostop COMMAND...\n", stderr);
        return 2;
    }
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        die("terminal");
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || tcgetattr(slave, &mode) != 0)
        die("terminal");
    if (strcmp(argv[1], "tostop") == 0)
        mode.c_lflag |= TOSTOP;
    if (tcsetattr(slave, TCSANOW, &mode) != 0 || (strcmp(argv[1], "stopped") == 0 && tcflow(slave, TCOOFF) != 0))
        die("terminal");
    const pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        lead(slave, argv + 2);
    const int pidfd = pidfd_open(pid, 0);
    for (;;) {
        struct pollfd ends[] = {{.fd = master, .events = POLLIN}, {.fd = input, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};

        if (poll(ends, 3, -1) < 0)
            die("poll");
        if (ends[0].revents != 0)
            (void)copy(master);
        if (ends[1].revents != 0) {
            input = -1;
            if (tcflow(slave, TCOON) != 0)
                die("tcflow");
        }
        if (ends[0].revents == 0 && ends[2].revents != 0)
            break;
    }
    return status_of(pid);
}
