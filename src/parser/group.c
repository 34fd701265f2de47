#include "parser/group.h"

#include <string.h>

#include "parser/database.h"

/* name:password:gid:member,member,... */
enum { NAME, PASSWORD, GID, MEMBERS, FIELDS };

static bool lists(const struct database_field *members, const char *user)
{
    const char *at = members->at, *end = at + members->length;

    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        struct database_field member = {at, (size_t)((comma ? comma : end) - at)};
        if (database_is(&member, user)) return true;
        if (!comma) return false;
        at = comma + 1;
    }
}

static void take(const struct database_row *row, struct group_plan *out)
{
    const struct database_field *name = &row->fields[NAME];
    uint32_t gid;

    if (!database_id(&row->fields[GID], &gid)) {
        database_error(&out->head, FINDING_VALUE, row->line,
                       "the gid of the user's group '%.*s' is not a usable number", (int)name->length, name->at);
        return;
    }
    for (uint32_t i = 0; i < out->count; i++)
        if (out->gids[i] == gid) return;
    if (out->count == PLAN_GROUPS_MAX) {
        database_error(&out->head, FINDING_VALUE, row->line, "the user is in more than %d groups, as '%.*s'",
                       PLAN_GROUPS_MAX, (int)name->length, name->at);
        return;
    }
    out->gids[out->count++] = gid;
}

void group_parse(const char *user, const char *bytes, size_t n, struct group_plan *out)
{
    struct database database = {bytes, bytes + n, 0};
    struct database_row row;

    memset(out, 0, sizeof(*out));
    finding_begin(&out->head);
    if (user[0] == '\0') {
        database_error(&out->head, FINDING_VALUE, 0, "no user was asked for");
        return;
    }
    while (database_next(&database, &row))
        if (row.count == FIELDS && lists(&row.fields[MEMBERS], user)) take(&row, out);
}
