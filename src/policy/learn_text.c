#include "policy/learn_text.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bpf.h"
#include "base/native.h"
#include "base/syscall_names.h"
#include "base/utf8.h"
#include "parser/json.h"
#include "parser/policy_compare.h"

enum { NESTING_MAX = 16, CODE_POLICY = 305, PIECE_MAX = 512, INDENT_MAX = 64, ALWAYS_MAX = 16 };

/* The text while it is made. */
struct maker {
    const struct learn_source *source;
    struct learn_text *text;
    struct json_document document;
    char indent[INDENT_MAX + 1]; /* of the entries */
    bool full, begun;            /* an entry stands before the next one */
    bool allows[ALWAYS_MAX];     /* of always: the base allows it */
};

/* ---- pieces -------------------------------------------------------------------------- */

static void put_bytes(struct maker *m, const char *bytes, size_t n)
{
    if (n > sizeof m->text->bytes - m->text->length) {
        m->full = true;
        return;
    }
    memcpy(m->text->bytes + m->text->length, bytes, n);
    m->text->length += (uint32_t)n;
}

__attribute__((format(printf, 2, 3))) static void put(struct maker *m, const char *format, ...)
{
    char piece[PIECE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof piece) {
        m->full = true;
        return;
    }
    put_bytes(m, piece, (size_t)n);
}

/* A string of JSON, of characters that are harmless on every terminal. */
static void put_string(struct maker *m, const char *string)
{
    char clean[3 * PIECE_MAX + 1];
    size_t length = utf8_sanitize(clean, sizeof clean, string, strlen(string));
    put_bytes(m, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)clean[i] < ' ') {
            put(m, "\\u%04x", (unsigned)clean[i]);
            continue;
        }
        if (clean[i] == '"' || clean[i] == '\\') {
            put_bytes(m, "\\", 1);
        }
        put_bytes(m, clean + i, 1);
    }
    put_bytes(m, "\"", 1);
}

/* Begins a line of an entry. */
static void put_line(struct maker *m, unsigned deeper)
{
    put(m, "\n%s%*s", m->indent, (int)(4 * deeper), "");
}

static void next_entry(struct maker *m)
{
    put_bytes(m, ",", m->begun ? 1 : 0);
    m->begun = true;
    put_line(m, 0);
}

/* ---- entries ------------------------------------------------------------------------------ */

static bool allows(const cJSON *entry)
{
    const cJSON *action = json_get(entry, "action");
    return cJSON_IsString(action) &&
        (strcmp(action->valuestring, "SCMP_ACT_ALLOW") == 0 || strcmp(action->valuestring, "SCMP_ACT_LOG") == 0);
}

/* The base's own, as they stand. */
static void put_base_entries(struct maker *m, const cJSON *entries)
{
    const cJSON *entry;
    if (entries == NULL) {
        return;
    }
    cJSON_ArrayForEach(entry, entries) {
        size_t length = 0;
        const char *text = json_text(&m->document, entry, &length);
        if (text != NULL && (m->source->add || !allows(entry))) {
            next_entry(m);
            put_bytes(m, text, length);
        }
    }
}

/* How the policy compares one argument (policy_compare.h): what is an int in 32 bits. */
static void put_comparison(struct maker *m, const struct learned_call *call, unsigned index, bool first)
{
    bool is_int = policy_compare_is_int((int)call->number, index);
    uint64_t whole = is_int ? UINT32_MAX : UINT64_MAX, mask = call->masks[index] & whole, value = call->args[index] & whole;
    put(m, "%s{ \"index\": %u, \"value\": %" PRIu64, first ? "" : ", ", index, mask == whole ? value : mask);
    if (mask == whole) {
        put(m, ", \"op\": \"SCMP_CMP_EQ\" }");
    } else {
        put(m, ", \"valueTwo\": %" PRIu64 ", \"op\": \"SCMP_CMP_MASKED_EQ\" }", value);
    }
}

static void put_entry(struct maker *m, const char *name, const char *comment, const struct learned_call *call)
{
    bool compared = false;
    next_entry(m);
    put(m, "{");
    put_line(m, 1);
    put(m, "\"comment\": ");
    put_string(m, comment);
    put(m, ",");
    put_line(m, 1);
    put(m, "\"names\": [ \"%s\" ],", name);
    put_line(m, 1);
    put(m, "\"action\": \"%s\"", call != NULL && call->answer == LEARN_LOGGED ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW");
    for (unsigned i = 0; call != NULL && i < 6; i++) {
        if (call->masks[i] == 0) {
            continue;
        }
        if (!compared) {
            put(m, ",");
            put_line(m, 1);
            put(m, "\"args\": [ ");
        }
        put_comparison(m, call, i, !compared);
        compared = true;
    }
    put(m, compared ? " ]" : "");
    put_line(m, 0);
    put(m, "}");
}

static void put_learned(struct maker *m, const struct learned_call *call)
{
    char arguments[PIECE_MAX / 2], usage[PIECE_MAX], comment[PIECE_MAX];
    learn_arguments(arguments, sizeof arguments, call);
    learn_usage(usage, sizeof usage, call);
    snprintf(comment, sizeof comment, "%s%s%.200s", arguments, arguments[0] != '\0' ? ": " : "", usage);
    put_entry(m, syscall_name(call->number), comment, call);
}

/*
 * Calls that are in every learned policy, if the base allows them.  The first two are
 * never asked about while a script is learned from.  All others are made or not as time
 * has it, and a script that is asked about each call is slower than it will be: an
 * answer that had come when it was asked for has not come then, and must be waited for.
 */
static const struct {
    const char *name, *comment;
} always[] = {
    { "execve", "Every script: to start it and what it calls" },
    { "exit_group", "Every process: to end" },
    { "restart_syscall", "Every process: made by the kernel when it goes on after a signal" },
    { "rt_sigreturn", "Every process: to come back from the handler of a signal" },
    { "futex", "Waits" },
    { "poll", "Waits" },
    { "ppoll", "Waits" },
    { "pselect6", "Waits" },
    { "select", "Waits" },
};
enum { ALWAYS = sizeof always / sizeof always[0], NEEDED = 2 };
_Static_assert((int)ALWAYS <= (int)ALWAYS_MAX, "struct maker has a place for each");

/* Whether one of these belongs to the policy: the base allows it whatever its arguments. */
static bool is_always(const struct maker *m, const char *name)
{
    for (unsigned i = 0; i < ALWAYS && !m->source->add && name != NULL; i++) {
        if (strcmp(always[i].name, name) == 0) {
            return i < NEEDED || m->allows[i];
        }
    }
    return false;
}

static bool base_allows(const struct policy_plan *base, const char *name)
{
    uint32_t noted[BPF_CALL_WORDS], arguments = 0;
    const struct seccomp_data data = { .nr = syscall_number(name), .arch = NATIVE_ARCH };
    uint32_t said = bpf_run_noting(base->filter, base->filter_length, &data, noted);
    for (unsigned i = offsetof(struct seccomp_data, args) / sizeof *noted; i < BPF_CALL_WORDS; i++) {
        arguments |= noted[i];
    }
    return data.nr >= 0 && said == SECCOMP_RET_ALLOW && arguments == 0;
}

/* What the base says of them. */
static void look_at_base(struct maker *m)
{
    static struct policy_plan base;
    (void)policy_compile(&base, m->source->base->bytes, m->source->base->length, POLICY_TO_LEARN);
    for (unsigned i = NEEDED; i < ALWAYS; i++) {
        m->allows[i] = base_allows(&base, always[i].name);
    }
}

/* One line of the list that is sorted: a call that was seen, or one of always. */
struct row {
    const char *name;
    const char *comment; /* of always */
    const struct learned_call *call;
};

static int order(const struct row *a, const struct row *b)
{
    int names = strcmp(a->name, b->name);
    if (names != 0 || a->call == NULL || b->call == NULL) {
        return names;
    }
    for (unsigned i = 0; i < 6; i++) {
        if (a->call->args[i] != b->call->args[i]) {
            return a->call->args[i] < b->call->args[i] ? -1 : 1;
        }
    }
    return memcmp(a->call->masks, b->call->masks, sizeof a->call->masks);
}

static bool belongs(const struct maker *m, const struct learned_call *call)
{
    return call->answer == LEARN_MISSING ||
        (!m->source->add && (call->answer == LEARN_ALLOWED || call->answer == LEARN_LOGGED));
}

static void put_learned_entries(struct maker *m)
{
    static struct row rows[LEARNED_CALLS_MAX + ALWAYS];
    const struct learned *learned = m->source->learned;
    uint32_t count = 0;
    for (unsigned i = 0; i < ALWAYS; i++) {
        if (is_always(m, always[i].name)) {
            rows[count++] = (struct row){ always[i].name, always[i].comment, NULL };
        }
    }
    for (uint32_t i = 0; i < learned->count; i++) {
        const char *name = syscall_name(learned->calls[i].number);
        if (is_always(m, name)) {
            continue;
        }
        if (belongs(m, &learned->calls[i]) && name != NULL) {
            rows[count++] = (struct row){ name, NULL, &learned->calls[i] };
        } else if (belongs(m, &learned->calls[i])) {
            m->text->unnamed++;
        }
    }
    for (uint32_t i = 1; i < count; i++) { /* not qsort(3): it asks for what the filter kills (parser/json.c) */
        struct row row = rows[i];
        uint32_t at = i;
        for (; at > 0 && order(&row, &rows[at - 1]) < 0; at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = row;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].call != NULL) {
            put_learned(m, rows[i].call);
        } else {
            put_entry(m, rows[i].name, rows[i].comment, NULL);
        }
    }
}

/* ---- the document ----------------------------------------------------------------------- */

/* The blanks that the line of a byte begins with, four more. */
static void set_indent(struct maker *m, const char *at)
{
    const char *line = at;
    while (line > m->source->base->bytes && line[-1] != '\n') {
        line--;
    }
    size_t blanks = strspn(line, " \t");
    blanks = blanks < INDENT_MAX - 4 ? blanks : INDENT_MAX - 4;
    memcpy(m->indent, line, blanks);
    memcpy(m->indent + blanks, "    ", 5);
}

static void put_entries(struct maker *m, const cJSON *entries)
{
    put(m, "[");
    put_base_entries(m, entries);
    put_learned_entries(m);
    put(m, "\n%.*s]", (int)strlen(m->indent) - 4, m->indent);
}

static void put_comment(struct maker *m)
{
    const char *name = strrchr(m->source->base_name, '/');
    char comment[PIECE_MAX];
    name = name != NULL ? name + 1 : m->source->base_name;
    snprintf(comment, sizeof comment, "Learned from %.100s: %s what %.200s called; counts are those of one run", name,
             m->source->add ? "all of it, and" : "its denials, and of calls", m->source->script);
    put_string(m, comment);
}

/* Copies the base from *at up to where. */
static void copy_to(struct maker *m, const char **at, const char *where)
{
    put_bytes(m, *at, (size_t)(where - *at));
    *at = where;
}

static void put_document(struct maker *m)
{
    const cJSON *root = m->document.root, *comment = json_get(root, "comment");
    const cJSON *seccomp = json_get(root, "defaultAction") != NULL ? root : json_get(json_get(root, "linux"), "seccomp");
    const cJSON *entries = json_get(seccomp, "syscalls");
    const char *at = m->source->base->bytes, *end = at + m->source->base->length;
    size_t length = 0, entries_length = 0;
    const char *old_comment = comment != NULL ? json_text(&m->document, comment, &length) : NULL;
    const char *old_entries = json_text(&m->document, entries != NULL ? entries : seccomp, &entries_length);
    if (old_entries == NULL) {
        m->full = true;
        return;
    }
    if (old_comment == NULL) {
        copy_to(m, &at, strchr(at, '{') + 1);
        put(m, "\n    \"comment\": ");
        put_comment(m);
        put(m, ",");
    } else if (old_comment < old_entries) {
        copy_to(m, &at, old_comment);
        put_comment(m);
        at += length;
    }
    set_indent(m, old_entries);
    if (entries != NULL) {
        copy_to(m, &at, old_entries);
        put_entries(m, entries);
        at += entries_length;
    } else { /* behind the brace of seccomp, which has a default action to follow */
        copy_to(m, &at, old_entries + 1);
        put(m, " \"syscalls\": ");
        put_entries(m, NULL);
        put(m, ",");
    }
    if (old_comment != NULL && old_comment > old_entries) {
        copy_to(m, &at, old_comment);
        put_comment(m);
        at += length;
    }
    copy_to(m, &at, end);
}

void learn_text(struct learn_text *text, const struct learn_source *source)
{
    static const struct json_limits limits = {
        .bytes_max = DOC_POLICY_BYTES_MAX, .nesting_max = NESTING_MAX, .code = CODE_POLICY };
    static struct plan_head head;
    struct maker m = { .source = source, .text = text };
    finding_begin(&head);
    look_at_base(&m);
    if (json_parse(&m.document, source->base->bytes, source->base->length, &limits, &head) == 0) {
        put_document(&m);
    }
    json_free(&m.document);
    text->length = m.full ? 0 : text->length;
}
