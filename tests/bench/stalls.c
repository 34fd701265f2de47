/*
 * stalls.c - what writers notice while file systems are frozen, and an agent to compare with.
 *
 *   stalls watch FILE FILE       one writer does pwrite(2), the other pwrite(2) and
 *                                fdatasync(2), 4 KiB every 100 us, until stdin ends; then
 *                                prints the longest call of each and how many there were:
 *                                "NS COUNT NS COUNT".  "ready" as soon as both write.
 *   stalls agent SOCKET MOUNT... has qemu-ga, which listens on SOCKET, freeze these and
 *                                thaw them again; status 1 if it says that it has not
 *
 * A writer on a frozen file system sleeps uninterruptibly, so each is a process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_US = 100, ANSWER_MAX = 65536, FIRST_WRITES = 16 };

struct writer {
    _Atomic uint64_t longest_ns, count;
};
struct shared {
    _Atomic int stop;
    struct writer writers[2]; /* [1] syncs */
};

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "stalls: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- writers -------------------------------------------------------------------- */

/* The first writes, which allocate, are nobody's stall. */
static void write_on(struct shared *shared, const char *path, int which)
{
    static char block[4096];
    struct writer *const w = &shared->writers[which];
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (file < 0)
        die(path);
    prctl(PR_SET_TIMERSLACK, 1);
    while (!atomic_load(&shared->stop)) {
        const uint64_t begin = now_ns();
        if (pwrite(file, block, sizeof block, 0) != sizeof block || (which == 1 && fdatasync(file) != 0))
            die(path);
        const uint64_t took = now_ns() - begin;
        if (atomic_fetch_add(&w->count, 1) >= FIRST_WRITES && took > atomic_load(&w->longest_ns))
            atomic_store(&w->longest_ns, took);
        usleep(PAUSE_US);
    }
}

static int watch(char **paths)
{
    struct shared *const shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char end;

    if (shared == MAP_FAILED)
        die("mmap");
    for (int i = 0; i < 2; i++) {
        const pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            write_on(shared, paths[i], i);
            _exit(0);
        }
    }
    while (atomic_load(&shared->writers[0].count) <= FIRST_WRITES || atomic_load(&shared->writers[1].count) <= FIRST_WRITES) {
        if (waitpid(-1, NULL, WNOHANG) > 0)
            return 2; /* it has said why */
        usleep(PAUSE_US);
    }
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    atomic_store(&shared->stop, 1);
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < 2; i++)
        printf("%llu %llu%c", (unsigned long long)atomic_load(&shared->writers[i].longest_ns),
               (unsigned long long)atomic_load(&shared->writers[i].count), i == 0 ? ' ' : '\n');
    return 0;
}

/* ---- qemu-ga ------------------------------------------------------------------------ */

/* Sends a command and reads the line that answers it; dies if that is an error. */
static void ask(int agent, const char *text, char answer[ANSWER_MAX])
{
    size_t used = 0;

    if (write(agent, text, strlen(text)) != (ssize_t)strlen(text))
        die("write to the agent");
    while (used == 0 || answer[used - 1] != '\n') {
        const ssize_t n = read(agent, answer + used, ANSWER_MAX - 1 - used);
        if (n <= 0)
            die("the agent's answer");
        used += (size_t)n;
    }
    answer[used] = '\0';
    if (strstr(answer, "\"error\"") != NULL) {
        fprintf(stderr, "stalls: the agent says %s", answer);
        exit(1);
    }
}

static int drive_agent(const char *path, char **mounts)
{
    static char request[ANSWER_MAX], answer[ANSWER_MAX];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned count = 0, frozen = 0;
    size_t used;

    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    if (agent < 0 || connect(agent, (const struct sockaddr *)&name, sizeof name) != 0)
        die(path);
    ask(agent, "{\"execute\":\"guest-sync\",\"arguments\":{\"id\":1}}\n", answer);
    used = (size_t)snprintf(request, sizeof request, "{\"execute\":\"guest-fsfreeze-freeze-list\",\"arguments\":{\"mountpoints\":[");
    for (char **m = mounts; *m != NULL && used < sizeof request; m++, count++)
        used += (size_t)snprintf(request + used, sizeof request - used, "%s\"%s\"", m == mounts ? "" : ",", *m);
    if (used + 8 > sizeof request)
        return 2;
    memcpy(request + used, "]}}\n", 5);
    ask(agent, request, answer);
    if (sscanf(answer, "{\"return\": %u", &frozen) != 1 || frozen != count) {
        fprintf(stderr, "stalls: %u file systems are to be frozen, and the agent says %s", count, answer);
        return 1;
    }
    ask(agent, "{\"execute\":\"guest-fsfreeze-thaw\"}\n", answer);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "watch") == 0)
        return watch(argv + 2);
    if (argc >= 4 && strcmp(argv[1], "agent") == 0)
        return drive_agent(argv[2], argv + 3);
    fputs("usage: stalls watch FILE FILE | agent SOCKET MOUNT...\n", stderr);
    return 2;
}
