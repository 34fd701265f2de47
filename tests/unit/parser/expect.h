/*
 * expect.h - what a table of documents expects to be found in each.
 */
#ifndef QUIESCE_TEST_EXPECT_H
#define QUIESCE_TEST_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce/plan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One finding; message is a part of the text. */
struct expected {
    int severity; /* -1: no finding */
    uint32_t line, column;
    const char *key, *message;
};
#define NO_FINDING {-1, 0, 0, NULL, NULL}
#define ERROR_AT(line, column, key, message) {FINDING_ERROR, line, column, key, message}
#define WARNING_AT(line, column, key, message) {FINDING_WARNING, line, column, key, message}

static inline void print_findings(const struct plan_head *head)
{
    for (uint32_t i = 0; i < head->findings_count; i++)
        print_message("    %s %u:%u '%s' %s\n", head->findings[i].severity == FINDING_ERROR ? "error" : "warning",
                      head->findings[i].line, head->findings[i].column, head->findings[i].key,
                      head->findings[i].message);
}

/* Fails, naming the row, unless finding number i is the one expected. */
static inline void expect_finding(const char *row, const struct plan_head *head, uint32_t i, const struct expected *e)
{
    const struct finding *f = &head->findings[i];

    if (i < head->findings_count && f->severity == e->severity && f->line == e->line && f->column == e->column &&
        strcmp(f->key, e->key) == 0 && strstr(f->message, e->message))
        return;
    print_message("row '%s', finding %u is not %u:%u '%s' ...%s...\n", row, i, e->line, e->column, e->key, e->message);
    print_findings(head);
    fail();
}

/* Fails unless the findings are exactly the first count expected ones that are any. */
static inline void expect_findings(const char *row, const struct plan_head *head, uint32_t code,
                                   const struct expected *e, size_t count)
{
    uint32_t n = 0;
    bool error = false;

    for (; n < count && e[n].severity >= 0 && e[n].key; n++) {
        expect_finding(row, head, n, &e[n]);
        assert_int_equal(head->findings[n].code, code);
        error = error || e[n].severity == FINDING_ERROR;
    }
    if (head->findings_count != n) {
        print_message("row '%s' has %u findings, not %u\n", row, head->findings_count, n);
        print_findings(head);
        fail();
    }
    assert_int_equal(head->usable, !error);
}

/* A copy that ends where the text ends, so that a sanitizer sees a read beyond it. */
static inline char *exact_copy(const char *text, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, text, n);
    return copy;
}

#endif
