/*
 * reuse victim                     in a hook: leaves a family running, a child and a
 *                                  parent that reaps it; prints the child's pid
 * reuse swap LAUNCHER VICTIM STEP  the worst luck that there is: at the STEP at which
 *                                  the launcher turns to the process VICTIM, that ends,
 *                                  and a stranger gets its pid
 *
 *   STEP   open   the pid was read and is about to be opened
 *          check  it was opened and is about to be looked up again
 *          send   the signal is about to be sent
 *
 * swap stops the launcher there as its debugger.  It prints "attached" when it is one
 * and "swapped" when it has done that; a line on its standard input asks what became
 * of the stranger: the attack is "STEP".
 */
#include "attack.h"

#include <linux/sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>

enum { CHECK_AGAIN_NS = 1000000, PATIENCE = 5000, TRACED_CALL = SIGTRAP | 0x80 };
enum step { OPEN, CHECK, SEND, STEPS };

static const char *const steps[STEPS] = { "open", "check", "send" };

/* ---- in the hook --------------------------------------------------------------------- */

static int victim(void)
{
    if (fork() > 0) {
        return 0; /* as soon as the family has begun, it has said so */
    }
    (void)setsid();
    (void)signal(SIGTERM, SIG_IGN);
    pid_t child = fork();
    if (child > 0) {
        printf("%d\n", (int)child);
        (void)fflush(stdout);
    }
    (void)close(STDOUT_FILENO); /* until then the hook waits */
    (void)close(STDERR_FILENO);
    if (child == 0) {
        (void)pause();
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
    return 0;
}

/* ---- the swap --------------------------------------------------------------------------- */

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(2);
}

/* Waits until a pid is nobody's: no event tells that somebody else has reaped it. */
static void await_free(pid_t pid)
{
    const struct timespec moment = { 0, CHECK_AGAIN_NS };
    for (int i = 0; kill(pid, 0) == 0 || errno != ESRCH; i++) {
        if (i == PATIENCE) {
            die("the victim's parent does not reap it");
        }
        (void)nanosleep(&moment, NULL);
    }
}

/* A process of this one's, in no cgroup of a hook's, that ends at the first signal. */
static pid_t become_stranger(pid_t pid)
{
    struct clone_args arguments = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
    (void)kill(pid, SIGKILL);
    await_free(pid);
    long stranger = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (stranger == 0) {
        (void)pause();
        _exit(0);
    }
    if (stranger != pid) {
        die("the pid cannot be had again");
    }
    return pid;
}

/* The call that the launcher is about to make, or -1 at the end of one. */
static long about_to(pid_t launcher, uint64_t arguments[6])
{
    struct __ptrace_syscall_info info;
    int status;
    if (ptrace(PTRACE_SYSCALL, launcher, NULL, NULL) != 0 || waitpid(launcher, &status, 0) != launcher) {
        die("the launcher");
    }
    if (!WIFSTOPPED(status)) {
        die("the launcher ended");
    }
    if (WSTOPSIG(status) != TRACED_CALL || ptrace(PTRACE_GET_SYSCALL_INFO, launcher, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY) {
        return -1;
    }
    memcpy(arguments, info.entry.args, sizeof info.entry.args);
    return (long)info.entry.nr;
}

static void attach(pid_t launcher)
{
    if (ptrace(PTRACE_SEIZE, launcher, NULL, PTRACE_O_TRACESYSGOOD) != 0 || ptrace(PTRACE_INTERRUPT, launcher, NULL, NULL) != 0 ||
        waitpid(launcher, NULL, 0) != launcher) {
        die("cannot attach");
    }
    puts("attached");
    (void)fflush(stdout);
}

/* Lets the launcher on until it is about to take that step with the victim. */
static void await_step(pid_t launcher, pid_t pid, enum step wanted)
{
    enum step now = OPEN;
    for (;;) {
        uint64_t arguments[6];
        long call = about_to(launcher, arguments);
        bool taken = now == OPEN ? call == SYS_pidfd_open && (pid_t)arguments[0] == pid
            : now == CHECK ? call == SYS_pread64
            : call == SYS_pidfd_send_signal || call == SYS_kill;
        if (taken && now == wanted) {
            return;
        }
        now += taken ? 1 : 0;
    }
}

static int swap(pid_t launcher, pid_t pid, enum step step)
{
    char line[16];
    attach(launcher);
    await_step(launcher, pid, step);
    pid_t stranger = become_stranger(pid);
    (void)ptrace(PTRACE_DETACH, launcher, NULL, NULL);
    puts("swapped");
    (void)fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return 2;
    }
    int status = 0;
    bool hit = waitpid(stranger, &status, WNOHANG) == stranger;
    attack_says(steps[step], hit, hit ? sigabbrev_np(WTERMSIG(status)) : "alive");
    (void)kill(stranger, SIGKILL);
    return 0;
}

int main(int argc, char **argv)
{
    enum step step = OPEN;
    if (argc == 2 && strcmp(argv[1], "victim") == 0) {
        return victim();
    }
    while (argc == 5 && step < STEPS && strcmp(argv[4], steps[step]) != 0) {
        step++;
    }
    if (argc != 5 || step == STEPS) {
        return 2;
    }
    return swap(atoi(argv[2]), atoi(argv[3]), step);
}
