#include "policy/documents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/plan_check.h"
#include "policy/confine.h"
#include "quiesce/outcome.h"

int file_read(int fd, const char *name, size_t max, struct file_bytes *file)
{
    file->length = 0;
    file->bytes = malloc(max + 1);
    while (file->bytes != NULL && file->length <= max) {
        ssize_t n = read(fd, file->bytes + file->length, max + 1 - file->length);
        if (n == 0) {
            return 0;
        }
        if (n > 0) {
            file->length += (size_t)n;
        } else if (errno != EINTR) {
            break;
        }
    }
    if (file->length > max) {
        return 0;
    }
    fprintf(stderr, "%s: cannot be read: %s\n", name, strerror(errno));
    free(file->bytes);
    file->bytes = NULL;
    return -1;
}

void findings_print(const char *name, const struct plan_head *head)
{
    for (uint32_t i = 0; i < head->findings_count; i++) {
        const struct finding *f = &head->findings[i];
        fprintf(stderr, "%s:%u:%u: %s%s%s%s\n", name, f->line, f->column,
                f->severity == FINDING_ERROR ? "" : "warning: ", f->key, f->key[0] != '\0' ? ": " : "", f->message);
    }
}

struct compiled {
    enum policy_use use;
    struct policy_plan plan;
};

static void compile(void *answer, const void *context)
{
    const struct file_bytes *source = context;
    struct compiled *compiled = answer;
    compiled->use = policy_compile(&compiled->plan, source->bytes, source->length, POLICY_FOR_EITHER);
}

/* Returns 0 or an exit status. */
static int take(const char *name, const struct compiled *compiled, struct policy *policy)
{
    bool known = compiled->use == POLICY_FOR_HOOK || compiled->use == POLICY_FOR_ROLE;
    if (!known || !plan_valid(DOC_POLICY, &compiled->plan)) {
        fprintf(stderr, "%s: what its reader answered makes no sense\n", name);
        return EXIT_INTERNAL;
    }
    findings_print(name, &compiled->plan.head);
    policy->use = compiled->use;
    policy->plan = compiled->plan;
    return compiled->plan.head.usable == 1 ? 0 : EXIT_CONFIGURATION;
}

int policy_load(const struct document *document, struct policy *policy)
{
    static struct compiled compiled;
    policy->name = document->name;
    if (file_read(document->fd, document->name, DOC_POLICY_BYTES_MAX, &policy->source) != 0) {
        return EXIT_CONFIGURATION;
    }
    int status = confined_run(document->name, compile, &policy->source, &compiled, sizeof compiled) == 0
        ? take(document->name, &compiled, policy) : EXIT_INTERNAL;
    if (status != 0) {
        policy_free(policy);
    }
    return status;
}

void policy_free(struct policy *policy)
{
    free(policy->source.bytes);
    policy->source.bytes = NULL;
}
