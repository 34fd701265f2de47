#include "front/policy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "front/option_table.h"
#include "front/policy_call.h"
#include "quiesce/outcome.h"

/* An output: memory, whose content becomes the file once all is well. */
static int add_output(struct policy_call *call, const struct options *options, const char *document)
{
    char *name = NULL;
    if (asprintf(&name, "%s%s", options->output != NULL ? options->output : document, options->output != NULL ? "" : ".qpol")
        < 0) {
        return EXIT_INTERNAL;
    }
    call->output_names[call->files] = name;
    return policy_call_add(call, POLICY_FILE_OUTPUT, name, memfd_create("policy", MFD_CLOEXEC));
}

/* The table of tests beside NAME.json: NAME.tests. */
static int add_table(struct policy_call *call, const char *document)
{
    static const char suffix[] = ".json";
    size_t n = strlen(document), s = sizeof suffix - 1;
    bool known = n > s && strcmp(document + n - s, suffix) == 0;
    char *name = NULL;
    if (asprintf(&name, "%.*s.tests", (int)(known ? n - s : n), document) < 0) {
        return EXIT_INTERNAL;
    }
    int status = policy_call_add(call, POLICY_FILE_TABLE, name, open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY));
    free(name);
    return status;
}

/* The output is the document itself, which would be lost. */
static bool is_itself(const struct policy_call *call, const char *output)
{
    struct stat document, other;
    return fstat(call->fds[call->files - 1], &document) == 0 && stat(output, &other) == 0 && document.st_dev == other.st_dev
        && document.st_ino == other.st_ino;
}

static int open_files(struct policy_call *call, const struct options *options)
{
    int status = 0;
    for (unsigned i = 0; i < options->operands_count && status == 0; i++) {
        const char *name = options->operands[i];
        status = policy_call_add(call, POLICY_FILE_DOCUMENT, name, open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (status == 0 && options->output != NULL && is_itself(call, options->output)) {
            fputs("quiesce: the policy cannot be its own output: the document would be lost\n", stderr);
            status = EXIT_USAGE;
        } else if (status == 0 && options->command == COMMAND_POLICY_COMPILE) {
            status = add_output(call, options, name);
        } else if (status == 0 && options->command == COMMAND_POLICY_TEST) {
            status = add_table(call, name);
        }
    }
    return status;
}

static int write_outputs(const struct policy_call *call)
{
    int worst = 0;
    for (unsigned i = 0; i < call->files; i++) {
        int status = call->output_names[i] != NULL ? policy_output(call->fds[i], call->output_names[i]) : 0;
        worst = worst == 0 ? status : worst;
    }
    return worst;
}

/* The options as quiesce-policy takes them. */
struct words {
    const char *list[6]; /* NULL-terminated */
    char tuples[32], seed[32];
};

static void make_words(struct words *words, const struct options *options)
{
    unsigned count = 0;
    *words = (struct words){ .list = { NULL } };
    if (options->json) {
        words->list[count++] = "--json";
    }
    if (options->bpf) {
        words->list[count++] = "--bpf";
    }
    if (options->verbose) {
        words->list[count++] = "--verbose";
    }
    if (options->has_tuples) {
        snprintf(words->tuples, sizeof words->tuples, "--tuples=%u", options->tuples);
        words->list[count++] = words->tuples;
    }
    if (options->has_seed) {
        snprintf(words->seed, sizeof words->seed, "--seed=%u", options->seed);
        words->list[count++] = words->seed;
    }
}

int policy_command(const struct options *options)
{
    static struct policy_call call; /* large */
    struct words words;
    make_words(&words, options);
    policy_call_begin(&call);
    /* A caller may have left it ignored, and then nobody can be waited for. */
    (void)signal(SIGCHLD, SIG_DFL);
    int status = open_files(&call, options);
    if (status == 0) {
        status = policy_call_run(&call, command_table[options->command].verb, words.list);
    }
    if (call.files > 0) {
        int written = write_outputs(&call);
        status = status == 0 ? written : status;
    }
    policy_call_close(&call);
    return status;
}
