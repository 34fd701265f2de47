#include "hijack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

WRAP(drop_privileges);

/* The linker's: what the files of this directory have put into the section. */
extern const struct hijack *const __start_hijacks[], *const __stop_hijacks[];

enum { SAID_MAX = 1 << 20, ARGUMENTS_MAX = 4096 };

static const struct role *role;
static char arguments[ARGUMENTS_MAX];

/* Shared with every copy of the process. */
static struct shared {
    atomic_size_t said; /* bytes of text */
    atomic_int result;  /* of the attempt that is being made */
} *shared;
static char *text;

enum { NOT_BEGUN = 1 << 16, NOT_ENDED };

static _Noreturn void stop(const char *what)
{
    perror(what);
    _exit(99);
}

static void *map(int fd, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    if (at == MAP_FAILED) {
        stop("hijack: memory");
    }
    return at;
}

static void prepare(void)
{
    char path[64];
    snprintf(path, sizeof path, HIJACK_DIRECTORY "/%s", weakened_program());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, SAID_MAX) != 0) {
        stop(path);
    }
    text = map(fd, SAID_MAX);
    shared = map(-1, sizeof *shared);
    (void)close(fd);
    fd = open(HIJACK_DIRECTORY "/arguments", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, arguments, sizeof arguments - 1);
    arguments[got > 0 ? got : 0] = '\0';
    (void)close(fd);
}

void __wrap_drop_privileges(const struct role *r)
{
    const struct hijack *const *h = __start_hijacks;
    while (h < __stop_hijacks && !weakened_tag((*h)->tag)) {
        h++;
    }
    role = r;
    if (h == __stop_hijacks) {
        hijack_drop();
        return;
    }
    prepare();
    if ((*h)->before != NULL) {
        (*h)->before();
    }
    hijack_drop();
    if ((*h)->instead != NULL) {
        (*h)->instead();
    }
}

void hijack_drop(void)
{
    if (!weakened("drop")) {
        __real_drop_privileges(role);
    }
}

/* ---- words ------------------------------------------------------------------------- */

void hijack_say(const char *format, ...)
{
    char line[1024];
    va_list rest;
    va_start(rest, format);
    int length = vsnprintf(line, sizeof line - 1, format, rest);
    va_end(rest);
    length = length < (int)sizeof line - 2 ? length : (int)sizeof line - 2;
    line[length++] = '\n';
    size_t at = atomic_fetch_add(&shared->said, (size_t)length);
    if (at + (size_t)length < SAID_MAX) {
        memcpy(text + at, line, (size_t)length);
    }
}

const char *hijack_argument(const char *name, const char *otherwise)
{
    static char value[ARGUMENTS_MAX];
    size_t length = strlen(name);
    for (const char *line = arguments; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, name, length) == 0 && line[length] == '=') {
            size_t end = strcspn(line + length + 1, "\n");
            memcpy(value, line + length + 1, end);
            value[end] = '\0';
            return value;
        }
    }
    return otherwise;
}

uint64_t hijack_number(const char *name, uint64_t otherwise)
{
    const char *value = hijack_argument(name, NULL);
    return value != NULL ? strtoull(value, NULL, 0) : otherwise;
}

const char *hijack_word(int result)
{
    static char word[32];
    const char *name = result == 0 ? "done" : result > 0 ? strerrorname_np(result) : sigabbrev_np(-result);
    snprintf(word, sizeof word, "%s%s", result < 0 ? "SIG" : "", name != NULL ? name : "?");
    return word;
}

/* ---- attempts ------------------------------------------------------------------------ */

static _Noreturn void attempt_in_copy(int (*attempt)(const void *what), const void *what, unsigned ms)
{
    /* A call that waits is ended by this; no timer is left to the copy's own copies. */
    const struct itimerval most = { .it_value = { ms / 1000, ms % 1000 * 1000 } };
    (void)signal(SIGALRM, SIG_DFL);
    (void)setitimer(ITIMER_REAL, &most, NULL);
    hijack_drop();
    atomic_store(&shared->result, NOT_ENDED);
    int result = attempt(what);
    atomic_store(&shared->result, result);
    (void)syscall(SYS_exit_group, 0);
    abort();
}

static bool out_of_time(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
}

int hijack_try(int (*attempt)(const void *what), const void *what, unsigned ms, int *status)
{
    atomic_store(&shared->result, NOT_BEGUN);
    (void)signal(SIGCHLD, SIG_DFL);
    pid_t copy = fork();
    if (copy == 0) {
        attempt_in_copy(attempt, what, ms);
    }
    bool ended = copy >= 0 && waitpid(copy, status, 0) == copy;
    if (ended && atomic_load(&shared->result) == NOT_BEGUN && out_of_time(*status)) {
        return hijack_try(attempt, what, 2 * ms, status); /* a busy machine: its time was up before it was confined */
    }
    if (!ended || atomic_load(&shared->result) == NOT_BEGUN) {
        hijack_say("a copy of the role could not confine itself");
        stop("hijack: a copy");
    }
    int result = atomic_load(&shared->result);
    if (result != NOT_ENDED) {
        return result;
    }
    return !WIFSIGNALED(*status) ? ECHILD : out_of_time(*status) ? ETIME : -WTERMSIG(*status);
}
