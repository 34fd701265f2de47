#include "base/argument_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/call_words.h"

static const struct argument arguments[] = {
    { "socket", "domain", ARG_FAMILY, 0, false },
    { "socket", "type", ARG_INT, 1, false },
    { "socket", "protocol", ARG_INT, 2, false },
    { "socketpair", "domain", ARG_FAMILY, 0, false },
    { "ioctl", "fd", ARG_INT, 0, false },
    { "ioctl", "request", ARG_IOCTL, 1, false },
    { "clone", "flags", ARG_CLONE, 0, true },
    { "unshare", "flags", ARG_NAMESPACE, 0, true },
    { "setns", "fd", ARG_INT, 0, false },
    { "setns", "nstype", ARG_NAMESPACE, 1, true },
    { "open", "flags", ARG_OPEN, 1, true },
    { "openat", "dirfd", ARG_INT, 0, false },
    { "openat", "flags", ARG_OPEN, 2, true },
    { "mmap", "prot", ARG_PROTECTION, 2, true },
    { "mprotect", "prot", ARG_PROTECTION, 2, true },
    { "pkey_mprotect", "prot", ARG_PROTECTION, 2, true },
    { "mknod", "mode", ARG_FILE_TYPE, 1, false },
    { "mknodat", "mode", ARG_FILE_TYPE, 2, false },
    { "fcntl", "fd", ARG_INT, 0, false },
    { "fcntl", "cmd", ARG_FCNTL, 1, false },
    { "prctl", "option", ARG_PRCTL, 0, false },
    { "ptrace", "request", ARG_PTRACE, 0, false },
    { "ptrace", "pid", ARG_INT, 1, false },
    { "personality", "persona", ARG_INT, 0, false },
    { "kill", "pid", ARG_INT, 0, false },
    { "kill", "sig", ARG_SIGNAL, 1, false },
    { "tkill", "sig", ARG_SIGNAL, 1, false },
    { "tgkill", "tgid", ARG_INT, 0, false },
    { "tgkill", "sig", ARG_SIGNAL, 2, false },
    { "prlimit64", "pid", ARG_INT, 0, false },
    { "prlimit64", "resource", ARG_RLIMIT, 1, false },
    { "setrlimit", "resource", ARG_RLIMIT, 0, false },
    { "read", "fd", ARG_INT, 0, false },
    { "write", "fd", ARG_INT, 0, false },
    { "writev", "fd", ARG_INT, 0, false },
    { "setuid", "uid", ARG_INT, 0, false },
    { "setgid", "gid", ARG_INT, 0, false },
    { "setreuid", "ruid", ARG_INT, 0, false },
    { "setreuid", "euid", ARG_INT, 1, false },
    { "setresuid", "ruid", ARG_INT, 0, false },
    { "setresuid", "euid", ARG_INT, 1, false },
    { "setresuid", "suid", ARG_INT, 2, false },
};

const struct argument *argument_find(const char *call, unsigned index)
{
    for (size_t i = 0; call != NULL && i < sizeof arguments / sizeof *arguments; i++) {
        if (arguments[i].index == index && strcmp(arguments[i].call, call) == 0) {
            return &arguments[i];
        }
    }
    return NULL;
}

static const struct call_word *words_of(const struct argument *a, size_t *count)
{
    *count = 0;
    return a != NULL && a->kind >= ARG_WORDS ? call_words((enum call_argument)a->kind, count) : NULL;
}

/* The name of a value that is one of several. */
static const char *name_of(const struct argument *a, uint64_t value)
{
    size_t count;
    const struct call_word *words = words_of(a, &count);
    if (a != NULL && a->kind == ARG_IOCTL && value <= UINT32_MAX) {
        return call_ioctl_name((uint32_t)value);
    }
    for (size_t i = 0; i < count; i++) {
        if (words[i].mask == UINT32_MAX && words[i].value == value) {
            return words[i].name;
        }
    }
    return NULL;
}

/* Bits that are one of several, such as an access mode, say nothing where all are 0. */
static void say_flags(char *text, size_t capacity, const struct argument *a, uint64_t value)
{
    size_t used = 0, count;
    const struct call_word *words = words_of(a, &count);
    for (size_t i = 0; i < count && used < capacity; i++) {
        const struct call_word *w = &words[i];
        if (w->value != 0 && w->name[0] != '\0' && (value & w->mask) == w->value) {
            used += (size_t)snprintf(text + used, capacity - used, "%s%s", used > 0 ? "|" : "", w->name);
            value &= ~(uint64_t)w->mask;
        }
    }
    if ((value != 0 || used == 0) && used < capacity) {
        snprintf(text + used, capacity - used, value != 0 ? "%s0x%" PRIx64 : "%s%" PRIu64, used > 0 ? "|" : "", value);
    }
}

const char *argument_say(char *text, size_t capacity, const struct argument *argument, uint64_t value)
{
    const char *name = name_of(argument, value);
    if (name != NULL) {
        snprintf(text, capacity, "%s", name);
    } else if (argument != NULL && argument->flags) {
        say_flags(text, capacity, argument, value);
    } else {
        snprintf(text, capacity, value < 100000 ? "%" PRIu64 : "0x%" PRIx64, value);
    }
    return text;
}
