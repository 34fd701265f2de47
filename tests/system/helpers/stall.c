/*
 * stall.c - what a writer on a file system notices of a freeze.
 *
 *   stall blocked FILE MS    status 0 if a write to FILE is still waiting after MS
 *                            milliseconds, for a thaw and not for the machine, 1 if
 *                            it went through
 *   stall kill FILE PID...   waits until a write to FILE blocks, kills each PID with
 *                            SIGKILL, prints the milliseconds from the first kill to
 *                            the end of the write; status 1 if that takes over 3 s
 *   stall watch FILE         writes 4 KiB and syncs, again and again, until stdin
 *                            ends; prints the longest pause between two
 *                            completed writes and their number: "NS COUNT"
 *
 * The write is done by a child process, because a writer on a frozen file system
 * sleeps uninterruptibly and whoever waits for it must not.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GIVE_UP_MS = 3000, SLOW_MS = 20000 };

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "stall: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void write_once(int file)
{
    static char block[4096];

    if (pwrite(file, block, sizeof block, 0) != sizeof block || fdatasync(file) != 0)
        die("write");
}

static int open_file(const char *path)
{
    /* Without O_CREAT: creating would already wait on a frozen file system, and here it must not. */
    const int file = open(path, O_WRONLY | O_CLOEXEC);

    if (file < 0)
        die(path);
    return file;
}

/* Starts the writing child; its completion time arrives on the descriptor returned. */
static int start_write(const char *path, pid_t *child)
{
    const int file = open_file(path);
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe");
    *child = fork();
    if (*child < 0)
        die("fork");
    if (*child == 0) {
        write_once(file);
        const uint64_t done = now_ns();
        _exit(write(ends[1], &done, sizeof done) == sizeof done ? 0 : 2);
    }
    close(ends[1]);
    close(file);
    return ends[0];
}

/* True if the process sleeps uninterruptibly. */
static int is_blocked(pid_t pid)
{
    char path[64], text[512];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    const char *const end = strrchr(text, ')');
    return end != NULL && strncmp(end, ") D", 3) == 0;
}

/* True if the process sleeps before a file system that is frozen, or about to be. */
static int waits_for_thaw(pid_t pid)
{
    char path[64], text[64];

    snprintf(path, sizeof path, "/proc/%d/wchan", (int)pid);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    text[got > 0 ? got : 0] = '\0';
    return strcmp(text, "percpu_rwsem_wait") == 0;
}

static int blocked(const char *path, int ms)
{
    pid_t child;
    const int file = start_write(path, &child);
    struct pollfd done = {.fd = file, .events = POLLIN};
    int waited = 0, step = ms;

    while (poll(&done, 1, step) == 0) {
        waited += step;
        if (waits_for_thaw(child) || waited >= SLOW_MS)
            return 0;
        step = 10;
    }
    return 1;
}

static int kill_and_wait(const char *path, char *const *pids)
{
    pid_t child;
    uint64_t end;
    int streak = 0;
    struct pollfd done = {.fd = start_write(path, &child), .events = POLLIN};

    /* Writing also sleeps for a moment on the disk; the freeze is what lasts. */
    while (streak < 20) {
        if (poll(&done, 1, 1) != 0) {
            fprintf(stderr, "stall: %s is not frozen\n", path);
            return 2;
        }
        streak = is_blocked(child) ? streak + 1 : 0;
    }
    const uint64_t start = now_ns();
    for (; *pids != NULL; pids++)
        if (kill((pid_t)atoi(*pids), SIGKILL) != 0)
            die("kill");
    if (poll(&done, 1, GIVE_UP_MS) != 1 || read(done.fd, &end, sizeof end) != sizeof end) {
        fprintf(stderr, "stall: still frozen %d ms after the kill\n", GIVE_UP_MS);
        return 1;
    }
    printf("%.3f\n", (double)(end - start) / 1e6);
    return 0;
}

static int watch(const char *path)
{
    const int file = open_file(path);
    struct pollfd input = {.fd = 0, .events = POLLIN};
    uint64_t last = now_ns(), longest = 0, count = 0;

    puts("ready");
    fflush(stdout);
    while (poll(&input, 1, 0) == 0) {
        write_once(file);
        const uint64_t now = now_ns();
        if (now - last > longest)
            longest = now - last;
        last = now;
        count++;
    }
    printf("%llu %llu\n", (unsigned long long)longest, (unsigned long long)count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "blocked") == 0)
        return blocked(argv[2], atoi(argv[3]));
    if (argc >= 4 && strcmp(argv[1], "kill") == 0)
        return kill_and_wait(argv[2], argv + 3);
    if (argc == 3 && strcmp(argv[1], "watch") == 0)
        return watch(argv[2]);
    fputs("usage: stall blocked FILE MS | kill FILE PID... | watch FILE\n", stderr);
    return 2;
}
