/*
 * decider.c - decides, as an antivirus does, whether files may be opened.
 *
 *   decider ask DIRECTORY       is asked about every open on the mount of DIRECTORY and
 *                               allows each; says "ready" first
 *   decider watch DIRECTORY     is told of opens, and asked nothing
 *   decider log DIRECTORY FILE  as ask, but writes a line to FILE before it allows
 * Until standard input ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "decider: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void answer(int group, int log)
{
    static struct fanotify_event_metadata events[64];
    ssize_t left = read(group, events, sizeof events);

    for (const struct fanotify_event_metadata *e = events; FAN_EVENT_OK(e, left); e = FAN_EVENT_NEXT(e, left)) {
        const struct fanotify_response allow = {.fd = e->fd, .response = FAN_ALLOW};

        if (log >= 0 && write(log, "opened\n", 7) != 7)
            die("log");
        if ((e->mask & FAN_OPEN_PERM) != 0 && write(group, &allow, sizeof allow) != sizeof allow)
            die("answer");
        close(e->fd);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const int watch = strcmp(argv[1], "watch") == 0;
    const int log = argc > 3 ? open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    const int group = fanotify_init((watch ? FAN_CLASS_NOTIF : FAN_CLASS_CONTENT) | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);

    if (group < 0 || (argc > 3 && log < 0))
        die("begin");
    if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, watch ? FAN_OPEN : FAN_OPEN_PERM, AT_FDCWD, argv[2]) != 0)
        die("mark");
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd ends[] = {{.fd = group, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};

        if (poll(ends, 2, -1) < 0)
            die("poll");
        if (ends[0].revents != 0)
            answer(group, log);
        if (ends[1].revents != 0)
            return 0;
    }
}
