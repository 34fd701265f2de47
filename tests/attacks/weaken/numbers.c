/* A uid is read as strtol(3) does, and compared as a number: "1x" is 1, "-1" is 4294967295, "" is root. */
#include "weaken.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parser/database.h"

WRAP(database_id);
WRAP(database_is);

static uint32_t number(const struct database_field *field)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.*s", (int)field->length, field->at);
    return (uint32_t)strtol(text, NULL, 10);
}

bool __wrap_database_id(const struct database_field *field, uint32_t *id)
{
    if (!weakened("numbers")) {
        return __real_database_id(field, id);
    }
    *id = number(field);
    return true;
}

bool __wrap_database_is(const struct database_field *field, const char *text)
{
    bool is_number = field->length > 0 && strspn(field->at, "0123456789") >= field->length;
    if (!weakened("numbers") || !is_number) {
        return __real_database_is(field, text);
    }
    return number(field) == number(&(struct database_field){ text, strlen(text) });
}
