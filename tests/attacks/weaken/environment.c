/*
 * The environment of a role, which the front leaves empty: what this run goes
 * without is handed on in it; and in a run without "environment" everything that
 * the caller has.
 */
#include "weaken.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__ /* the front's library */
WRAP(execveat);

int __wrap_execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags)
{
    static const char name[] = "QUIESCE_WEAKEN=";
    char *variables[2] = { NULL, NULL };
    for (char **e = environ; *e != NULL; e++) {
        if (strncmp(*e, name, sizeof name - 1) == 0) {
            variables[0] = *e;
        }
    }
    return __real_execveat(directory, path, argv, weakened("environment") ? environ : variables, flags);
}
#endif
