#include "front/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/policy_job.h"
#include "front/machine.h"
#include "front/option_table.h"
#include "front/relay.h"
#include "front/replace.h"
#include "front/sanitise.h"
#include "quiesce/outcome.h"

#define PROGRAM "quiesce-policy"
enum { OPTIONS_MAX = 4, WORDS_MAX = 2 + OPTIONS_MAX + 1 + POLICY_FILES_MAX + 1 };

_Static_assert((int)MACHINE_FD_LEAST > (int)POLICY_FD_FIRST, "dup2 would overwrite what it still needs");

/* One call of quiesce-policy. */
struct call {
    unsigned files;                 /* in use of the following */
    int fds[POLICY_FILES_MAX];      /* at MACHINE_FD_LEAST or above, ascending */
    char *words[POLICY_FILES_MAX];  /* "d:NAME", malloc'ed */
    const char *output_names[POLICY_FILES_MAX]; /* of outputs, malloc'ed: where to write; else NULL */
    int null, programs;
    struct relay relays[2];
    char directory[PLAN_PATH_MAX];
};

static void complain(const char *name, const char *what, int error)
{
    fputs("quiesce: ", stderr);
    sanitise_print(stderr, name, strlen(name));
    fprintf(stderr, ": %s%s%s\n", what, *what != '\0' ? ": " : "", strerror(error));
}

/* ---- files ---------------------------------------------------------------------- */

/* Takes a new descriptor.  Returns 0, or an exit status after a message. */
static int add_file(struct call *call, enum policy_file_kind kind, const char *name, int fd)
{
    int error = errno;
    fd = machine_move(fd);
    if (fd < 0) {
        complain(name, "", error);
        return EXIT_CONFIGURATION;
    }
    call->fds[call->files] = fd;
    if (asprintf(&call->words[call->files], "%c:%s", kind, name) < 0) {
        call->words[call->files] = NULL;
    }
    call->files++;
    return call->words[call->files - 1] != NULL ? 0 : EXIT_INTERNAL;
}

/* An output: memory, whose content becomes the file once all is well. */
static int add_output(struct call *call, const struct options *options, const char *document)
{
    char *name = NULL;
    if (asprintf(&name, "%s%s", options->output != NULL ? options->output : document, options->output != NULL ? "" : ".qpol")
        < 0) {
        return EXIT_INTERNAL;
    }
    call->output_names[call->files] = name;
    return add_file(call, POLICY_FILE_OUTPUT, name, memfd_create("policy", MFD_CLOEXEC));
}

static int open_files(struct call *call, const struct options *options)
{
    int status = 0;
    for (unsigned i = 0; i < options->operands_count && status == 0; i++) {
        const char *name = options->operands[i];
        status = add_file(call, POLICY_FILE_DOCUMENT, name, open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (status == 0 && options->command == COMMAND_POLICY_COMPILE) {
            status = add_output(call, options, name);
        }
    }
    return status;
}

/* Writes one output; empty: its document could not be used. */
static int write_output(int fd, const char *name)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0 || facts.st_size < 0 || facts.st_size > POLICY_OUTPUT_MAX) {
        complain(name, "what was made for it makes no sense", EFBIG);
        return EXIT_INTERNAL;
    }
    if (facts.st_size == 0) {
        return 0;
    }
    size_t n = (size_t)facts.st_size;
    char *bytes = malloc(n);
    int error = bytes == NULL ? -ENOMEM : pread(fd, bytes, n, 0) != facts.st_size ? -EIO : replace_file(name, bytes, n);
    free(bytes);
    if (error == -EEXIST) {
        fputs("quiesce: ", stderr);
        sanitise_print(stderr, name, strlen(name));
        fputs(": is no regular file, so it is not replaced\n", stderr);
        return EXIT_CONFIGURATION;
    }
    if (error != 0) {
        complain(name, "cannot be written", -error);
        return error == -EACCES || error == -EPERM || error == -EROFS ? EXIT_NOT_PERMITTED : EXIT_INTERNAL;
    }
    return 0;
}

static int write_outputs(const struct call *call)
{
    int worst = 0;
    for (unsigned i = 0; i < call->files; i++) {
        int status = call->output_names[i] != NULL ? write_output(call->fds[i], call->output_names[i]) : 0;
        worst = worst == 0 ? status : worst;
    }
    return worst;
}

/* ---- the program ------------------------------------------------------------------- */

/* Between fork and exec: nothing here allocates, locks or prints. */
static _Noreturn void become_program(const struct call *call, const int pipes[2], char *const arguments[])
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
static int run_program(struct call *call, char *const arguments[])
{
    int pipes[2] = { -1, -1 }, status = 0;
    FILE *const outs[2] = { stdout, stderr };
    for (unsigned i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            complain(PROGRAM, "cannot be started", errno);
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
        complain(PROGRAM, "cannot be started", error);
        return EXIT_INTERNAL;
    }
    error = relay_all(call->relays, 2);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            complain(PROGRAM, "cannot be waited for", errno);
            return EXIT_INTERNAL;
        }
    }
    if (error != 0) {
        complain("standard output", "cannot be written", -error);
        return EXIT_INTERNAL;
    }
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "quiesce: " PROGRAM " was killed by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
        return EXIT_INTERNAL;
    }
    return WEXITSTATUS(status);
}

static int call_program(struct call *call, const struct options *options)
{
    char *arguments[WORDS_MAX];
    unsigned count = 0;
    arguments[count++] = (char *)(uintptr_t)PROGRAM;
    arguments[count++] = (char *)(uintptr_t)command_table[options->command].verb;
    if (options->json) {
        arguments[count++] = (char *)(uintptr_t)"--json";
    }
    arguments[count++] = (char *)(uintptr_t)"--";
    for (unsigned i = 0; i < call->files; i++) {
        arguments[count++] = call->words[i];
    }
    arguments[count] = NULL;
    return run_program(call, arguments);
}

static int open_programs(struct call *call)
{
    (void)machine_find_programs(PROGRAM, call->directory);
    call->programs = machine_move(open(call->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    call->null = machine_move(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (call->programs < 0 || call->null < 0) {
        complain(call->programs < 0 ? call->directory : "/dev/null", "", errno);
        return EXIT_INTERNAL;
    }
    return 0;
}

static void close_call(struct call *call)
{
    for (unsigned i = 0; i < call->files; i++) {
        close(call->fds[i]);
        free(call->words[i]);
        free((char *)(uintptr_t)call->output_names[i]);
    }
    close(call->programs);
    close(call->null);
}

int policy_command(const struct options *options)
{
    static struct call call; /* large */
    call = (struct call){ .null = -1, .programs = -1 };
    /* A caller may have left it ignored, and then nobody can be waited for. */
    (void)signal(SIGCHLD, SIG_DFL);
    int status = open_files(&call, options);
    if (status == 0) {
        status = open_programs(&call);
    }
    if (status == 0) {
        status = call_program(&call, options);
    }
    if (call.files > 0) {
        int written = write_outputs(&call);
        status = status == 0 ? written : status;
    }
    close_call(&call);
    return status;
}
