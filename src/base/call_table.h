/*
 * call_table.h - what the arguments of system calls are.
 *
 * For the record of denied calls: which arguments matter to a reader, how they are
 * written (call_text.h), and what of the caller's memory has to be read for it.
 * The keeper, which reads it, links this file alone.
 */
#ifndef QUIESCE_BASE_CALL_TABLE_H
#define QUIESCE_BASE_CALL_TABLE_H

#include <linux/audit.h>
#include <stdint.h>

#include "quiesce/wire.h"

#if defined(__x86_64__)
#define CALL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CALL_ARCH AUDIT_ARCH_AARCH64
#else
#error "only x86-64 and arm64 are supported"
#endif

enum { CALL_ARGUMENTS = 6 };

enum call_argument {
    ARG_END,  /* what follows is not shown */
    ARG_SKIP, /* not shown: a descriptor, a length, a pointer to what matters to nobody */
    ARG_INT,
    ARG_UNSIGNED,
    ARG_HEX,
    ARG_MODE,      /* octal */
    ARG_DIRECTORY, /* a descriptor that a path begins at; AT_FDCWD is not shown */
    ARG_STRING,    /* a path or another string with its NUL */
    ARG_ADDRESS,   /* a struct sockaddr; its length is the next argument */
    ARG_CLONE3,    /* struct clone_args: its flags */
    ARG_OPEN_HOW,  /* struct open_how: its flags */
    ARG_IOCTL,
    ARG_WORDS,     /* from here on: values and flags by name, call_words() */
    ARG_CLONE = ARG_WORDS,
    ARG_NAMESPACE,
    ARG_OPEN,
    ARG_MOUNT,
    ARG_UMOUNT,
    ARG_FAMILY,
    ARG_SOCKET_TYPE,
    ARG_SOCKET_LEVEL,
    ARG_SIGNAL,
    ARG_PTRACE,
    ARG_PRCTL,
    ARG_ARCH_PRCTL,
    ARG_PERSONALITY,
    ARG_PROTECTION,
    ARG_MAP,
    ARG_FCNTL,
    ARG_RLIMIT,
    ARG_CLOCK,
    ARG_REBOOT,
    ARG_SCHEDULER,
    ARG_KEYCTL,
    ARG_BPF,
    ARG_SECCOMP,
    ARG_FILE_TYPE, /* of a mode, alone */
    ARG_IPC, /* flags of shmget(2) and its like, with a mode */
    CALL_ARGUMENT_KINDS
};

/* The kinds of a call's arguments; NULL for a call that is not in the table. */
const uint8_t *call_arguments(uint32_t number);

/* Memory that the text of a call needs: length bytes where argument points to. */
struct call_want {
    uint8_t argument; /* 0..5 */
    uint8_t is_string; /* nothing behind its NUL is wanted */
    uint16_t length;  /* 1..CALL_MEMORY_MAX */
};

/* What has to be read for a call; arguments as in struct seccomp_data.  Returns how
 * many of wants were filled. */
unsigned call_wants(uint32_t number, const uint64_t args[CALL_ARGUMENTS], struct call_want wants[CALL_MEMORIES]);

#endif
