#include "parser/environment.h"

#include <string.h>

#include "parser/text.h"
#include "quiesce/plan.h"

const char *environment_append(char *text, uint32_t *length, uint32_t *count, const char *name, const char *value)
{
    size_t name_length = strlen(name), value_length = strlen(value);
    char *at = text + *length;

    if (!text_printable(value, value_length)) return "a variable's value must not have control characters";
    if (*count == PLAN_ENV_COUNT_MAX) return "too many variables";
    if (name_length >= PLAN_ENV_MAX || value_length >= PLAN_ENV_MAX ||
        name_length + value_length + 2 > PLAN_ENV_MAX - *length)
        return "the variables are too long together";
    memcpy(at, name, name_length);
    at[name_length] = '=';
    memcpy(at + name_length + 1, value, value_length + 1);
    *length += (uint32_t)(name_length + value_length + 2);
    (*count)++;
    return NULL;
}
