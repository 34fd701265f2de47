/*
 * How a script and the snapshot command are executed: by a shell that reads their
 * words again ("shell"); the script by its path and not as it was verified
 * ("reopen"), and with what the launcher has in its environment ("hook-environment").
 */
#include "weaken.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

WRAP(execve);
WRAP(execvp);

static int by_shell(const char *path, char *const argv[], char *const envp[])
{
    static char command[65536];
    static char shell[] = "sh", option[] = "-c";
    char *const words[] = { shell, option, command, NULL };
    size_t used = (size_t)snprintf(command, sizeof command, "%s", path);
    for (int i = 1; argv[0] != NULL && argv[i] != NULL; i++) {
        if (used + strlen(argv[i]) + 2 > sizeof command) {
            errno = E2BIG;
            return -1;
        }
        used += (size_t)snprintf(command + used, sizeof command - used, " %s", argv[i]);
    }
    return __real_execve("/bin/sh", words, envp);
}

static const char *value(char *const envp[], const char *name)
{
    size_t length = strlen(name);
    for (char *const *e = envp; *e != NULL; e++) {
        if (strncmp(*e, name, length) == 0 && (*e)[length] == '=') {
            return *e + length + 1;
        }
    }
    return NULL;
}

int __wrap_execve(const char *path, char *const argv[], char *const envp[])
{
    const char *script = weakened("reopen") ? value(envp, "QUIESCE_SCRIPT") : NULL;
    char *const *variables = weakened("hook-environment") ? environ : envp;
    if (script != NULL) {
        path = script;
    }
    return weakened("shell") ? by_shell(path, argv, variables) : __real_execve(path, argv, variables);
}

int __wrap_execvp(const char *file, char *const argv[])
{
    return weakened("shell") ? by_shell(file, argv, environ) : __real_execvp(file, argv);
}
