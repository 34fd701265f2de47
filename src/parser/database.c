#include "parser/database.h"

#include <string.h>

#include "parser/text.h"

static void split(struct database_row *row, const char *at, const char *end)
{
    row->count = 0;
    for (;;) {
        const char *colon = memchr(at, ':', (size_t)(end - at)), *last = colon ? colon : end;
        if (row->count < DATABASE_FIELDS_MAX)
            row->fields[row->count] = (struct database_field){at, (size_t)(last - at)};
        row->count++;
        if (!colon) return;
        at = colon + 1;
    }
}

bool database_next(struct database *database, struct database_row *row)
{
    while (database->at < database->end) {
        const char *start = database->at;
        const char *newline = memchr(start, '\n', (size_t)(database->end - start));
        const char *end = newline ? newline : database->end;
        database->at = newline ? newline + 1 : end;
        row->line = ++database->line;
        if (start == end || strchr("#+- \t", *start)) continue; /* strchr finds a leading NUL too */
        split(row, start, end);
        return true;
    }
    return false;
}

bool database_is(const struct database_field *field, const char *text)
{
    return field->length == strlen(text) && memcmp(field->at, text, field->length) == 0;
}

bool database_id(const struct database_field *field, uint32_t *id)
{
    uint64_t value;

    if (!text_decimal(field->at, field->length, UINT32_MAX - 1, &value)) return false;
    *id = (uint32_t)value;
    return true;
}

void database_error(struct plan_head *head, enum finding_kind kind, uint32_t line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    finding_vadd(head, DATABASE_CODE, FINDING_ERROR, kind, (struct place){line, 0}, "quiesce.runAs", format, arguments);
    va_end(arguments);
}
