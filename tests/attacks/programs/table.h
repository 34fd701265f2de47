/*
 * table.h - for programs that make more than one attack.
 */
#ifndef TABLE_H
#define TABLE_H

#include "attack.h"

#include <stddef.h>

struct attack {
    const char *name;
    long (*make)(void); /* as a system call: -1 and errno */
    int reached;        /* errno with which the kernel itself refuses it, 0: none (attack.h) */
};

/* Makes each of the attacks in a child of its own; it is called PREFIX and its name. */
static inline void attack_all(const char *prefix, const struct attack *attacks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", prefix, attacks[i].name);
        attack_in_child(name, attacks[i].make, attacks[i].reached);
    }
}

/* Those of the attacks whose names are given.  Returns 0, or 2 if there is none of that name. */
static inline int attack_named(const struct attack *attacks, size_t count, char *const *names)
{
    for (; *names != NULL; names++) {
        size_t i = 0;
        while (i < count && strcmp(attacks[i].name, *names) != 0) {
            i++;
        }
        if (i == count) {
            fprintf(stderr, "no such attack: %s\n", *names);
            return 2;
        }
        attack_all("", &attacks[i], 1);
    }
    return 0;
}

#endif
