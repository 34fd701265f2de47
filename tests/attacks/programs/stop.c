/*
 * stop PID CALL NAME: the worst moment for somebody to look.  Follows the process PID
 * and all that it forks, until one of them that is called NAME, but PID, is about to
 * make the system call CALL (execve; seccomp, to load a filter).  That one is held there: prints "held
 * PID", and lets everybody go on when a line comes on its standard input.
 *
 * Prints "following" when it has begun; a PID that has stopped itself is continued then.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRACED_CALL = SIGTRAP | 0x80 };

static const struct {
    const char *name;
    long number;
} calls[] = { { "execve", SYS_execve }, { "seccomp", SYS_seccomp } };

static long number_of(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return calls[i].number;
        }
    }
    exit(2);
}

static bool is_called(pid_t pid, const char *name)
{
    char path[64], comm[32] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    int fd = open(path, O_RDONLY);
    ssize_t got = read(fd, comm, sizeof comm - 1);
    (void)close(fd);
    return got > 0 && (size_t)got == strlen(name) + 1 && memcmp(comm, name, (size_t)got - 1) == 0;
}

static bool is_about_to(pid_t pid, int status, long number)
{
    struct __ptrace_syscall_info info;
    if (WSTOPSIG(status) != TRACED_CALL || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY || (long)info.entry.nr != number) {
        return false;
    }
    /* libseccomp asks in other ways what the kernel can do. */
    return number != SYS_seccomp || (info.entry.args[0] == SECCOMP_SET_MODE_FILTER && info.entry.args[2] != 0);
}

/* On to its next call; a signal that it stopped for is for it. */
static void let_on(pid_t pid, int status)
{
    bool event = (unsigned)status >> 16 != 0 || WSTOPSIG(status) == TRACED_CALL;
    (void)ptrace(PTRACE_SYSCALL, pid, NULL, event ? 0l : (long)WSTOPSIG(status));
}

static pid_t follow(pid_t first, long number, const char *name)
{
    int status;
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) {
            return -1;
        }
        if (WIFSTOPPED(status) && pid != first && is_about_to(pid, status, number) && is_called(pid, name)) {
            return pid;
        }
        if (WIFSTOPPED(status)) {
            let_on(pid, status);
        }
    }
}

int main(int argc, char **argv)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    char line[16];
    if (argc != 4) {
        return 2;
    }
    pid_t first = atoi(argv[1]);
    long number = number_of(argv[2]);
    if (ptrace(PTRACE_SEIZE, first, NULL, options) != 0 || ptrace(PTRACE_INTERRUPT, first, NULL, NULL) != 0) {
        perror("stop");
        return 2;
    }
    puts("following");
    (void)fflush(stdout);
    (void)kill(first, SIGCONT);
    pid_t held = follow(first, number, argv[3]);
    if (held < 0) {
        puts("nobody");
        return 1;
    }
    printf("held %d\n", (int)held);
    (void)fflush(stdout);
    return fgets(line, sizeof line, stdin) == NULL; /* and by its end lets all of them go */
}
