#include "policy/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/plan_check.h"
#include "parser/policy_file.h"
#include "policy/confine.h"
#include "quiesce/outcome.h"

static void make(void *answer, const void *context)
{
    const struct file_bytes *source = context;
    (void)policy_file_make(answer, source->bytes, source->length);
}

static int write_whole(const struct document *document, const struct policy_file *file)
{
    const char *bytes = (const char *)file;
    for (size_t done = 0; done < sizeof *file;) {
        ssize_t n = write(document->output, bytes + done, sizeof *file - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            fprintf(stderr, "%s: its compiled form cannot be handed over: %s\n", document->name, strerror(errno));
            return EXIT_INTERNAL;
        }
    }
    return 0;
}

static int compile_one(const struct document *document)
{
    static struct policy_file file;
    struct file_bytes source;
    if (file_read(document->fd, document->name, DOC_POLICY_BYTES_MAX, &source) != 0) {
        return EXIT_CONFIGURATION;
    }
    int status = EXIT_INTERNAL;
    if (confined_run(document->name, make, &source, &file, sizeof file) != 0) {
        /* Said already. */
    } else if (policy_file_holds(&file, source.bytes, source.length)) {
        findings_print(document->name, &file.plan.head);
        status = write_whole(document, &file);
    } else if (plan_valid(DOC_POLICY, &file.plan) && file.plan.head.usable == 0) {
        findings_print(document->name, &file.plan.head);
        status = EXIT_CONFIGURATION;
    } else {
        fprintf(stderr, "%s: what its reader answered makes no sense\n", document->name);
    }
    free(source.bytes);
    return status;
}

int verb_compile(const struct job *job)
{
    int worst = 0;
    for (unsigned i = 0; i < job->count; i++) {
        int status = compile_one(&job->documents[i]);
        /* EXIT_INTERNAL says more than EXIT_CONFIGURATION, which is the larger number. */
        worst = worst == EXIT_INTERNAL || status == 0 ? worst : status;
    }
    return worst;
}
