/*
 * The command line: words between newlines, the program's name before them.
 *
 * Refused: there is a sentence that says why.  Taken: every value is within its bounds, every
 * path absolute.
 */
#include <stdlib.h>
#include <string.h>

#include "front/options.h"
#include "fuzz.h"

const char program_name[] = "fuzz-options";

enum { WORDS_MAX = 256, MESSAGE_MAX = 1024 };

static void check_path(const char *path, size_t size)
{
    FUZZ_CHECK(memchr(path, '\0', size) && (path[0] == '/' || path[0] == '\0'), "a path that is not absolute");
}

static void check_list(const struct mount_list *list)
{
    uint32_t at = 0, strings = 0;

    FUZZ_CHECK(list->count <= PLAN_SKIP_MAX && list->length <= sizeof(list->text), "a list beyond its bounds");
    for (; at < list->length; strings++) {
        const char *end = memchr(list->text + at, '\0', list->length - at);
        FUZZ_CHECK(end && list->text[at] == '/', "a mount point that is not absolute");
        at = (uint32_t)(end - list->text) + 1;
    }
    FUZZ_CHECK(strings == list->count, "%u mount points, not %u", strings, list->count);
}

static void check(const struct options *o)
{
    FUZZ_CHECK(o->command < COMMANDS && o->topic < COMMANDS, "command %d", (int)o->command);
    check_path(o->host_config, sizeof(o->host_config));
    check_path(o->plugin_config, sizeof(o->plugin_config));
    check_path(o->journal, sizeof(o->journal));
    check_list(&o->mounts);
    check_list(&o->exclude);
    FUZZ_CHECK(o->freeze_timeout_seconds <= PLAN_FREEZE_TIMEOUT_MAX, "a freeze of %u s", o->freeze_timeout_seconds);
    FUZZ_CHECK(o->allow_crash < CRASH_CHOICES, "allow-crash %u", o->allow_crash);
    FUZZ_CHECK(o->operands_count <= POLICY_OPERANDS_MAX, "%u operands", o->operands_count);
}

static void run(const char *bytes, size_t n)
{
    static struct options options; /* large */
    static char program[] = "quiesce";
    char *words[WORDS_MAX + 2] = {program}, *text = malloc(n + 1), message[MESSAGE_MAX] = "";
    int count = 1, result;

    if (!text) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        text[i] = bytes[i];
        if (bytes[i] == '\n') {
            text[i] = '\0';
        }
    }
    text[n] = '\0';
    for (char *at = text; at < text + n && count <= WORDS_MAX; at += strlen(at) + 1) {
        words[count++] = at;
    }
    fuzz_meter_start();
    result = options_parse(&options, count, words, message, sizeof(message));
    fuzz_meter_stop();
    FUZZ_CHECK(result == 0 || result == -1, "the result is %d", result);
    FUZZ_CHECK(memchr(message, '\0', sizeof(message)), "a message without an end");
    if (result == 0) {
        check(&options);
    } else {
        FUZZ_CHECK(message[0] != '\0', "refused, and nothing is said");
        FUZZ_CHECK(options.command < COMMANDS, "no command's usage fits");
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
