#include "policy/learn_begin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bpf.h"
#include "base/native.h"
#include "base/plan_check.h"
#include "base/syscall_names.h"
#include "parser/document.h"
#include "policy/confine.h"
#include "quiesce/outcome.h"

/* What a child is given. */
struct input {
    enum document_kind kind; /* DOC_POLICY: to be learned from */
    const char *user;
    struct file_bytes file;
};

static void parse(void *answer, const void *context)
{
    const struct input *in = context;
    if (in->kind == DOC_POLICY) {
        (void)policy_compile(answer, in->file.bytes, in->file.length, POLICY_TO_LEARN);
    } else {
        document_parse(in->kind, in->user, in->file.bytes, in->file.length, NULL, 0, answer);
    }
}

/* Reads and parses one document into plan, size bytes.  Returns the exit status. */
static int take(struct input *in, const char *name, int fd, void *plan, size_t size)
{
    if (file_read(fd, name, document_bytes_max(in->kind), &in->file) != 0) {
        return EXIT_CONFIGURATION;
    }
    int status = EXIT_INTERNAL;
    const struct plan_head *head = plan;
    if (confined_run(name, parse, in, plan, size) != 0) {
        /* Said already. */
    } else if (!plan_valid(in->kind, plan)) {
        fprintf(stderr, "%s: what its reader answered makes no sense\n", name);
    } else {
        findings_print(name, head);
        status = head->usable == 1 ? 0 : EXIT_CONFIGURATION;
    }
    free(in->file.bytes);
    return status;
}

/* Without these no script starts or ends, and they are never asked about. */
static int check_start(const char *name, const struct policy_plan *plan)
{
    static const int needed[] = { SYS_execve, SYS_exit_group };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        const struct seccomp_data call = { .nr = needed[i], .arch = NATIVE_ARCH };
        uint32_t said = bpf_run(plan->filter, plan->filter_length, &call);
        if (said != SECCOMP_RET_ALLOW && said != SECCOMP_RET_LOG && said != (SECCOMP_RET_ERRNO | LEARN_MISSING)) {
            fprintf(stderr, "%s: refuses %s, without which no script runs: from this base nothing can be learned\n", name,
                    syscall_name((uint32_t)needed[i]));
            return EXIT_CONFIGURATION;
        }
    }
    return 0;
}

static int write_ready(int fd, const struct policy_ready *ready)
{
    if (pwrite(fd, ready, sizeof *ready, 0) != (ssize_t)sizeof *ready) {
        fprintf(stderr, "the compiled base cannot be handed over: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    return 0;
}

int verb_learn_begin(const struct job *job)
{
    static struct policy_ready ready;
    const struct document *base = &job->documents[0];
    if (job->count != 1 || base->output < 0) {
        fputs("learn-begin: one document with an output is needed\n", stderr);
        return EXIT_USAGE;
    }
    int status = take(&(struct input){ .kind = DOC_POLICY }, base->name, base->fd, &ready.plan, sizeof ready.plan);
    status = status == 0 ? check_start(base->name, &ready.plan) : status;
    if (status == 0 && job->user != NULL) {
        status = take(&(struct input){ .kind = DOC_PASSWD, .user = job->user }, "/etc/passwd", job->passwd, &ready.user,
                      sizeof ready.user);
        /* Groups list names; what was asked for may be a uid. */
        status = status != 0 ? status : take(&(struct input){ .kind = DOC_GROUP, .user = ready.user.name }, "/etc/group",
                                             job->group, &ready.groups, sizeof ready.groups);
    }
    return status == 0 ? write_ready(base->output, &ready) : status;
}
