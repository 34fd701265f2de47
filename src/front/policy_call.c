#include "front/policy_call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front/replace.h"
#include "front/sanitise.h"
#include "quiesce/outcome.h"

#define PROGRAM "quiesce-policy"
enum { OPTIONS_MAX = 8, WORDS_MAX = 2 + OPTIONS_MAX + 1 + POLICY_FILES_MAX + 1 };

_Static_assert((int)MACHINE_FD_LEAST > (int)POLICY_FD_FIRST, "dup2 would overwrite what it still needs");

void policy_complain(const char *name, const char *what, int error)
{
    fputs("quiesce: ", stderr);
    sanitise_print(stderr, name, strlen(name));
    fprintf(stderr, ": %s%s%s\n", what, *what != '\0' ? ": " : "", strerror(error));
}

void policy_call_begin(struct policy_call *call)
{
    *call = (struct policy_call){ .null = -1, .programs = -1 };
}

int policy_call_add(struct policy_call *call, enum policy_file_kind kind, const char *name, int fd)
{
    const int opening = errno;
    const bool opened = fd >= 0;
    fd = machine_move(fd);
    if (fd < 0) {
        policy_complain(name, opened ? "the limit of open files is too low" : "", opened ? errno : opening);
        return EXIT_CONFIGURATION;
    }
    call->fds[call->files] = fd;
    if (asprintf(&call->words[call->files], "%c:%s", kind, name) < 0) {
        call->words[call->files] = NULL;
    }
    call->files++;
    return call->words[call->files - 1] != NULL ? 0 : EXIT_INTERNAL;
}

/* The content of an output, malloc'ed; NULL after a message.  *n may be 0. */
static char *read_output(int fd, const char *name, size_t *n)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0 || facts.st_size < 0 || facts.st_size > POLICY_OUTPUT_MAX) {
        policy_complain(name, "what was made for it makes no sense", EFBIG);
        return NULL;
    }
    *n = (size_t)facts.st_size;
    char *bytes = malloc(*n + 1);
    if (bytes == NULL || pread(fd, bytes, *n, 0) != facts.st_size) {
        policy_complain(name, "what was made for it cannot be read", bytes == NULL ? ENOMEM : EIO);
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* Says why a file cannot be written.  Returns an exit status. */
static int refuse_output(const char *name, int error)
{
    if (error == EEXIST) {
        fputs("quiesce: ", stderr);
        sanitise_print(stderr, name, strlen(name));
        fputs(": is no regular file, so it is not replaced\n", stderr);
        return EXIT_CONFIGURATION;
    }
    policy_complain(name, "cannot be written", error);
    return error == EACCES || error == EPERM || error == EROFS ? EXIT_NOT_PERMITTED
        : error == ENOENT || error == ENOTDIR                  ? EXIT_CONFIGURATION
                                                               : EXIT_INTERNAL;
}

int policy_output(int fd, const char *name)
{
    size_t n = 0;
    char *bytes = read_output(fd, name, &n);
    if (bytes == NULL) {
        return EXIT_INTERNAL;
    }
    int error = n > 0 ? replace_file(name, bytes, n) : 0;
    free(bytes);
    return error != 0 ? refuse_output(name, -error) : 0;
}

int policy_output_check(const char *name)
{
    struct stat st;
    const char *slash = strrchr(name, '/');
    char directory[PLAN_PATH_MAX] = ".";
    if (slash != NULL && (size_t)(slash - name) + 2 > sizeof directory) {
        return refuse_output(name, ENAMETOOLONG);
    }
    if (slash != NULL) {
        memcpy(directory, name, (size_t)(slash - name) + 1); /* with the slash, for that of "/" */
        directory[slash - name + 1] = '\0';
    }
    if (access(directory, W_OK | X_OK) != 0) {
        return refuse_output(name, errno);
    }
    return lstat(name, &st) == 0 && !S_ISREG(st.st_mode) ? refuse_output(name, EEXIST) : 0;
}

int policy_print(int fd)
{
    size_t n = 0;
    char *bytes = read_output(fd, "standard output", &n);
    if (bytes == NULL) {
        return EXIT_INTERNAL;
    }
    for (const char *line = bytes, *end; line < bytes + n; line = end + 1) {
        end = memchr(line, '\n', (size_t)(bytes + n - line));
        end = end != NULL ? end : bytes + n;
        sanitise_print(stdout, line, (size_t)(end - line));
        putchar('\n');
    }
    free(bytes);
    if (fflush(stdout) != 0) {
        policy_complain("standard output", "cannot be written", errno);
        return EXIT_INTERNAL;
    }
    return 0;
}

/* ---- the program ------------------------------------------------------------------- */

/* Between fork and exec: nothing here allocates, locks or prints. */
static _Noreturn void become_program(const struct policy_call *call, const int pipes[2], char *const arguments[])
{
    static const char failed[] = "quiesce: " PROGRAM " could not be executed\n";
    char *const environment[] = { NULL };
    sigset_t none;
    bool good = dup2(call->null, STDIN_FILENO) >= 0 && dup2(pipes[0], STDOUT_FILENO) >= 0
        && dup2(pipes[1], STDERR_FILENO) >= 0;
    /* Ascending numbers: none is overwritten before it is copied. */
    for (unsigned i = 0; good && i < call->files; i++) {
        good = dup2(call->fds[i], POLICY_FD_FIRST + (int)i) >= 0;
    }
    if (good && close_range(POLICY_FD_FIRST + call->files, ~0u, CLOSE_RANGE_CLOEXEC) == 0
        && signal(SIGPIPE, SIG_DFL) != SIG_ERR && signal(SIGCHLD, SIG_DFL) != SIG_ERR && sigemptyset(&none) == 0
        && sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        (void)umask(0077);
        (void)execveat(call->programs, PROGRAM, arguments, environment, 0);
    }
    if (write(STDERR_FILENO, failed, sizeof failed - 1) < 0) {
        _exit(EXIT_INTERNAL); /* nobody is left to be told */
    }
    _exit(EXIT_INTERNAL);
}

/* Starts it, prints what it writes, waits for it.  Returns an exit status. */
static int run_program(struct policy_call *call, char *const arguments[])
{
    int pipes[2] = { -1, -1 }, status = 0;
    FILE *const outs[2] = { stdout, stderr };
    for (unsigned i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            policy_complain(PROGRAM, "cannot be started", errno);
            return EXIT_INTERNAL;
        }
        call->relays[i] = (struct relay){ .in = machine_move(ends[0]), .out = outs[i] };
        pipes[i] = machine_move(ends[1]);
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_program(call, pipes, arguments);
    }
    int error = errno;
    close(pipes[0]);
    close(pipes[1]);
    if (pid < 0) {
        policy_complain(PROGRAM, "cannot be started", error);
        return EXIT_INTERNAL;
    }
    error = relay_all(call->relays, 2);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            policy_complain(PROGRAM, "cannot be waited for", errno);
            return EXIT_INTERNAL;
        }
    }
    if (error != 0) {
        policy_complain("standard output", "cannot be written", -error);
        return EXIT_INTERNAL;
    }
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "quiesce: " PROGRAM " was killed by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
        return EXIT_INTERNAL;
    }
    return WEXITSTATUS(status);
}

static int open_programs(struct policy_call *call)
{
    (void)machine_find_programs(PROGRAM, call->directory);
    call->programs = machine_move(open(call->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    call->null = machine_move(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (call->programs < 0 || call->null < 0) {
        policy_complain(call->programs < 0 ? call->directory : "/dev/null", "", errno);
        return EXIT_INTERNAL;
    }
    return 0;
}

int policy_call_run(struct policy_call *call, const char *verb, const char *const *options)
{
    char *arguments[WORDS_MAX];
    unsigned count = 0;
    arguments[count++] = (char *)(uintptr_t)PROGRAM;
    arguments[count++] = (char *)(uintptr_t)verb;
    for (unsigned i = 0; i < OPTIONS_MAX && options[i] != NULL; i++) {
        arguments[count++] = (char *)(uintptr_t)options[i];
    }
    arguments[count++] = (char *)(uintptr_t)"--";
    for (unsigned i = 0; i < call->files; i++) {
        arguments[count++] = call->words[i];
    }
    arguments[count] = NULL;
    int status = open_programs(call);
    return status != 0 ? status : run_program(call, arguments);
}

void policy_call_close(struct policy_call *call)
{
    for (unsigned i = 0; i < call->files; i++) {
        close(call->fds[i]);
        free(call->words[i]);
        free(call->output_names[i]);
    }
    close(call->programs);
    close(call->null);
}
