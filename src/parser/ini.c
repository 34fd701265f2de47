#include "parser/ini.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "parser/text.h"

/* Longer than what a finding keeps, which cuts it on a character boundary. */
enum { KEY_MAX = 256 };

/* Where the reader stands: one line, and what the lines above left open. */
struct reader {
    struct ini_document *document;
    uint32_t line;
    const char *start, *end; /* of the line, without CR and LF */
    bool in_section;
    bool skip_section;       /* a section that was refused: its entries are read, not kept */
    struct ini_entry *open;  /* the entry that an indented line continues */
    bool entry_seen;         /* an entry, kept or not, stands above in this section */
    size_t indent;           /* of that entry */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct place place_of(const struct reader *r, const char *at)
{
    return (struct place){r->line, (uint32_t)(at - r->start + 1)};
}

static void wrong(const struct reader *r, const char *at, const char *what)
{
    finding_add(r->document->head, r->document->code, FINDING_ERROR, FINDING_SYNTAX, place_of(r, at), "", "%s", what);
}

/* The dotted name of an entry. */
static void entry_key(const struct ini_document *document, const struct ini_entry *entry, char key[KEY_MAX])
{
    const struct ini_text *section = &document->sections[entry->section].name;

    snprintf(key, KEY_MAX, "%.*s.%.*s", (int)section->length, section->at, (int)entry->key.length, entry->key.at);
}

static bool same_key(const struct ini_text *a, const struct ini_text *b)
{
    return a->length == b->length && strncasecmp(a->at, b->at, a->length) == 0;
}

/* Of a thousand keys each is compared with all before it: most comparisons end here. FNV-1a. */
static uint32_t key_hash(const struct ini_text *key)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < key->length; i++) {
        char c = key->at[i];
        hash = (hash ^ (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c)) * 16777619u;
    }
    return hash;
}

/* ---- lines ------------------------------------------------------------------- */

/* Valid UTF-8 without control characters but tab. */
static bool check_characters(const struct reader *r)
{
    for (const char *p = r->start; p < r->end;) {
        size_t length = text_character(p, (size_t)(r->end - p));
        if (length == 0) {
            wrong(r, p, "this is not valid UTF-8");
            return false;
        }
        if (*p != '\t' && !text_printable(p, length)) {
            wrong(r, p, "a control character is not allowed");
            return false;
        }
        p += length;
    }
    return true;
}

/* "[name]", perhaps with blanks or a comment behind it. */
static void read_section(struct reader *r, const char *at)
{
    struct ini_document *document = r->document;
    const char *close = memchr(at, ']', (size_t)(r->end - at)), *behind;

    r->in_section = true;
    r->skip_section = true; /* until it proves good */
    r->open = NULL;
    r->entry_seen = false;
    if (!close || close == at + 1) {
        wrong(r, at, close ? "a section needs a name" : "a section's name must end with ']'");
        return;
    }
    for (behind = close + 1; behind < r->end && is_blank(*behind); behind++) continue;
    if (behind < r->end && *behind != '#' && *behind != ';') {
        wrong(r, behind, "nothing may follow a section's name");
        return;
    }
    /* Nothing more can be told: what follows would only take time. */
    if (document->head->findings_count == PLAN_FINDINGS_MAX) return;
    struct ini_section new = {{at + 1, (size_t)(close - at - 1)}, place_of(r, at)};
    for (unsigned i = 0; i < document->sections_count; i++) {
        const struct ini_text *name = &document->sections[i].name;
        if (name->length != new.name.length || memcmp(name->at, new.name.at, name->length) != 0) continue;
        wrong(r, at, "this section stands here again; each section may stand once");
        return;
    }
    if (document->sections_count == INI_SECTIONS_MAX) {
        wrong(r, at, "too many sections");
        return;
    }
    document->sections[document->sections_count++] = new;
    r->skip_section = false;
}

/* Keeps an entry, unless the same section has its key already. */
static void keep_entry(struct reader *r, const struct ini_entry *new)
{
    struct ini_document *document = r->document;
    char key[KEY_MAX];

    if (r->skip_section) return;
    for (unsigned i = document->entries_count; i-- > 0 && document->entries[i].section == new->section;) {
        if (document->entries[i].hash != new->hash || !same_key(&document->entries[i].key, &new->key)) continue;
        entry_key(document, new, key);
        finding_add(document->head, document->code, FINDING_ERROR, FINDING_SYNTAX, new->key_place, key,
                    "this key stands here again (first in line %u); each key may stand once",
                    document->entries[i].key_place.line);
        /* Nothing more can be told: what follows would only take time. */
        r->skip_section = document->head->findings_count == PLAN_FINDINGS_MAX;
        return;
    }
    if (document->entries_count == INI_ENTRIES_MAX) {
        /* Once is enough: the section is passed over from here. */
        wrong(r, r->start, "too many keys");
        r->skip_section = true;
        return;
    }
    r->open = &document->entries[document->entries_count++];
    *r->open = *new;
}

/* "key = value" or "key: value", whichever delimiter comes first. */
static void read_entry(struct reader *r, const char *at)
{
    const char *delimiter = at, *key_end, *value;
    struct ini_entry new;

    r->open = NULL;
    r->entry_seen = true;
    r->indent = (size_t)(at - r->start);
    while (delimiter < r->end && *delimiter != '=' && *delimiter != ':') delimiter++;
    if (delimiter == r->end || delimiter == at) {
        wrong(r, at, delimiter == at ? "a key was expected before this"
                                     : "neither a section, 'key = value' nor a comment");
        return;
    }
    if (!r->in_section) {
        wrong(r, at, "a section, as in '[name]', must come before the first key");
        return;
    }
    for (key_end = delimiter; is_blank(key_end[-1]); key_end--) continue;
    for (value = delimiter + 1; value < r->end && is_blank(*value); value++) continue;
    memset(&new, 0, sizeof(new));
    new.section = r->document->sections_count - 1;
    new.key = (struct ini_text){at, (size_t)(key_end - at)};
    new.hash = key_hash(&new.key);
    new.value = (struct ini_text){value, (size_t)(r->end - value)};
    new.key_place = place_of(r, at);
    new.value_place = place_of(r, value);
    keep_entry(r, &new);
}

static void read_line(struct reader *r)
{
    const char *at = r->start;

    if (!check_characters(r)) return;
    while (at < r->end && is_blank(*at)) at++;
    while (r->end > at && is_blank(r->end[-1])) r->end--;
    if (at == r->end || *at == '#' || *at == ';') return;
    if (r->entry_seen && (size_t)(at - r->start) > r->indent) {
        if (!r->open) return; /* goes on what was refused or passed over */
        r->open->continued = true;
        r->open->value.length = (size_t)(r->end - r->open->value.at);
    } else if (*at == '[') {
        read_section(r, at);
    } else {
        read_entry(r, at);
    }
}

int ini_parse(struct ini_document *document, const char *bytes, size_t n, size_t bytes_max, uint32_t code,
              struct plan_head *head)
{
    struct reader r = {.document = document};
    const char *end = bytes + n;

    /* What stands beyond the counts is never looked at: 100 KiB need not be cleared. */
    document->head = head;
    document->code = code;
    document->sections_count = document->entries_count = 0;
    if (n > bytes_max) {
        finding_add(head, code, FINDING_ERROR, FINDING_SYNTAX, (struct place){0, 0}, "",
                    "the document is larger than %zu bytes", bytes_max);
        return -1;
    }
    if (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        finding_add(head, code, FINDING_ERROR, FINDING_SYNTAX, (struct place){1, 1}, "",
                    "the document begins with a byte order mark");
        bytes += 3;
    }
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        r.line++;
        r.start = bytes;
        r.end = newline ? newline : end;
        bytes = newline ? newline + 1 : end;
        if (newline && r.end > r.start && r.end[-1] == '\r') r.end--;
        read_line(&r);
    }
    return head->usable ? 0 : -1;
}

/* ---- entries ------------------------------------------------------------------- */

int ini_section(const struct ini_document *document, const char *name)
{
    for (unsigned i = 0; i < document->sections_count; i++) {
        const struct ini_text *found = &document->sections[i].name;
        if (found->length == strlen(name) && memcmp(found->at, name, found->length) == 0) return (int)i;
    }
    return -1;
}

bool ini_key_is(const struct ini_entry *entry, const char *key)
{
    struct ini_text wanted = {key, strlen(key)};

    return same_key(&entry->key, &wanted);
}

static const struct ini_entry *find(const struct ini_document *document, int section, const char *key)
{
    for (unsigned i = 0; i < document->entries_count; i++)
        if ((int)document->entries[i].section == section && ini_key_is(&document->entries[i], key))
            return &document->entries[i];
    return NULL;
}

const struct ini_entry *ini_get(const struct ini_document *document, const char *section, const char *key)
{
    int index = ini_section(document, section);
    const struct ini_entry *entry = find(document, index, key);

    if (index < 0) return NULL;
    return entry ? entry : find(document, ini_section(document, "DEFAULT"), key);
}

bool ini_value_plain(const struct ini_document *document, const struct ini_entry *entry)
{
    if (entry->continued) {
        ini_finding(document, entry, FINDING_ERROR, FINDING_SYNTAX,
                    "this value goes on in an indented line, which is not supported; write it in one line");
        return false;
    }
    if (memchr(entry->value.at, '%', entry->value.length)) {
        ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE,
                    "'%%' asks for interpolation in this format, which is not supported");
        return false;
    }
    return true;
}

bool ini_number(const struct ini_document *document, const struct ini_entry *entry, uint64_t *value)
{
    const struct ini_text *text = &entry->value;

    if (!ini_value_plain(document, entry)) return false;
    if (text_decimal(text->at, text->length, UINT64_MAX, value)) return true;
    if (text_digits(text->at, text->length) && text->at[0] != '0') {
        *value = UINT64_MAX;
        return true;
    }
    ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE, "a whole number was expected, not '%.*s'",
                (int)text->length, text->at);
    return false;
}

void ini_finding(const struct ini_document *document, const struct ini_entry *entry, enum finding_severity severity,
                 enum finding_kind kind, const char *format, ...)
{
    char key[KEY_MAX];
    va_list arguments;

    entry_key(document, entry, key);
    va_start(arguments, format);
    finding_vadd(document->head, document->code, severity, kind, entry->value_place, key, format, arguments);
    va_end(arguments);
}
