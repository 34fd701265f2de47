/*
 * quiesce-policy: works on policies: compiles, shows, compares and tests them.
 *
 * Descriptors: 0 /dev/null, 1 and 2 pipes to the front, which prints what comes out
 * of them, from 3 on the files of the command line (policy_job.h).
 *
 * It gives up its rights first (confine.h).  A document's bytes are looked into by
 * children alone, one for each, behind the parser's filter; what they answer is
 * checked before it is used.
 *
 * MUST NOT parse here: neither a policy nor a table of tests.
 */
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "parser/text.h"
#include "policy/compile.h"
#include "policy/confine.h"
#include "policy/diff.h"
#include "policy/learn_begin.h"
#include "policy/learn_write.h"
#include "policy/lint.h"
#include "policy/show.h"
#include "policy/test.h"
#include "quiesce/outcome.h"

const char program_name[] = "quiesce-policy";

/* Each returns the exit status. */
static const struct {
    const char *name;
    int (*run)(const struct job *job);
} verbs[] = {
    { "compile", verb_compile },
    { "diff", verb_diff },
    { "lint", verb_lint },
    { "show", verb_show },
    { "test", verb_test },
    { "learn-begin", verb_learn_begin },
    { "learn-write", verb_learn_write },
};

/* Puts a word such as "d:default.json" into the job; false if it makes no sense. */
static bool take_file(struct job *job, const char *word, int fd)
{
    struct document *last = job->count > 0 ? &job->documents[job->count - 1] : NULL;
    if (word[0] == '\0' || word[1] != ':') {
        return false;
    }
    if (word[0] == POLICY_FILE_DOCUMENT && job->count < POLICY_OPERANDS_MAX) {
        job->documents[job->count++] = (struct document){ .name = word + 2, .fd = fd, .table = -1, .output = -1 };
    } else if (word[0] == POLICY_FILE_TABLE && last != NULL) {
        last->table = fd;
        last->table_name = word + 2;
    } else if (word[0] == POLICY_FILE_OUTPUT && last != NULL) {
        last->output = fd;
    } else if (word[0] == POLICY_FILE_PASSWD) {
        job->passwd = fd;
        job->user = word + 2;
    } else if (word[0] == POLICY_FILE_GROUP) {
        job->group = fd;
    } else if (word[0] == POLICY_FILE_LEARNED) {
        job->learned = fd;
        job->learned_name = word + 2;
    } else {
        return false;
    }
    return true;
}

/* Puts a word such as "--json" or "--seed=7" into the job; false if it makes no sense. */
static bool take_option(struct job *job, const char *word)
{
    const struct {
        const char *name;
        bool *flag;
        uint32_t *value; /* NULL: it has none */
    } options[] = {
        { "--json", &job->json, NULL },
        { "--bpf", &job->bpf, NULL },
        { "--verbose", &job->verbose, NULL },
        { "--add", &job->add, NULL },
        { "--report", &job->report, NULL },
        { "--seed=", &job->has_seed, &job->seed },
        { "--tuples=", &job->has_tuples, &job->tuples },
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        size_t n = strlen(options[i].name);
        uint64_t value = 0;
        if (strncmp(word, options[i].name, n) != 0) {
            continue;
        }
        *options[i].flag = true;
        if (options[i].value == NULL) {
            return word[n] == '\0';
        }
        bool good = text_decimal(word + n, strlen(word + n), UINT32_MAX, &value);
        *options[i].value = (uint32_t)value;
        return good;
    }
    return false;
}

/* Reads the words after the verb.  Returns the last descriptor in use, or -1. */
static int take_words(struct job *job, char **words)
{
    int fd = POLICY_FD_FIRST - 1;
    while (*words != NULL && strcmp(*words, "--") != 0) {
        if (!take_option(job, *words)) {
            return -1;
        }
        words++;
    }
    while (*words != NULL && *++words != NULL) {
        if (!take_file(job, *words, ++fd)) {
            return -1;
        }
    }
    return fd;
}

int main(int argc, char **argv)
{
    static struct job job = { .tuples = POLICY_TUPLES_DEFAULT };
    int last_fd = argc >= 2 ? take_words(&job, argv + 2) : -1;
    for (size_t i = 0; last_fd >= 0 && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, argv[1]) != 0) {
            continue;
        }
        confine_self((unsigned)last_fd);
        /* libseccomp asks the kernel once what it can do, by calls that the children's filter kills. */
        (void)seccomp_api_get();
        int status = verbs[i].run(&job);
        if (fflush(stdout) != 0 || ferror(stdout)) {
            fputs("quiesce-policy: the result cannot be printed\n", stderr);
            status = EXIT_INTERNAL;
        }
        return status;
    }
    fputs("quiesce-policy: started by quiesce only\n", stderr);
    return EXIT_USAGE;
}
