/*
 * option_table.h - every command and every option, as options.c reads and prints them.
 */
#ifndef QUIESCE_FRONT_OPTION_TABLE_H
#define QUIESCE_FRONT_OPTION_TABLE_H

#include "front/options.h"

struct command_row {
    const char *name, *verb; /* verb: second word, NULL if none */
    const char *synopsis, *summary;
    unsigned operands_min, operands_max; /* words that are neither option nor value */
};

/* Indexed by enum command; COMMAND_NONE has no name. */
extern const struct command_row command_table[COMMANDS];

/* The bit of a command in option_row.commands. */
#define ON(command) (1u << (command))

/* Prefixes the working directory to a relative path; links and dots stay as they are,
 * for the safe walk is to see every component.  Returns 0, or -1 with a sentence in message. */
int make_absolute(char path[PLAN_PATH_MAX], const char *value, char *message, size_t capacity);

/* Stores one value; returns 0, or -1 with a sentence in message. */
typedef int option_setter(struct options *options, const char *value, char *message, size_t capacity);

struct option_row {
    const char *name, *value; /* value: what it is called in help; NULL: takes none */
    unsigned commands;
    option_setter *set;
    const char *help;
};

enum { OPTION_ROWS = 27 };
extern const struct option_row option_table[OPTION_ROWS];

#endif
