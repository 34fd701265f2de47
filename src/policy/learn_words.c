/*
 * Learned calls in words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/argument_words.h"
#include "base/syscall_names.h"
#include "policy/learn_text.h"

static void append(char *text, size_t size, const char *separator, const char *word)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used > 0 ? separator : "", word);
}

/* What one argument says, "" if nothing: a zero without a name is what is usual. */
static void say_argument(char *text, size_t size, const char *call, unsigned index, uint64_t value)
{
    const struct argument *argument = argument_find(call, index);
    char word[128];
    text[0] = '\0';
    if (value == 0 && (argument == NULL || argument->kind == ARG_INT)) {
        return;
    }
    argument_say(word, sizeof word, argument, value);
    bool number = word[0] >= '0' && word[0] <= '9';
    if (number && value == 0 && argument->flags) {
        snprintf(text, size, "no new namespace"); /* the flags that are looked at are those of namespaces */
    } else if (number && argument != NULL) {
        snprintf(text, size, "%s %s", argument->name, word);
    } else if (number) {
        snprintf(text, size, "argument %u %s", index, word);
    } else {
        snprintf(text, size, "%s", word);
    }
}

void learn_arguments(char *text, size_t size, const struct learned_call *call)
{
    char words[160];
    text[0] = '\0';
    for (unsigned i = 0; i < 6; i++) {
        if (call->masks[i] == 0) {
            continue;
        }
        say_argument(words, sizeof words, syscall_name(call->number), i, call->args[i]);
        append(text, size, words[0] != '\0' ? ", " : "", words);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void learn_usage(char *text, size_t size, const struct learned_call *call)
{
    char names[LEARNED_NAMES_MAX][LEARNED_NAME_MAX];
    memcpy(names, call->names, sizeof names);
    for (uint32_t i = 0; i < call->names_count; i++) {
        for (char *c = names[i]; *c != '\0'; c++) { /* a process names itself, and a line of its own would be believed */
            *c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
        }
    }
    /* Of so few bytes glibc's asks for no memory, which the filter of a child would kill. */
    qsort(names, call->names_count, sizeof *names, by_name);
    if (call->count == 1) {
        snprintf(text, size, "once");
    } else {
        snprintf(text, size, "%" PRIu64 " times", call->count);
    }
    for (uint32_t i = 0; i < call->names_count; i++) {
        append(text, size, i == 0 ? ", by " : ", ", names[i]);
    }
    if (call->more_names != 0) {
        append(text, size, ", ", "and others");
    }
}
