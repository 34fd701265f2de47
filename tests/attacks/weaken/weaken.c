/*
 * What this run goes without, and the two calls that many defences are made of.
 */
#include "weaken.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TAG "weaken:"

static char list[1024];     /* ",NAME,NAME,ROLE:NAME," */
static const char *program; /* "monitor"; of the front "front" */

/* Before main(): a role gives up its environment with everything else. */
__attribute__((constructor(101))) static void read_list(void)
{
    static const char prefix[] = "quiesce-";
    const char *names = getenv("QUIESCE_WEAKEN");
    program = strncmp(program_invocation_short_name, prefix, sizeof prefix - 1) == 0
        ? program_invocation_short_name + sizeof prefix - 1 : "front";
    size_t length = names != NULL ? strlen(names) : 0;
    if (length + 3 > sizeof list) {
        _exit(70);
    }
    list[0] = ',';
    memcpy(list + 1, names != NULL ? names : "", length);
    memcpy(list + 1 + length, ",", 2);
}

/* item: from behind a comma of the list up to the next one. */
static bool item_is(const char *item, const char *name, size_t length)
{
    size_t role = strlen(program);
    if (strncmp(item, program, role) == 0 && item[role] == ':') {
        item += role + 1;
    }
    return strncmp(item, name, length) == 0 && item[length] == ',';
}

bool weakened_tag(const char *tag)
{
    const char *name = tag + sizeof TAG - 1;
    size_t length = strcspn(name, ";");
    for (const char *comma = list; comma[1] != '\0'; comma = strchr(comma + 1, ',')) {
        if (item_is(comma + 1, name, length)) {
            return true;
        }
    }
    return false;
}

const char *weakened_program(void)
{
    return program;
}

/* ---- syscall(2), prctl(2) ---------------------------------------------------------- */

WRAP(syscall);
WRAP(prctl);

/* The linker's: what the files of this directory have put into the section. */
extern const struct weak_call *const __start_weak_syscalls[], *const __stop_weak_syscalls[];
extern const struct weak_call *const __start_weak_prctls[], *const __stop_weak_prctls[];

/* So that there are such sections in every program. */
WEAKEN_SYSCALL(no_syscall, "", -1, NULL);
WEAKEN_PRCTL(no_prctl, "", -1, NULL);

static const struct weak_call *find(const struct weak_call *const *entry, const struct weak_call *const *end, long number)
{
    while (entry < end && !((*entry)->number == number && weakened_tag((*entry)->tag))) {
        entry++;
    }
    return entry < end ? *entry : NULL;
}

long real_syscall(long number, const long a[6])
{
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int real_prctl(int option, const long a[4])
{
    return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

/* As the libraries' own: more arguments are read than some callers give, and not used. */
long __wrap_syscall(long number, ...)
{
    long arguments[6];
    va_list rest;
    va_start(rest, number);
    for (unsigned i = 0; i < 6; i++) {
        arguments[i] = va_arg(rest, long);
    }
    va_end(rest);
    const struct weak_call *call = find(__start_weak_syscalls, __stop_weak_syscalls, number);
    return call == NULL ? real_syscall(number, arguments) : call->instead == NULL ? 0 : call->instead(arguments);
}

int __wrap_prctl(int option, ...)
{
    long arguments[6] = { 0 };
    va_list rest;
    va_start(rest, option);
    for (unsigned i = 0; i < 4; i++) {
        arguments[i] = va_arg(rest, long);
    }
    va_end(rest);
    const struct weak_call *call = find(__start_weak_prctls, __stop_weak_prctls, option);
    return call == NULL ? real_prctl(option, arguments) : call->instead == NULL ? 0 : (int)call->instead(arguments);
}
