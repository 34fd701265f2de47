/*
 * weaken.h - how one defence is taken out, for the control run of an attack.
 *
 * build/weakened holds quiesce and its roles linked from the same objects as the
 * real ones, plus the files of this directory, with --wrap for every function that
 * one of them names with WRAP: calls of SYMBOL from another translation unit, or of
 * the C library, arrive at __wrap_SYMBOL, which calls __real_SYMBOL unless
 * weakened() says that this run goes without.  The sources of the programs have no
 * switches at all.
 *
 * One file for one group of defences; nothing else has to know of a new one.
 */
#ifndef WEAKEN_H
#define WEAKEN_H

#include <stdbool.h>

/* At the beginning of a line, once for each function that is wrapped: the makefile
 * reads it.  Declares what the linker calls the function and what stands before it. */
#define WRAP(symbol) extern __typeof__(symbol) __real_##symbol, __wrap_##symbol

/*
 * True if QUIESCE_WEAKEN, a list with commas, holds name, or "ROLE:name" in the
 * program of that role (front, monitor, guardian, parser, supervisor, launcher).
 * name is a literal: the tests look for it in the programs, so that a name that is
 * spelled wrongly is noticed.
 */
#define weakened(name) weakened_tag("weaken:" name ";")
bool weakened_tag(const char *tag);

/* "front", "monitor", ... */
const char *weakened_program(void);

/*
 * Numbers of syscall(2) and options of prctl(2), which many defences share.
 *
 *   WEAKEN_SYSCALL(landlock, "landlock", SYS_landlock_create_ruleset, is_missing);
 *
 * calls is_missing() instead of that system call in runs that go without "landlock";
 * with NULL the call does nothing and succeeds.  The first argument is a name for
 * the entry, of which each needs its own.
 */
typedef long weak_function(const long arguments[6]);
struct weak_call {
    const char *tag;
    long number;
    weak_function *instead;
};
#define WEAKEN_CALL(section_name, id, name, number, instead)                             \
    static const struct weak_call weak_##id = { "weaken:" name ";", number, instead };   \
    static const struct weak_call *const weak_entry_##id                                 \
        __attribute__((used, section(#section_name))) = &weak_##id
#define WEAKEN_SYSCALL(id, name, number, instead) WEAKEN_CALL(weak_syscalls, id, name, number, instead)
#define WEAKEN_PRCTL(id, name, number, instead) WEAKEN_CALL(weak_prctls, id, name, number, instead)

/* The calls themselves, for what stands instead of them. */
long real_syscall(long number, const long arguments[6]);
int real_prctl(int option, const long arguments[4]);

#endif
