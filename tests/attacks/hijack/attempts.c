/*
 * Every attempt, each in a copy of the role of its own.
 */
#include "attempts.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"

enum { ATTEMPT_MS = 10000, GOT_IT = 42 }; /* exit status of what was executed */

struct targets targets;
char attempts_name[16];
static struct {
    struct file_handle handle;
    unsigned char bytes[MAX_HANDLE_SZ];
} secret;

static const struct attempt {
    const char *name;
    int (*make)(void);
} attempts[] = {
#define X(function) { #function, function },
    ATTEMPTS_ON_FILES(X)
    ATTEMPTS_ON_OTHERS(X)
#undef X
};

static int make_attempt(const void *what)
{
    return ((const struct attempt *)what)->make();
}

/* The monitor's process: started first, and of all that is left of its name the newest. */
static pid_t find_monitor(void)
{
    char path[300], name[32];
    pid_t found = 0;
    DIR *proc = opendir("/proc");
    for (const struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
        FILE *comm = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (comm != NULL && fgets(name, sizeof name, comm) != NULL && strcmp(name, "quiesce-monitor\n") == 0) {
            found = atoi(e->d_name) > found ? atoi(e->d_name) : found;
        }
        if (comm != NULL) {
            (void)fclose(comm);
        }
    }
    if (proc != NULL) {
        (void)closedir(proc);
    }
    return found;
}

/* A role has /dev/null at 0 and 1; here it holds a program and a file instead. */
static void make_targets(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int mount_id, fd = open("/bin/sh", O_RDONLY), file = open(HIJACK_DIRECTORY "/file", O_RDWR | O_CREAT, 0600);
    targets.file = 1;
    if (dup2(fd, targets.program) != targets.program || dup2(file, targets.file) != targets.file) {
        hijack_say("the targets cannot be laid out");
    }
    /* What an earlier role's attempts left running, where its defence was out, may hold that one's name. */
    snprintf(attempts_name + 1, sizeof attempts_name - 1, "qh%012llx", (unsigned long long)(clock_monotonic_ns() & 0xFFFFFFFFFFFF));
    memcpy(name.sun_path, attempts_name, sizeof attempts_name);
    targets.listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(targets.listener, (struct sockaddr *)&name, sizeof(sa_family_t) + sizeof attempts_name) != 0) {
        hijack_say("nobody listens at the abstract name");
    }
    targets.secret = &secret.handle;
    secret.handle.handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, SECRET, &secret.handle, &mount_id, 0) != 0) {
        hijack_say("the secret has no handle");
    }
    /* It was started first, but may not have executed its program yet. */
    const uint64_t until_ns = clock_monotonic_ns() + ATTEMPT_MS * NS_PER_MS;
    while ((targets.monitor = find_monitor()) == 0 && clock_monotonic_ns() < until_ns) {
        sched_yield();
    }
    if (targets.monitor == 0) {
        hijack_say("there is no monitor");
    }
}

/* "parser-file-open" */
static void name_attempt(char name[64], const struct attempt *a)
{
    snprintf(name, 64, "%s-%s", weakened_program(), a->name);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c == '_' ? '-' : *c);
    }
}

static void all_attempts(void)
{
    make_targets();
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        int status = 0, got = hijack_try(make_attempt, &attempts[i], ATTEMPT_MS, &status);
        char name[64], bytes[16];
        bool executed = got == ECHILD && WIFEXITED(status) && WEXITSTATUS(status) == GOT_IT;
        name_attempt(name, &attempts[i]);
        hijack_say("%s %s %s", name, got == 0 || executed ? "succeeded" : "contained", hijack_word(executed ? 0 : got));
        /* What was sent has arrived, or it was not. */
        if (attempts[i].make == socket_datagram) {
            bool came = recv(targets.listener, bytes, sizeof bytes, 0) == 6;
            if (came != (got == 0)) {
                hijack_say("%s unclear", name);
            }
        }
    }
    _exit(0);
}

HIJACK(attempts, "attempts", all_attempts, NULL);
