/*
 * outcome-mdoc.c - prints outcome.def as the table of outcomes of quiesce(1).
 *
 * Output: an mdoc list, one item per outcome, most serious first.
 */
#include <stdio.h>

#include "quiesce/outcome.h"

struct row {
    unsigned code;
    const char *name;
    enum grade grade_continue, grade_stop;
    int exit_continue, exit_stop;
    const char *meaning, *remedy;
};

static const struct row rows[] = {
#define OUTCOME(id, code, name, grade_c, exit_c, grade_s, exit_s, meaning, remedy) \
    { code, name, GRADE_##grade_c, GRADE_##grade_s, exit_c, exit_s, meaning, remedy },
#include "quiesce/outcome.def"
#undef OUTCOME
};

static const char *const grades[GRADES] = {
    [GRADE_APPLICATION] = "application-consistent",
    [GRADE_FILE_SYSTEM] = "file-system-consistent",
    [GRADE_CRASH] = "crash-consistent",
    [GRADE_NONE] = "none",
};

/* Writes text as roff input: a backslash, a hyphen of an option and a dot or
 * quote at the start of a line mean something to roff. */
static void put_text(const char *text)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", stdout);
    }
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\') {
            fputs("\\e", stdout);
        } else if (*p == '-' && (p[1] == '-' || (p > text && p[-1] == '-'))) {
            fputs("\\-", stdout);
        } else {
            putchar(*p);
        }
        /* mdoc wants each sentence on a line of its own. */
        if (*p == '.' && p[1] == ' ') {
            putchar('\n');
            p++;
        }
    }
    putchar('\n');
}

int main(void)
{
    puts(".Bl -tag -width Ds");
    for (size_t i = sizeof(rows) / sizeof(*rows); i-- > 0;) {
        const struct row *r = &rows[i];
        printf(".It %u Li %s\n", r->code, r->name);
        put_text(r->meaning);
        if (r->grade_continue == r->grade_stop && r->exit_continue == r->exit_stop) {
            printf("Grade: %s; exit status %d.\n", grades[r->grade_continue], r->exit_continue);
        } else {
            printf("Grade: %s, exit status %d;\nwith\n.Cm continueBackupOnFailure\nfalse: %s, exit status %d.\n",
                   grades[r->grade_continue], r->exit_continue, grades[r->grade_stop], r->exit_stop);
        }
        put_text(r->remedy);
    }
    puts(".El");
    return fflush(stdout) == 0 ? 0 : 1;
}
