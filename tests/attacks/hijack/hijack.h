/*
 * hijack.h - a role that has been taken over.
 *
 * The weakened parser and supervisor (weaken.h) hold these files too, with --wrap for
 * drop_privileges().  Where QUIESCE_WEAKEN names an attack, "ROLE:hijack-NAME", it runs
 * as soon as the role has confined itself, in the role's own process, with all that the
 * role holds and nothing else: whoever takes a role over can do no more than that.
 * Without the name "drop" among them the confinement is the real one.
 *
 * What the attack is told stands in /mnt/hijack/arguments, a line "NAME=VALUE" for each
 * argument; what it says goes through memory made before the confinement to the file
 * /mnt/hijack/ROLE, in lines like those of attack.h.
 */
#ifndef HIJACK_H
#define HIJACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/drop.h"
#include "weaken.h"

#define HIJACK_DIRECTORY "/mnt/hijack"

typedef void hijack_function(void);

struct hijack {
    const char *tag;
    hijack_function *before;  /* with the rights that the role was started with; NULL: nothing */
    hijack_function *instead; /* confined; if it returns, the role goes on as itself.  NULL: nothing */
};

/* HIJACK(start, "start", NULL, start_everything); once for each attack. */
#define HIJACK(id, name, before, instead)                                                         \
    static const struct hijack hijack_##id = { "weaken:hijack-" name ";", before, instead };      \
    static const struct hijack *const hijack_entry_##id                                           \
        __attribute__((used, section("hijacks"))) = &hijack_##id

/* One line of what the attack has to say. */
__attribute__((format(printf, 1, 2))) void hijack_say(const char *format, ...);

/* An argument of the attack, or otherwise if it is not given. */
const char *hijack_argument(const char *name, const char *otherwise);
uint64_t hijack_number(const char *name, uint64_t otherwise);

/* The real confinement; nothing in a run without "drop". */
void hijack_drop(void);

/*
 * Makes one attempt in a confined copy of the role: forked before the confinement, so
 * that the attempt may end the process.  Of hijacks that run before.
 *   attempt  returns 0 if it got what it wanted, else an errno
 *   ms       how long it may take
 * Returns what attempt has; -SIGNAL if the process was killed by it; ETIME if it had
 * to be; ECHILD if it ended otherwise, with *status of waitpid(2).
 */
int hijack_try(int (*attempt)(const void *what), const void *what, unsigned ms, int *status);

/* A word for what hijack_try returns: "SIGSYS", "EPERM", "done". */
const char *hijack_word(int result);

#endif
