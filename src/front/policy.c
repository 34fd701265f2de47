#include "front/policy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

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

static int open_files(struct policy_call *call, const struct options *options)
{
    int status = 0;
    for (unsigned i = 0; i < options->operands_count && status == 0; i++) {
        const char *name = options->operands[i];
        status = policy_call_add(call, POLICY_FILE_DOCUMENT, name, open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (status == 0 && options->command == COMMAND_POLICY_COMPILE) {
            status = add_output(call, options, name);
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

int policy_command(const struct options *options)
{
    static struct policy_call call; /* large */
    const char *const words[] = { options->json ? "--json" : options->bpf ? "--bpf" : NULL, options->json && options->bpf ? "--bpf" : NULL, NULL };
    policy_call_begin(&call);
    /* A caller may have left it ignored, and then nobody can be waited for. */
    (void)signal(SIGCHLD, SIG_DFL);
    int status = open_files(&call, options);
    if (status == 0) {
        status = policy_call_run(&call, command_table[options->command].verb, words);
    }
    if (call.files > 0) {
        int written = write_outputs(&call);
        status = status == 0 ? written : status;
    }
    policy_call_close(&call);
    return status;
}
