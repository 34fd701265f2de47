/*
 * outcome-mdoc.c - prints outcome.def as the table of outcomes of quiesce(1).
 *
 * Output: an mdoc list, one item per outcome, most serious first.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

enum { LINE_WIDTH = 76 };

/* How far it is from p to the next space or the end. */
static size_t word_length(const char *p)
{
    return strcspn(p, " ");
}

/* Writes text as roff input, each sentence and each long line on a line of its own.
 * A backslash, a hyphen of an option, and a dot or quote at the start of a line
 * mean something to roff. */
static void put_text(const char *text)
{
    size_t column = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (column == 0 && (*p == '.' || *p == '\'')) {
            fputs("\\&", stdout);
        }
        bool option = *p == '-' && (p[1] == '-' || (p > text && p[-1] == '-'));
        bool new_line = *p == ' ' && ((p > text && p[-1] == '.') || column + word_length(p + 1) > LINE_WIDTH);
        column = new_line ? 0 : column + 1;
        if (*p == '\\') {
            fputs("\\e", stdout);
        } else if (option) {
            fputs("\\-", stdout);
        } else {
            putchar(new_line ? '\n' : *p);
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
