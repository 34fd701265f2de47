#include "parser/vmbackup.h"

#include <string.h>
#include <strings.h>

#include "parser/ini.h"
#include "parser/text.h"

enum { CODE = 304 };

static void parse_freeze(const struct ini_document *document, const struct ini_entry *entry, struct vmbackup_plan *out)
{
    const struct ini_text *value = &entry->value;

    if (value->length == 4 && strncasecmp(value->at, "true", 4) == 0)
        out->freeze = 1;
    else if (value->length == 5 && strncasecmp(value->at, "false", 5) == 0)
        out->freeze = 0;
    else
        ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE, "must be True or False");
}

static void parse_timeout(const struct ini_document *document, const struct ini_entry *entry, struct vmbackup_plan *out)
{
    uint64_t seconds;

    if (!ini_number(document, entry, &seconds)) return;
    if (seconds == 0) {
        ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE, "must be 1 to %d seconds", PLAN_FREEZE_TIMEOUT_MAX);
    } else if (seconds > PLAN_FREEZE_TIMEOUT_MAX) {
        ini_finding(document, entry, FINDING_WARNING, FINDING_VALUE, "lowered to %d seconds, the most that is allowed",
                    PLAN_FREEZE_TIMEOUT_MAX);
        out->timeout_seconds = PLAN_FREEZE_TIMEOUT_MAX;
    } else {
        out->timeout_seconds = (uint32_t)seconds;
    }
}

static bool add_mount(const struct ini_document *document, const struct ini_entry *entry, const char *at, size_t length,
                      struct mount_list *list)
{
    const char *problem;

    while (length > 1 && at[length - 1] == '/') length--; /* "/data/" is "/data" */
    problem = text_path_problem(at, length);
    if (!problem && (list->count == PLAN_SKIP_MAX || length >= PLAN_SKIP_TEXT_MAX - list->length))
        problem = "too many mount points";
    if (problem) {
        ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE, "%s, not '%.*s'", problem, (int)length, at);
        return false;
    }
    text_copy(list->text + list->length, PLAN_SKIP_TEXT_MAX - list->length, at, length);
    list->length += (uint32_t)length + 1;
    list->count++;
    return true;
}

/* Mount points between commas; blanks around them and empty ones do not count. */
static void parse_skip(const struct ini_document *document, const struct ini_entry *entry, struct vmbackup_plan *out)
{
    const char *at = entry->value.at, *end = at + entry->value.length;

    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *last = comma ? comma : end;
        while (at < last && (*at == ' ' || *at == '\t')) at++;
        while (last > at && (last[-1] == ' ' || last[-1] == '\t')) last--;
        if (at < last && !add_mount(document, entry, at, (size_t)(last - at), &out->skip)) return;
        at = comma ? comma + 1 : end;
    }
}

static const struct {
    const char *key;
    void (*parse)(const struct ini_document *, const struct ini_entry *, struct vmbackup_plan *);
} keys[] = {
    {"fsfreeze", parse_freeze},
    {"timeout", parse_timeout},
    {"MountsToSkip", parse_skip},
};

void vmbackup_parse(const char *bytes, size_t n, struct vmbackup_plan *out)
{
    struct ini_document document;

    memset(out, 0, sizeof(*out));
    finding_begin(&out->head);
    out->freeze = 1;
    out->timeout_seconds = PLAN_FREEZE_TIMEOUT_DEFAULT;
    ini_parse(&document, bytes, n, DOC_CONFIG_BYTES_MAX, CODE, &out->head);
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct ini_entry *entry = ini_get(&document, "SnapshotThread", keys[i].key);
        if (entry && ini_value_plain(&document, entry)) keys[i].parse(&document, entry, out);
    }
}
