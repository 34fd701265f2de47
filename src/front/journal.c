#include "front/journal.h"

#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/options.h"
#include "front/sanitise.h"
#include "quiesce/outcome.h"

#define LINE_START "{\"prev\":\""
enum { START_LENGTH = sizeof LINE_START - 1, DIGEST_LENGTH = JOURNAL_DIGEST_MAX - 1 };

/* JSON as it is written here holds no control character. */
static int has_control(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)line[i] < 0x20) {
            return 1;
        }
    }
    return 0;
}

/* What is wrong with a line whose predecessor has the given digest; NULL if nothing. */
static const char *look_at(const char *line, size_t length, const char *previous)
{
    if (length == 0 || line[length - 1] != '\n') {
        return "it has no end: the journal was cut off, or a run died while writing";
    }
    if (length < START_LENGTH + DIGEST_LENGTH + 3 || memcmp(line, LINE_START, START_LENGTH) != 0
        || line[START_LENGTH + DIGEST_LENGTH] != '"' || line[length - 2] != '}'
        || has_control(line, length - 1)) {
        return "it is not a record of quiesce";
    }
    if (memcmp(line + START_LENGTH, previous, DIGEST_LENGTH) != 0) {
        return "its digest is not that of the line before: that line was changed, or one between was removed or inserted";
    }
    return NULL;
}

int journal_check(FILE *in, struct journal_state *state)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    memset(state, 0, sizeof *state);
    memset(state->digest, '0', DIGEST_LENGTH);
    errno = 0;
    while ((length = getline(&line, &capacity, in)) > 0) {
        state->broken = look_at(line, (size_t)length, state->digest);
        if (state->broken != NULL) {
            break;
        }
        SHA256Data((const uint8_t *)line, (size_t)length - 1, state->digest);
        state->lines++;
        errno = 0;
    }
    int error = ferror(in) || (length < 0 && !feof(in)) ? errno : 0;
    free(line);
    if (error != 0) {
        return -error;
    }
    return state->broken != NULL ? 1 : 0;
}

int journal_print(FILE *in, FILE *out, unsigned long last, int safe)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    unsigned long lines = 0, number = 0;
    if (last != 0) {
        while (getline(&line, &capacity, in) > 0) {
            lines++;
        }
        rewind(in);
    }
    errno = 0;
    while ((length = getline(&line, &capacity, in)) > 0) {
        if (number++ + last < lines && last != 0) {
            continue;
        }
        size_t n = (size_t)length - (line[length - 1] == '\n' ? 1 : 0);
        if (safe) {
            sanitise_print(out, line, n);
        } else {
            (void)fwrite(line, 1, n, out);
        }
        putc('\n', out);
    }
    int error = ferror(in) || !feof(in) || ferror(out) || fflush(out) != 0 ? errno : 0;
    free(line);
    return -error;
}

/* Opens the journal; says why it cannot and sets *status if so. */
static FILE *open_journal(const struct options *options, int *status)
{
    FILE *in = fopen(options->journal, "re");
    if (in != NULL) {
        return in;
    }
    int error = errno;
    *status = error == EACCES || error == EPERM ? EXIT_NOT_PERMITTED : 1;
    fputs("quiesce: ", stderr);
    sanitise_print(stderr, options->journal, strlen(options->journal));
    fprintf(stderr, ": %s%s\n", strerror(error),
            error == ENOENT ? "; no run has been recorded there yet"
            : *status == EXIT_NOT_PERMITTED ? "; only root may read the journal, for it holds the scripts' output" : "");
    return NULL;
}

static int fail(int error)
{
    fprintf(stderr, "quiesce: the journal cannot be read or printed: %s\n", strerror(-error));
    return EXIT_INTERNAL;
}

int journal_show(const struct options *options)
{
    int status = 0;
    FILE *in = open_journal(options, &status);
    if (in == NULL) {
        return status;
    }
    int error = journal_print(in, stdout, options->last, isatty(STDOUT_FILENO));
    fclose(in);
    return error != 0 ? fail(error) : 0;
}

int journal_verify(const struct options *options)
{
    struct journal_state state;
    int status = 0;
    FILE *in = open_journal(options, &status);
    if (in == NULL) {
        return status;
    }
    int result = journal_check(in, &state);
    fclose(in);
    if (result < 0) {
        return fail(result);
    }
    if (result > 0) {
        printf("line %lu: %s\n%lu record%s before it hold%s\n", state.lines + 1, state.broken, state.lines,
               state.lines == 1 ? "" : "s", state.lines == 1 ? "s" : "");
        return 1;
    }
    printf("%lu record%s, unbroken; the last one's digest is %s\n", state.lines, state.lines == 1 ? "" : "s", state.digest);
    return 0;
}
