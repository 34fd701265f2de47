/*
 * lint.h - "quiesce policy lint": what a policy grants without saying why, and what
 * it says without effect.
 */
#ifndef QUIESCE_POLICY_LINT_H
#define QUIESCE_POLICY_LINT_H

#include "parser/json.h"
#include "policy/documents.h"

enum { LINT_FINDINGS_MAX = 200 };

/* What the child that reads a document answers. */
struct lint_answer {
    uint32_t usable; /* 0: the policy cannot be used, and head says why */
    uint32_t count;
    uint32_t more;   /* findings that found no room */
    struct plan_head head; /* what compiling it found */
    struct finding findings[LINT_FINDINGS_MAX];
};

/* Status beside those of quiesce/outcome.h. */
enum { LINT_CLEAN = 0, LINT_FOUND = 1 };

/* Prints what is found in each document; returns the worst status. */
int verb_lint(const struct job *job);

/* ---- in the child ------------------------------------------------------------------ */

struct linter {
    const struct json_document *document;
    const cJSON *process, *seccomp, *annotations;
    const struct policy_plan *plan; /* of the whole document */
    enum policy_use use;             /* and what that is */
    struct lint_answer *answer;
};

/* Adds a finding at an item. */
__attribute__((format(printf, 3, 4))) void lint_add(struct linter *l, const cJSON *item, const char *format, ...);

/* Whether a comment or annotation, which may be NULL, is long enough to say why. */
bool lint_is_reason(const cJSON *text);

/* Entries of the seccomp object: dangerous ones without a comment, and ones without effect. */
void lint_entries(struct linter *l);

#endif
