/*
 * filter-table - the filter of one of our own programs, at build time.
 *
 *   filter-table SOURCE.json     prints C initialisers of struct sock_filter
 *
 * A tool of its own, for quiesce-policy, which compiles everything else, holds
 * such a table itself.  Findings go to stderr as FILE:LINE:COLUMN: KEY: MESSAGE.
 * Status 1: an error was found or a file could not be read or written; 64: usage.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parser/policy.h"

static int complain(const char *path, const char *what)
{
    fprintf(stderr, "filter-table: %s: %s: %s\n", path, what, strerror(errno));
    return 1;
}

static int print_table(const char *path, const char *source, size_t n)
{
    static struct policy_plan plan;

    policy_compile(&plan, source, n, POLICY_FOR_ROLE);
    for (uint32_t i = 0; i < plan.head.findings_count; i++) {
        const struct finding *f = &plan.head.findings[i];

        fprintf(stderr, "%s:%u:%u: %s%s%s%s\n", path, f->line, f->column,
                f->severity == FINDING_ERROR ? "" : "warning: ", f->key, f->key[0] != '\0' ? ": " : "", f->message);
    }
    if (plan.head.usable != 1)
        return 1;
    for (uint32_t i = 0; i < plan.filter_length; i++) {
        const struct sock_filter *f = &plan.filter[i];

        printf("    { 0x%02x, %u, %u, 0x%08x },\n", f->code, f->jt, f->jf, f->k);
    }
    return fflush(stdout) == 0 ? 0 : complain("stdout", "cannot write");
}

int main(int argc, char **argv)
{
    static char source[DOC_POLICY_BYTES_MAX + 1]; /* a longer one is refused */
    FILE *file;
    size_t n;

    if (argc != 2) {
        fputs("usage: filter-table SOURCE.json\n", stderr);
        return 64;
    }
    file = fopen(argv[1], "re");
    if (file == NULL)
        return complain(argv[1], "cannot open");
    n = fread(source, 1, sizeof source, file);
    if (ferror(file) != 0)
        return complain(argv[1], "cannot read");
    fclose(file);
    return print_table(argv[1], source, n);
}
