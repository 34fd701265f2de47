/*
 * policy-compile - compiles a policy at build or install time.
 *
 *   policy-compile SOURCE.json OUT.qpol   a hook policy into struct policy_file
 *   policy-compile --table SOURCE.json    the filter of one of our own programs, as C
 *                                         initialisers of struct sock_filter, on stdout
 *
 * Findings go to stderr as FILE:LINE:COLUMN: KEY: MESSAGE.  Status 1: an error was
 * found or a file could not be read or written; 64: usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parser/policy.h"
#include "parser/policy_file.h"

static int complain(const char *path, const char *what)
{
    fprintf(stderr, "policy-compile: %s: %s: %s\n", path, what, strerror(errno));
    return 1;
}

/* The whole file, one byte more than a policy may have at most; NULL after a message. */
static char *read_source(const char *path, size_t *n)
{
    char *bytes = malloc(DOC_POLICY_BYTES_MAX + 1);
    FILE *file = bytes != NULL ? fopen(path, "re") : NULL;

    if (file == NULL || (*n = fread(bytes, 1, DOC_POLICY_BYTES_MAX + 1, file), ferror(file) != 0)) {
        complain(path, "cannot read");
        free(bytes);
        bytes = NULL;
    }
    if (file != NULL)
        fclose(file);
    return bytes;
}

static void print_findings(const char *path, const struct plan_head *head)
{
    for (uint32_t i = 0; i < head->findings_count; i++) {
        const struct finding *f = &head->findings[i];

        fprintf(stderr, "%s:%u:%u: %s%s%s%s\n", path, f->line, f->column,
                f->severity == FINDING_ERROR ? "" : "warning: ", f->key, f->key[0] != '\0' ? ": " : "", f->message);
    }
}

static int print_table(const char *path, const char *source, size_t n)
{
    static struct policy_plan plan;

    policy_compile(&plan, source, n, POLICY_FOR_ROLE);
    print_findings(path, &plan.head);
    if (plan.head.usable != 1)
        return 1;
    for (uint32_t i = 0; i < plan.filter_length; i++) {
        const struct sock_filter *f = &plan.filter[i];

        printf("    { 0x%02x, %u, %u, 0x%08x },\n", f->code, f->jt, f->jf, f->k);
    }
    return fflush(stdout) == 0 ? 0 : complain("stdout", "cannot write");
}

/* A reader of out sees the old file or the new one, never a part. */
static int write_atomically(const char *out, const void *bytes, size_t n)
{
    char *temporary = NULL;
    int fd = -1, rc = 1;

    if (asprintf(&temporary, "%s.XXXXXX", out) < 0)
        return complain(out, "cannot name a temporary file");
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        complain(temporary, "cannot create");
        goto out;
    }
    if (write(fd, bytes, n) != (ssize_t)n || fchmod(fd, 0644) != 0 || fsync(fd) != 0) {
        complain(temporary, "cannot write");
        goto out;
    }
    if (rename(temporary, out) != 0) {
        complain(out, "cannot replace");
        goto out;
    }
    rc = 0;
out:
    if (fd >= 0) {
        close(fd);
        if (rc != 0)
            unlink(temporary);
    }
    free(temporary);
    return rc;
}

static int compile_file(const char *path, const char *source, size_t n, const char *out)
{
    static struct policy_file file;
    bool usable = policy_file_make(&file, source, n);

    print_findings(path, &file.plan.head);
    return usable ? write_atomically(out, &file, sizeof file) : 1;
}

int main(int argc, char **argv)
{
    bool table = argc == 3 && strcmp(argv[1], "--table") == 0;
    const char *path;
    char *source;
    size_t n = 0;
    int rc;

    if (argc != 3 || (!table && argv[1][0] == '-')) {
        fputs("usage: policy-compile SOURCE.json OUT.qpol\n"
              "       policy-compile --table SOURCE.json\n", stderr);
        return 64;
    }
    path = table ? argv[2] : argv[1];
    source = read_source(path, &n);
    if (source == NULL)
        return 1;
    rc = table ? print_table(path, source, n) : compile_file(path, source, n, argv[2]);
    free(source);
    return rc;
}
