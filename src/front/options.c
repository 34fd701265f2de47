/*
 * options.c - reads the command line by the tables of option_table.c.
 */
#include "front/options.h"

#include <string.h>

#include "front/journal.h"
#include "front/option_table.h"
#include "front/sanitise.h"

/* Edit distance of two short words; longer ones count as far apart. */
static unsigned distance(const char *a, const char *b)
{
    enum { WORD_MAX = 32 };
    unsigned row[WORD_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > WORD_MAX || lb > WORD_MAX) {
        return WORD_MAX;
    }
    for (unsigned j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            unsigned change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[lb];
}

/* Of count words the one nearest to what was typed, if it is near enough for a slip of the hand. */
static const char *nearest(const char *typed, const char *const *words, size_t count)
{
    const char *best = NULL;
    unsigned least = 3;
    for (size_t i = 0; i < count; i++) {
        unsigned d = words[i] != NULL ? distance(typed, words[i]) : least;
        if (d < least && d < strlen(words[i])) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

/* typed: as it stands on the command line, words: without the dashes that belong before them. */
static int refuse_word(const char *what, const char *dashes, const char *typed, const char *const *words, size_t count,
                       char *message, size_t capacity)
{
    char shown[80], name[80];
    sanitise(shown, sizeof shown, typed, strlen(typed));
    const char *bare = typed + strspn(typed, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    const char *near = nearest(name, words, count);
    if (near != NULL) {
        snprintf(message, capacity, "unknown %s '%s'; did you mean '%s%s'?", what, shown, dashes, near);
    } else {
        snprintf(message, capacity, "unknown %s '%s'", what, shown);
    }
    return -1;
}

/* Finds the command of argv[*at], moves *at behind its words. */
static int read_command(enum command *command, int argc, char **argv, int *at, char *message, size_t capacity)
{
    const char *names[COMMANDS] = { NULL }, *verbs[COMMANDS] = { NULL };
    char list[128] = ""; /* of the verbs, for a message */
    bool has_verbs = false;
    for (unsigned i = 0; i < COMMANDS; i++) {
        names[i] = command_table[i].name;
        if (names[i] == NULL || strcmp(names[i], argv[*at]) != 0) {
            continue;
        }
        verbs[i] = command_table[i].verb;
        has_verbs = verbs[i] != NULL;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", list[0] != '\0' ? ", " : "",
                 has_verbs ? verbs[i] : "");
        if (!has_verbs || (*at + 1 < argc && strcmp(argv[*at + 1], verbs[i]) == 0)) {
            *command = (enum command)i;
            *at += has_verbs ? 2 : 1;
            return 0;
        }
    }
    if (has_verbs && *at + 1 < argc && argv[*at + 1][0] != '-') {
        char what[32];
        snprintf(what, sizeof what, "%s command", argv[*at]);
        return refuse_word(what, "", argv[*at + 1], verbs, COMMANDS, message, capacity);
    }
    if (has_verbs) {
        snprintf(message, capacity, "'%s' needs one of: %s", argv[*at], list);
        return -1;
    }
    return refuse_word("command", "", argv[*at], names, COMMANDS, message, capacity);
}

static const struct option_row *find_row(enum command command, const char *name, size_t length)
{
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        if ((option_table[i].commands & ON(command)) != 0 && strlen(option_table[i].name) == length
            && memcmp(option_table[i].name, name, length) == 0) {
            return &option_table[i];
        }
    }
    return NULL;
}

/* Reads the option at argv[*at], which begins with a dash, and its value. */
static int read_option(struct options *options, int argc, char **argv, int *at, char *message, size_t capacity)
{
    const char *word = argv[(*at)++];
    const char *name = strcmp(word, "-h") == 0 ? "help" : strcmp(word, "-o") == 0 ? "output" : word + (word[1] == '-' ? 2 : 1);
    size_t length = strcspn(name, "=");
    const struct option_row *row = word[1] == '-' || name != word + 1 ? find_row(options->command, name, length) : NULL;
    if (row == NULL) {
        const char *names[OPTION_ROWS] = { NULL };
        for (size_t i = 0; i < OPTION_ROWS; i++) {
            names[i] = (option_table[i].commands & ON(options->command)) != 0 ? option_table[i].name : NULL;
        }
        return refuse_word("option", "--", word, names, OPTION_ROWS, message, capacity);
    }
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (row->value == NULL && value != NULL) {
        snprintf(message, capacity, "--%s takes no value", row->name);
        return -1;
    }
    if (row->value != NULL && value == NULL) {
        if (*at >= argc) {
            snprintf(message, capacity, "--%s needs a value", row->name);
            return -1;
        }
        value = argv[(*at)++];
    }
    return row->set(options, value, message, capacity);
}

static bool is_policy(enum command command)
{
    return command_table[command].operands_max > 0;
}

/* What the single options could not know. */
static int check_whole(const struct options *o, char *message, size_t capacity)
{
    const char *wrong = NULL;
    if (o->plugin_config[0] != '\0' && o->host_config[0] != '\0') {
        wrong = "--config and --host-config exclude each other";
    } else if (o->command == COMMAND_RUN && o->snapshot == NULL && !o->dry_run) {
        wrong = "the snapshot command is missing: put it after '--'";
    } else if (o->command == COMMAND_RUN && o->snapshot != NULL && o->snapshot[0][0] == '\0') {
        wrong = "the snapshot command is empty";
    } else if (o->command == COMMAND_POLICY_LEARN && o->arguments == NULL) {
        wrong = "the script is missing: put it after '--'";
    } else if (is_policy(o->command) && o->operands_count < command_table[o->command].operands_min) {
        wrong = command_table[o->command].operands_min == 1 ? "the policy is missing" : "two policies are needed";
    } else if (o->output != NULL && o->operands_count > 1) {
        wrong = "--output goes with one policy only";
    }
    if (wrong == NULL) {
        return 0;
    }
    snprintf(message, capacity, "%s", wrong);
    return -1;
}

/* The table's name of several commands that differ in their second word, or NULL. */
static const char *group_of(const char *word)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (command_table[i].verb != NULL && strcmp(command_table[i].name, word) == 0) {
            return command_table[i].name;
        }
    }
    return NULL;
}

/* Words that are neither option nor value. */
static int read_word(struct options *options, int argc, char **argv, int *at, char *message, size_t capacity)
{
    if (options->command == COMMAND_HELP && options->topic == COMMAND_NONE && options->group == NULL) {
        options->group = *at + 1 == argc ? group_of(argv[*at]) : NULL;
        if (options->group != NULL) {
            ++*at;
            return 0;
        }
        return read_command(&options->topic, argc, argv, at, message, capacity);
    }
    if (options->operands_count < command_table[options->command].operands_max) {
        options->operands[options->operands_count++] = argv[(*at)++];
        return 0;
    }
    char shown[80];
    sanitise(shown, sizeof shown, argv[*at], strlen(argv[*at]));
    snprintf(message, capacity,
             options->command == COMMAND_RUN            ? "'%s' is no option; the snapshot command stands after '--'"
             : options->command == COMMAND_POLICY_LEARN ? "'%s' is no option; the script stands after '--'"
                                                        : "'%s' is one word too many", shown);
    return -1;
}

/* The script that is learned from, and its arguments. */
static int read_script(struct options *options, char **words, char *message, size_t capacity)
{
    if (options->scripts[options->phase][0] != '\0') {
        snprintf(message, capacity, "--post and --phase post exclude each other");
        return -1;
    }
    options->arguments = words + 1;
    return make_absolute(options->scripts[options->phase], words[0], message, capacity);
}

int options_parse(struct options *options, int argc, char **argv, char *message, size_t capacity)
{
    memset(options, 0, sizeof *options);
    memcpy(options->journal, JOURNAL_PATH, sizeof JOURNAL_PATH);
    options->words = argv;
    int at = 1;
    if (at >= argc) {
        snprintf(message, capacity, "a command is missing");
        return -1;
    }
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
        options->command = COMMAND_HELP;
        return 0;
    }
    if (strcmp(argv[at], "--version") == 0) {
        options->command = COMMAND_VERSION;
        return 0;
    }
    if (argv[at][0] == '-') {
        snprintf(message, capacity, "the first word must be a command; options follow it");
        return -1;
    }
    if (argc > at + 1 && (strcmp(argv[at + 1], "--help") == 0 || strcmp(argv[at + 1], "-h") == 0)) {
        options->group = group_of(argv[at]);
        if (options->group != NULL) {
            options->command = COMMAND_HELP;
            return 0;
        }
    }
    if (read_command(&options->command, argc, argv, &at, message, capacity) != 0) {
        return -1;
    }
    bool only_words = false; /* behind "--" */
    while (at < argc) {
        bool is_option = argv[at][0] == '-' && argv[at][1] != '\0' && !only_words;
        if (strcmp(argv[at], "--") == 0 && options->command == COMMAND_RUN) {
            options->snapshot = at + 1 < argc ? argv + at + 1 : NULL;
            break;
        }
        if (strcmp(argv[at], "--") == 0 && options->command == COMMAND_POLICY_LEARN) {
            if (at + 1 < argc && read_script(options, argv + at + 1, message, capacity) != 0) {
                return -1;
            }
            break;
        }
        if (is_option && strcmp(argv[at], "--") == 0 && is_policy(options->command)) {
            only_words = true;
            at++;
            continue;
        }
        int status = is_option ? read_option(options, argc, argv, &at, message, capacity)
                               : read_word(options, argc, argv, &at, message, capacity);
        if (status != 0) {
            return -1;
        }
        if (is_option && options->command == COMMAND_HELP) {
            return 0;
        }
    }
    return check_whole(options, message, capacity);
}
