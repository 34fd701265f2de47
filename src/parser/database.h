/*
 * database.h - the lines of passwd(5) and group(5).
 */
#ifndef QUIESCE_PARSER_DATABASE_H
#define QUIESCE_PARSER_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser/finding.h"

enum { DATABASE_FIELDS_MAX = 7, DATABASE_CODE = 305 };

struct database_field {
    const char *at; /* not terminated */
    size_t length;
};

/* One line, split at its colons; what is beyond the last field counts but is not kept. */
struct database_row {
    struct database_field fields[DATABASE_FIELDS_MAX];
    unsigned count;
    uint32_t line; /* from 1 */
};

/* What is left of a database; begin with {bytes, bytes + n, 0}. */
struct database {
    const char *at, *end;
    uint32_t line;
};

/* Takes the next line that is an entry; false at the end.  Blank lines, comments
 * and the '+' and '-' lines of nsswitch's compat mode name nobody. */
bool database_next(struct database *database, struct database_row *row);

/* True if a field is exactly this text. */
bool database_is(const struct database_field *field, const char *text);

/* A uid or gid: a decimal number without sign, blanks or leading zeros, and not
 * 4294967295, which setresuid(2) takes as "leave it". */
bool database_id(const struct database_field *field, uint32_t *id);

/* An error about the user that a document names in quiesce.runAs; line 0: of the whole database. */
void database_error(struct plan_head *head, enum finding_kind kind, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
