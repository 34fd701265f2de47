#include "policy/lint.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/capability.h"
#include "base/policy_words.h"
#include "base/plan_check.h"
#include "policy/confine.h"
#include "policy/danger.h"
#include "parser/text.h"
#include "quiesce/outcome.h"

enum { NESTING_MAX = 16, CODE_POLICY = 305, REASON_LEAST = 8 };

/* ---- in the child ----------------------------------------------------------------------- */

void lint_add(struct linter *l, const cJSON *item, const char *format, ...)
{
    char text[512], key[JSON_KEY_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (l->answer->count == LINT_FINDINGS_MAX) {
        l->answer->more++;
        return;
    }
    struct finding *f = &l->answer->findings[l->answer->count++];
    struct place place = json_where(l->document, item);
    *f = (struct finding){ .code = CODE_POLICY, .severity = FINDING_WARNING, .kind = FINDING_POLICY,
                           .line = place.line, .column = place.column };
    json_key(l->document, item, key);
    text_sanitize(f->key, sizeof f->key, key, strlen(key));
    text_sanitize(f->message, sizeof f->message, text, strlen(text));
}

bool lint_is_reason(const cJSON *text)
{
    if (text == NULL || !cJSON_IsString(text)) {
        return false;
    }
    unsigned characters = 0;
    for (const char *c = text->valuestring; *c != '\0'; c++) {
        characters += strchr(" \t\r\n", *c) == NULL ? 1 : 0; /* blanks say nothing */
    }
    return characters >= REASON_LEAST;
}

static void lint_default(struct linter *l)
{
    const cJSON *action = json_get(l->seccomp, "defaultAction");
    if (cJSON_IsString(action) && (strcmp(action->valuestring, "SCMP_ACT_ALLOW") == 0 || strcmp(action->valuestring, "SCMP_ACT_LOG") == 0)) {
        lint_add(l, action, "allows every call that no entry names, those of later kernels too: deny by default, and name what is needed");
    }
}

/* The member of process.capabilities that names a capability; the object if none does. */
static const cJSON *find_capability(const cJSON *sets, const char *name)
{
    const cJSON *set, *item;
    cJSON_ArrayForEach(set, sets) {
        cJSON_ArrayForEach(item, set) {
            if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0) {
                return item;
            }
        }
    }
    return sets;
}

static void lint_capabilities(struct linter *l)
{
    const cJSON *sets = json_get(l->process, "capabilities");
    uint64_t held = l->plan->cap_bounding | l->plan->cap_inheritable | l->plan->cap_ambient;
    for (unsigned c = 0; c < CAPABILITIES; c++) {
        char key[64];
        const char *name = capability_name(c), *words = capability_words(c);
        snprintf(key, sizeof key, "%s%s", policy_reason, name);
        const cJSON *reason = json_get(l->annotations, key);
        if ((held >> c & 1) == 0 && reason != NULL) {
            lint_add(l, reason, "gives a reason for a capability that the policy does not grant");
        } else if (((held & danger_capabilities) >> c & 1) != 0 && !lint_is_reason(reason)) {
            lint_add(l, find_capability(sets, name), "%s (%s) needs a reason: annotations.\"%s\"", name, words, key);
        }
    }
}

static void lint_document(void *answer, const void *context)
{
    static const struct json_limits limits = {
        .bytes_max = DOC_POLICY_BYTES_MAX, .nesting_max = NESTING_MAX, .code = CODE_POLICY };
    static struct policy_plan plan;
    static struct plan_head ignored; /* the compiler has found the same */
    const struct file_bytes *source = context;
    struct json_document document = { 0 };
    struct linter l = { .document = &document, .plan = &plan, .answer = answer };
    l.use = policy_compile(&plan, source->bytes, source->length, POLICY_FOR_EITHER);
    l.answer->head = plan.head;
    l.answer->usable = plan.head.usable;
    finding_begin(&ignored);
    if (plan.head.usable == 1 && json_parse(&document, source->bytes, source->length, &limits, &ignored) == 0) {
        bool bare = json_get(document.root, "defaultAction") != NULL;
        l.process = json_get(document.root, "process");
        l.annotations = json_get(document.root, "annotations");
        l.seccomp = bare ? document.root : json_get(json_get(document.root, "linux"), "seccomp");
        lint_default(&l);
        lint_capabilities(&l);
        lint_entries(&l);
    }
    json_free(&document);
}

/* ---- the command ------------------------------------------------------------------------- */

static bool finding_sound(const struct finding *f)
{
    return memchr(f->key, '\0', sizeof f->key) != NULL && memchr(f->message, '\0', sizeof f->message) != NULL;
}

/* What comes from a child is data from an enemy. */
static bool answer_sound(const struct lint_answer *a)
{
    if (a->usable > 1 || a->count > LINT_FINDINGS_MAX || a->head.findings_count > PLAN_FINDINGS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (!finding_sound(&a->findings[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->head.findings_count; i++) {
        if (!finding_sound(&a->head.findings[i])) {
            return false;
        }
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct finding *left = a, *right = b;
    return left->line != right->line ? (left->line < right->line ? -1 : 1)
        : left->column != right->column ? (left->column < right->column ? -1 : 1) : 0;
}

static int print_answer(const char *name, struct lint_answer *a)
{
    static struct finding all[LINT_FINDINGS_MAX + PLAN_FINDINGS_MAX];
    uint32_t count = 0;
    if (a->usable == 0) {
        findings_print(name, &a->head);
        return EXIT_CONFIGURATION;
    }
    for (uint32_t i = 0; i < a->head.findings_count; i++) {
        all[count++] = a->head.findings[i];
    }
    for (uint32_t i = 0; i < a->count; i++) {
        all[count++] = a->findings[i];
    }
    qsort(all, count, sizeof *all, by_place);
    for (uint32_t i = 0; i < count; i++) {
        printf("%s:%u:%u: %s%s%s\n", name, all[i].line, all[i].column, all[i].key, all[i].key[0] != '\0' ? ": " : "", all[i].message);
    }
    if (a->more > 0) {
        printf("%s: and %u more\n", name, a->more);
    }
    return count > 0 ? LINT_FOUND : LINT_CLEAN;
}

static int lint_one(const struct document *document)
{
    static struct lint_answer answer;
    struct file_bytes source;
    if (file_read(document->fd, document->name, DOC_POLICY_BYTES_MAX, &source) != 0) {
        return EXIT_CONFIGURATION;
    }
    int status = EXIT_INTERNAL;
    if (confined_run(document->name, lint_document, &source, &answer, sizeof answer) != 0) {
        /* Said already. */
    } else if (!answer_sound(&answer)) {
        fprintf(stderr, "%s: what its reader answered makes no sense\n", document->name);
    } else {
        status = print_answer(document->name, &answer);
    }
    free(source.bytes);
    return status;
}

int verb_lint(const struct job *job)
{
    int worst = LINT_CLEAN;
    for (unsigned i = 0; i < job->count; i++) {
        int status = lint_one(&job->documents[i]);
        /* A document that could not be looked at is worse than what was found in another. */
        worst = worst == EXIT_INTERNAL || status == LINT_CLEAN || (worst == EXIT_CONFIGURATION && status == LINT_FOUND) ? worst : status;
    }
    return worst;
}
