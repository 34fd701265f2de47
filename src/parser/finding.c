#include "parser/finding.h"

#include <stdio.h>
#include <string.h>

#include "parser/text.h"

static const char and_more[] = "and more";

void finding_begin(struct plan_head *head)
{
    memset(head, 0, sizeof(*head));
    head->usable = 1;
}

/* Puts an error in the place of a warning, if there is one before the last row. */
static void push_out_warning(struct plan_head *head, const struct finding *error)
{
    const unsigned last = PLAN_FINDINGS_MAX - 1;

    for (unsigned i = last; i-- > 0;) {
        if (head->findings[i].severity != FINDING_WARNING) continue;
        memmove(&head->findings[i], &head->findings[i + 1], (last - 1 - i) * sizeof(head->findings[0]));
        head->findings[last - 1] = *error;
        return;
    }
}

/* The list is full: its last row stands for everything that is left out. */
static void leave_out(struct plan_head *head, const struct finding *new)
{
    struct finding *last = &head->findings[PLAN_FINDINGS_MAX - 1];
    struct finding old = *last;

    if (strcmp(old.message, and_more) != 0) {
        memset(last, 0, sizeof(*last));
        last->code = old.code;
        last->severity = old.severity;
        last->kind = old.kind;
        memcpy(last->message, and_more, sizeof(and_more));
        if (old.severity == FINDING_ERROR) push_out_warning(head, &old);
    }
    if (new->severity == FINDING_ERROR) {
        last->severity = FINDING_ERROR;
        push_out_warning(head, new);
    }
}

/* Whether the list would be another with one finding more. */
static bool is_wanted(const struct plan_head *head, enum finding_severity severity)
{
    const struct finding *last = &head->findings[PLAN_FINDINGS_MAX - 1];

    if (head->findings_count < PLAN_FINDINGS_MAX || strcmp(last->message, and_more) != 0) return true;
    if (severity == FINDING_WARNING) return false;
    if (last->severity == FINDING_WARNING) return true;
    for (unsigned i = 0; i < PLAN_FINDINGS_MAX - 1; i++)
        if (head->findings[i].severity == FINDING_WARNING) return true;
    return false;
}

void finding_vadd(struct plan_head *head, uint32_t code, enum finding_severity severity, enum finding_kind kind,
                  struct place place, const char *key, const char *format, va_list arguments)
{
    char text[1024]; /* longer than any message: what is cut here is cut again below */
    struct finding new;

    if (severity == FINDING_ERROR) head->usable = 0;
    if (!is_wanted(head, severity)) return; /* hostile documents have thousands */
    memset(&new, 0, sizeof(new));
    new.code = code;
    new.severity = (uint8_t)severity;
    new.kind = (uint8_t)kind;
    new.line = place.line;
    new.column = place.column;
    text_sanitize(new.key, sizeof(new.key), key, strlen(key));
    vsnprintf(text, sizeof(text), format, arguments);
    text_sanitize(new.message, sizeof(new.message), text, strlen(text));

    if (head->findings_count < PLAN_FINDINGS_MAX)
        head->findings[head->findings_count++] = new;
    else
        leave_out(head, &new);
}

void finding_add(struct plan_head *head, uint32_t code, enum finding_severity severity, enum finding_kind kind,
                 struct place place, const char *key, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    finding_vadd(head, code, severity, kind, place, key, format, arguments);
    va_end(arguments);
}
