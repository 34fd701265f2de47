#include "parser/passwd.h"

#include <string.h>

#include "parser/database.h"
#include "parser/text.h"

/* name:password:uid:gid:comment:home:shell */
enum { NAME, PASSWORD, UID, GID, COMMENT, HOME, SHELL, FIELDS };

/* The first entry whose field is exactly text. */
static bool find(const char *bytes, size_t n, unsigned field, const char *text, struct database_row *row)
{
    struct database database = {bytes, bytes + n, 0};

    while (database_next(&database, row))
        if (row->count > field && database_is(&row->fields[field], text)) return true;
    return false;
}

static void take_home(const struct database_row *row, struct passwd_plan *out)
{
    const struct database_field *home = &row->fields[HOME];

    if (text_path_problem(home->at, home->length)) {
        text_copy(out->home, sizeof(out->home), "/", 1);
        if (home->length > 0)
            finding_add(&out->head, DATABASE_CODE, FINDING_WARNING, FINDING_VALUE, (struct place){row->line, 0},
                        "quiesce.runAs", "the home directory of this user is not a usable path; '/' is taken");
    } else {
        text_copy(out->home, sizeof(out->home), home->at, home->length);
    }
}

static void take(const struct database_row *row, struct passwd_plan *out)
{
    const struct database_field *fields = row->fields;

    if (row->count != FIELDS) {
        database_error(&out->head, FINDING_SYNTAX, row->line, "the user's entry has %u fields, not %d", row->count,
                       FIELDS);
        return;
    }
    if (!database_id(&fields[UID], &out->uid))
        database_error(&out->head, FINDING_VALUE, row->line, "the user's uid '%.*s' is not a usable number",
                       (int)fields[UID].length, fields[UID].at);
    if (!database_id(&fields[GID], &out->gid))
        database_error(&out->head, FINDING_VALUE, row->line, "the user's gid '%.*s' is not a usable number",
                       (int)fields[GID].length, fields[GID].at);
    if (fields[NAME].length == 0 || !text_printable(fields[NAME].at, fields[NAME].length) ||
        !text_copy(out->name, sizeof(out->name), fields[NAME].at, fields[NAME].length))
        database_error(&out->head, FINDING_VALUE, row->line,
                       "the user's name must have 1 to %d bytes without control characters", PLAN_NAME_MAX - 1);
    take_home(row, out);
}

void passwd_parse(const char *user, const char *bytes, size_t n, struct passwd_plan *out)
{
    struct database_field wanted = {user, strlen(user)};
    struct database_row row;
    uint32_t uid;
    bool found;

    memset(out, 0, sizeof(*out));
    finding_begin(&out->head);
    /* A number that is not strictly one can still be a name, and fails as one. */
    found = wanted.length > 0 && find(bytes, n, NAME, user, &row);
    if (!found && database_id(&wanted, &uid)) found = find(bytes, n, UID, user, &row);
    if (found)
        take(&row, out);
    else
        database_error(&out->head, FINDING_MISSING, 0, "there is no user '%s'", user);
}
