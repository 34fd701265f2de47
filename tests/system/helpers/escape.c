/*
 * escape.c - ways in which a hook's processes try to outlive it.
 *
 *   escape daemon MARK      double fork and setsid, then wait for ever ignoring signals
 *   escape stop MARK        the same, and stops itself
 *   escape forkon MARK      goes on forking for ever: each child forks the next and ends,
 *                           in a session of its own, so that no process lives long
 *   escape bomb MARK        hundreds of processes at once, each in a session of its own
 *   escape vfork MARK       a chain of vforks: each child waits in the kernel for the next
 *   escape stay MARK        no fork: ignores every signal it can and waits for ever
 *   escape gone MARK        status 0 if no process on the machine has MARK among its
 *                           arguments (this one apart), else 1, with a list on stdout
 *
 * MARK finds them again in /proc/PID/cmdline.  Those that fork return as soon as the
 * escaped process runs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ignore_signals(void)
{
    for (int s = 1; s < NSIG; s++)
        if (s != SIGCHLD)
            signal(s, SIG_IGN); /* fails for KILL and STOP, as it must */
}

/* Returns in the grandchild only; the original process ends when that runs. */
static void detach(void)
{
    int ends[2];
    char byte;

    if (pipe(ends) != 0)
        exit(2);
    const pid_t child = fork();
    if (child < 0)
        exit(2);
    if (child > 0) {
        close(ends[1]);
        const ssize_t got = read(ends[0], &byte, 1);
        waitpid(child, NULL, 0);
        exit(got == 1 ? 0 : 2);
    }
    setsid();
    if (fork() != 0)
        _exit(0);
    setsid();
    ignore_signals();
    if (write(ends[1], "x", 1) != 1)
        _exit(2);
    close(ends[0]);
    close(ends[1]);
    /* The hook's pipes are left, or its output would never end. */
    for (int fd = 0; fd < 3; fd++)
        close(fd);
}

_Noreturn static void wait_for_ever(void)
{
    for (;;)
        pause();
}

_Noreturn static void fork_on(void)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        const pid_t child = fork();
        if (child > 0)
            _exit(0);
        if (child == 0)
            setsid();
    }
}

/* Each process makes two, until there are many: 2^GENERATIONS that wait. */
_Noreturn static void bomb(void)
{
    enum { GENERATIONS = 8 };

    for (int generation = 0; generation < GENERATIONS; generation++)
        if (fork() == 0)
            setsid();
    wait_for_ever();
}

/* A child of vfork(2) runs in its parent's memory while that waits for it in the kernel. */
_Noreturn static void chain(void)
{
    for (volatile int links = 20; links > 0 && vfork() == 0; links--) {
    }
    wait_for_ever();
}

/* True if the argument list of a process, NULs between, holds mark. */
static int has_mark(const char *pid, const char *mark)
{
    char path[300], text[4096];

    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    for (const char *word = text; word < text + got; word += strlen(word) + 1)
        if (strcmp(word, mark) == 0)
            return 1;
    return 0;
}

static int gone(const char *mark)
{
    DIR *const proc = opendir("/proc");
    int left = 0;

    if (proc == NULL)
        return 2;
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && atoi(entry->d_name) != getpid() &&
            has_mark(entry->d_name, mark)) {
            puts(entry->d_name);
            left = 1;
        }
    closedir(proc);
    return left;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: escape daemon|stop|forkon|bomb|vfork|stay|gone MARK\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "gone") == 0)
        return gone(argv[2]);
    if (strcmp(argv[1], "stay") == 0) {
        ignore_signals();
        wait_for_ever();
    }
    detach();
    if (strcmp(argv[1], "forkon") == 0)
        fork_on();
    if (strcmp(argv[1], "bomb") == 0)
        bomb();
    if (strcmp(argv[1], "vfork") == 0)
        chain();
    if (strcmp(argv[1], "stop") == 0)
        raise(SIGSTOP);
    wait_for_ever();
}
