/*
 * native.h - the machine that this program is built for.
 */
#ifndef QUIESCE_BASE_NATIVE_H
#define QUIESCE_BASE_NATIVE_H

#include <linux/audit.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "this program knows the system calls of x86-64 and arm64 only"
#endif

#endif
