/*
 * run_log.c - the part of run.h that reads what roles say when they give up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/run.h"

/* A role that gives up writes "NAME: WHAT: errno N"; people want words. */
static void say_log_line(struct run *run)
{
    static const char mark[] = ": errno ";
    char text[RUN_LOG_MAX + 64];
    const char *line = run->log_line, *number = NULL;
    for (const char *p = strstr(line, mark); p != NULL; p = strstr(p + 1, mark)) {
        number = p;
    }
    int error = number != NULL ? (int)strtol(number + sizeof mark - 1, NULL, 10) : 0;
    if (error > 0) {
        snprintf(text, sizeof text, "%.*s: %s", (int)(number - line), line, strerror(error));
        snprintf(run->log_line, sizeof run->log_line, "%.*s", (int)sizeof run->log_line - 1, text);
    }
    if (run->log_lines++ < RUN_LOG_LINES_MAX) {
        progress_say(&run->progress, run->log_line);
    }
}

void run_read_log(struct run *run)
{
    enum { ROUNDS = 128 }; /* the whole of a pipe, pipe(7) */
    char bytes[RUN_LOG_MAX];
    ssize_t n;
    for (unsigned round = 0; round < ROUNDS && run->log >= 0 && (n = read(run->log, bytes, sizeof bytes)) >= 0; round++) {
        for (ssize_t i = 0; i < n; i++) {
            bool end = bytes[i] == '\n';
            if (!end && bytes[i] != '\0') {
                run->partial[run->partial_length++] = bytes[i];
            }
            if ((end || run->partial_length == sizeof run->partial - 1) && run->partial_length > 0) {
                memcpy(run->log_line, run->partial, run->partial_length);
                run->log_line[run->partial_length] = '\0';
                run->partial_length = 0;
                say_log_line(run);
            }
        }
        if (n == 0) {
            close(run->log);
            run->log = -1;
        }
    }
}
