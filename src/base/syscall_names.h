/*
 * syscall_names.h - names of the native ABI's system calls.
 *
 * The table is made at build time from libseccomp's (tools/syscall-names.c), to
 * which syscall_names.c adds the newer calls, so that no program but the parser
 * needs libseccomp to print a name.
 */
#ifndef QUIESCE_BASE_SYSCALL_NAMES_H
#define QUIESCE_BASE_SYSCALL_NAMES_H

#include <stdint.h>

/* "openat"; NULL for a number without a name here. */
const char *syscall_name(uint32_t number);

/* The number of a call of the native ABI, or -1 if there is none of that name. */
int syscall_number(const char *name);

#endif
