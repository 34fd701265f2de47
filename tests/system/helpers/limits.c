/*
 * limits WHAT...: meets the limits of its policy; one line about each on stdout.
 *
 *   forks        makes processes that stay until one is refused
 *   threads      the same with threads
 *   hog MIB      touches so much memory
 *   meet NAME    does what RLIMIT_NAME refuses or ends a process for
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TOO_MANY = 1000 };

static void say(const char *what, long result)
{
    printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "allowed");
    (void)fflush(stdout);
}

static void forks(void)
{
    static pid_t children[TOO_MANY];
    int count = 0, error = 0;
    while (count < TOO_MANY && error == 0) {
        children[count] = fork();
        if (children[count] == 0) {
            (void)pause();
            _exit(0);
        }
        error = children[count] < 0 ? errno : 0;
        count += error == 0;
    }
    printf("forks %d %s\n", count, error != 0 ? strerrorname_np(error) : "unlimited");
    for (int i = 0; i < count; i++) {
        (void)kill(children[i], SIGKILL);
        (void)waitpid(children[i], NULL, 0);
    }
}

static void *stay(void *unused)
{
    (void)pause();
    return unused;
}

static void threads(void)
{
    pthread_t thread;
    int count = 0, error = 0;
    for (; count < TOO_MANY && error == 0; count += error == 0) {
        error = pthread_create(&thread, NULL, stay, NULL);
    }
    printf("threads %d %s\n", count, error != 0 ? strerrorname_np(error) : "unlimited");
}

static void hog(const char *mib)
{
    size_t bytes = strtoul(mib, NULL, 10) << 20;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        say("hog", -1);
        return;
    }
    for (size_t i = 0; i < bytes; i += 4096) {
        memory[i] = 1;
    }
    printf("hog has %s MiB\n", mib);
}

/* ---- rlimits ----------------------------------------------------------------------- */

static long all_descriptors(void)
{
    int fd = 0;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd < TOO_MANY) {
    }
    return fd;
}

static long mapping(void)
{
    return mmap(NULL, 1ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long big_file(void)
{
    static char block[65536];
    int fd = open("/tmp/big", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 64; i++) {
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block) {
            return -1;
        }
    }
    return 0;
}

static long locked(void)
{
    static char memory[1 << 20];
    return mlock(memory, sizeof memory);
}

static long queue(void)
{
    struct mq_attr large = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
    return mq_open("/quiesce-test", O_RDWR | O_CREAT, 0600, &large);
}

static long nice_up(void)
{
    return setpriority(PRIO_PROCESS, 0, -5);
}

static long real_time(void)
{
    return sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 });
}

static long pending(void)
{
    (void)sigprocmask(SIG_BLOCK, &(sigset_t){ { ~0ul } }, NULL);
    for (int i = 0; i < 100; i++) {
        if (sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }) != 0) {
            return -1;
        }
    }
    return 0;
}

static long burn(void)
{
    for (volatile unsigned long i = 0;; i++) {
    }
    return 0;
}

static long at_depth(int depth)
{
    volatile char frame[16384];
    frame[depth % 16384] = (char)depth;
    return depth == 0 ? 0 : at_depth(depth - 1) + frame[depth % 16384];
}

static long deep(void)
{
    return at_depth(1000) == 0 ? 0 : 1;
}

static long process(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid;
}

static const struct {
    const char *name;
    long (*meet)(void);
} table[] = {
    { "AS", mapping }, { "DATA", mapping }, { "FSIZE", big_file }, { "NOFILE", all_descriptors }, { "MEMLOCK", locked },
    { "MSGQUEUE", queue }, { "NICE", nice_up }, { "RTPRIO", real_time }, { "SIGPENDING", pending }, { "CPU", burn },
    { "STACK", deep }, { "NPROC", process },
};

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "";
    if (strcmp(what, "forks") == 0) {
        forks();
    } else if (strcmp(what, "threads") == 0) {
        threads();
    } else if (strcmp(what, "hog") == 0) {
        hog(argument);
    } else if (strcmp(what, "meet") == 0) {
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            if (strcmp(table[i].name, argument) == 0) {
                say(argument, table[i].meet());
            }
        }
    } else {
        return 2;
    }
    return 0;
}
