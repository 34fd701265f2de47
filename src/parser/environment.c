#include "parser/environment.h"

#include <stdbool.h>
#include <string.h>

#include "parser/text.h"
#include "quiesce/plan.h"

static const struct {
    const char *name;
    bool prefix;
    const char *problem;
} refused[] = {
    {"QUIESCE_", true, "variables named QUIESCE_* are set by quiesce itself"},
    {"LD_", true, "the dynamic loader would obey this variable"},
    {"GLIBC_", true, "the C library would obey this variable"},
    {"MALLOC_", true, "the C library would obey this variable"},
    {"GCONV_PATH", false, "the C library would obey this variable"},
    {"BASH_", true, "a shell would run what this variable says"},
    {"BASHOPTS", false, "a shell would obey this variable"},
    {"SHELLOPTS", false, "a shell would obey this variable"},
    {"ENV", false, "a shell would run what this variable says"},
    {"IFS", false, "a shell would split words by this variable"},
    {"PS4", false, "a shell would run what this variable says"},
    {"PYTHON", true, "an interpreter would load what this variable says"},
    {"PERL", true, "an interpreter would load what this variable says"},
    {"RUBY", true, "an interpreter would load what this variable says"},
    {"NODE_", true, "an interpreter would load what this variable says"},
};

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

const char *environment_name_problem(const char *name)
{
    if (!is_letter(name[0])) return "a variable's name must begin with a letter or '_'";
    for (const char *p = name; *p; p++)
        if (!is_letter(*p) && (*p < '0' || *p > '9')) return "a variable's name has only letters, digits and '_'";
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        size_t length = strlen(refused[i].name);
        if (strncmp(name, refused[i].name, length) == 0 && (refused[i].prefix || name[length] == '\0'))
            return refused[i].problem;
    }
    return NULL;
}

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
