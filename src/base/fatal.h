/*
 * fatal.h - how a role ends when something is wrong.
 */
#ifndef QUIESCE_FATAL_H
#define QUIESCE_FATAL_H

/* The program's name in messages, e.g. "quiesce-monitor"; each role defines it. */
extern const char program_name[];

/*
 * Writes "NAME: WHAT: errno N" (error 0: no errno) to descriptor 2 with one
 * write(2) and ends the process with status 70.  what is a constant of the
 * program, never text from outside.
 */
_Noreturn void fatal(const char *what, int error);

/* The same with a word of the program's own instead of an errno, "NAME: WHAT: WORD". */
_Noreturn void fatal_word(const char *what, const char *word);

#endif
