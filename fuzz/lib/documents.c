#include "documents.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "parser/document.h"
#include "plans.h"
#include "print.h"

enum { SOMETIMES = 32 };

static const size_t plan_sizes[DOC_KINDS] = {
    [DOC_HOST] = sizeof(struct host_plan),     [DOC_VMBACKUP] = sizeof(struct vmbackup_plan),
    [DOC_PLUGIN] = sizeof(struct plugin_plan), [DOC_POLICY] = sizeof(struct policy_plan),
    [DOC_PASSWD] = sizeof(struct passwd_plan), [DOC_GROUP] = sizeof(struct group_plan),
    [DOC_MOUNTS] = sizeof(struct mount_plan),
};

static union document_plan first, second; /* large */

/* Nothing that it allocates may stay. */
static void parse(enum document_kind kind, const char *argument, const char *bytes, size_t n, union document_plan *plan)
{
    fuzz_arena_begin();
    document_parse(kind, argument, bytes, n, NULL, 0, plan);
    fuzz_arena_end();
}

static void check_again(enum document_kind kind, const char *argument, const char *bytes, size_t n)
{
    memset(&second, 0xA5, plan_sizes[kind]);
    parse(kind, argument, bytes, n, &second);
    FUZZ_CHECK(memcmp(&first, &second, plan_sizes[kind]) == 0, "the same document gives another plan");
}

/* What is said of the positions differs; what the plan holds does not. */
static void check_printed(enum document_kind kind, const char *argument)
{
    size_t length, head = sizeof(struct plan_head);
    char *text = print_plan(kind, argument, &first, &length), *copy;

    if (!text) {
        return;
    }
    copy = fuzz_copy(text, length);
    if (length <= document_bytes_max(kind)) {
        parse(kind, argument, copy, length, &second);
        FUZZ_CHECK(second.head.usable == 1, "what was printed of a plan is refused: %s\n%s",
                   second.head.findings[0].message, text);
        FUZZ_CHECK(memcmp((char *)&first + head, (char *)&second + head, plan_sizes[kind] - head) == 0,
                   "what was printed of a plan gives another:\n%s", text);
    }
    free(copy);
    free(text);
}

void fuzz_document(enum document_kind kind, const char *argument, const char *bytes, size_t n)
{
    fuzz_meter_start();
    parse(kind, argument, bytes, n, &first);
    fuzz_meter_stop();
    plan_oracle(kind, &first, bytes, n);
    if (fuzz_sometimes(bytes, n, SOMETIMES)) {
        check_again(kind, argument, bytes, n);
        if (first.head.usable) {
            check_printed(kind, argument);
        }
    }
}

void fuzz_document_asked(enum document_kind kind, const char *bytes, size_t n)
{
    const char *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    size_t length = newline ? (size_t)(newline - bytes) : n, rest = newline ? n - length - 1 : 0;
    char argument[PLAN_NAME_MAX] = {0}, *copy = fuzz_copy(newline ? newline + 1 : bytes, rest);

    memcpy(argument, bytes, length < sizeof(argument) ? length : sizeof(argument) - 1);
    fuzz_document(kind, argument, copy, rest);
    free(copy);
}
