#include "base/environment.h"

#include <stdbool.h>
#include <string.h>

static const struct {
    const char *name;
    bool prefix;
    const char *problem;
} refused[] = {
    { "QUIESCE_", true, "variables named QUIESCE_* are set by quiesce itself" },
    { "LD_", true, "the dynamic loader would obey this variable" },
    { "GLIBC_", true, "the C library would obey this variable" },
    { "MALLOC_", true, "the C library would obey this variable" },
    { "GCONV_PATH", false, "the C library would obey this variable" },
    { "BASH_", true, "a shell would run what this variable says" },
    { "BASHOPTS", false, "a shell would obey this variable" },
    { "SHELLOPTS", false, "a shell would obey this variable" },
    { "ENV", false, "a shell would run what this variable says" },
    { "IFS", false, "a shell would split words by this variable" },
    { "PS4", false, "a shell would run what this variable says" },
    { "PYTHON", true, "an interpreter would load what this variable says" },
    { "PERL", true, "an interpreter would load what this variable says" },
    { "RUBY", true, "an interpreter would load what this variable says" },
    { "NODE_", true, "an interpreter would load what this variable says" },
};

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

const char *environment_name_problem(const char *name, size_t length)
{
    if (length == 0 || !is_letter(name[0])) {
        return "a variable's name must begin with a letter or '_'";
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_letter(name[i]) && (name[i] < '0' || name[i] > '9')) {
            return "a variable's name has only letters, digits and '_'";
        }
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        size_t known = strlen(refused[i].name);
        if (length >= known && memcmp(name, refused[i].name, known) == 0 && (refused[i].prefix || length == known)) {
            return refused[i].problem;
        }
    }
    return NULL;
}
