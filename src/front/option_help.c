/*
 * option_help.c - usage and help, made from the tables of commands and options.
 */
#include "front/option_table.h"

#include <stdio.h>
#include <string.h>

static void print_command(FILE *out, const char *lead, const struct command_row *c)
{
    fprintf(out, "%s quiesce %s%s%s%s%s\n", lead, c->name != NULL ? c->name : "", c->verb != NULL ? " " : "",
            c->verb != NULL ? c->verb : "", c->name != NULL && *c->synopsis != '\0' ? " " : "", c->synopsis);
}

void options_usage(FILE *out, enum command command)
{
    print_command(out, "usage:", &command_table[command]);
    if (command == COMMAND_NONE) {
        fputs("       quiesce help [COMMAND]\n", out);
    } else {
        fprintf(out, "       quiesce help %s%s%s\n", command_table[command].name, command_table[command].verb != NULL ? " " : "",
                command_table[command].verb != NULL ? command_table[command].verb : "");
    }
}

/* Every command, or those of a group. */
static void print_commands(FILE *out, const char *group)
{
    for (unsigned i = COMMAND_NONE + 1; i < COMMANDS; i++) {
        const struct command_row *row = &command_table[i];
        if (group != NULL && strcmp(row->name, group) != 0) {
            continue;
        }
        char name[32];
        snprintf(name, sizeof name, "%s%s%s", row->name, row->verb != NULL ? " " : "", row->verb != NULL ? row->verb : "");
        fprintf(out, "  %-16s %s\n", name, row->summary);
    }
    fprintf(out, "\n'quiesce help %s%sCOMMAND' lists the options of one; quiesce(1) has the rest.\n",
            group != NULL ? group : "", group != NULL ? " " : "");
}

void options_help(FILE *out, enum command command, const char *group)
{
    if (group != NULL) {
        fprintf(out, "usage: quiesce %s COMMAND [OPTION]...\n\n", group);
        print_commands(out, group);
        return;
    }
    print_command(out, "usage:", &command_table[command]);
    if (command == COMMAND_NONE) {
        fputs("\nTakes application-consistent snapshots: brings applications to rest with the\n"
              "administrator's scripts, freezes the file systems, lets a command take the\n"
              "snapshot, and sets everything going again.\n\n", out);
        print_commands(out, NULL);
        return;
    }
    fprintf(out, "\n%s\n\n", command_table[command].summary);
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        if ((option_table[i].commands & ON(command)) != 0) {
            char name[48];
            snprintf(name, sizeof name, "--%s%s%s", option_table[i].name, option_table[i].value != NULL ? " " : "",
                     option_table[i].value != NULL ? option_table[i].value : "");
            fprintf(out, "  %-30s %s\n", name, option_table[i].help);
        }
    }
}
