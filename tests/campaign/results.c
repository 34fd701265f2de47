/*
 * results.c - one line for each trial, added when it is over.
 *
 * The first line says of which campaign they are.  A line that was cut off when the
 * machine went down is no line: its trial is done again.
 */
#include "campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VERSION = 5, LINE_SIZE = 2048 };

/* Where lines of one kind stand there are none of another. */
static int header(char line[TEXT_MAX], const struct settings *s)
{
    int n = snprintf(line, TEXT_MAX, "{\"campaign\":\"kill\",\"version\":%d,\"seed\":%llu,\"weaken\":\"%.64s\",\"without\":[%u,%u],\"with\":[", VERSION,
                     (unsigned long long)s->seed, s->weaken != NULL ? s->weaken : "", s->without, s->without_layouts);
    for (size_t i = 0; i < LENGTH(s->with) && s->with[i] != NULL; i++) {
        n += snprintf(line + n, TEXT_MAX - (size_t)n, "%s\"%.16s\"", i > 0 ? "," : "", s->with[i]);
    }
    return n + snprintf(line + n, TEXT_MAX - (size_t)n, "]}\n");
}

int results_open(const struct settings *s, uint64_t *next, char *why, size_t capacity)
{
    char path[2 * TEXT_MAX], expected[TEXT_MAX], line[LINE_SIZE];
    snprintf(path, sizeof path, "%s/results.jsonl", s->results);
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    FILE *in = fopen(path, "re");
    int length = header(expected, s);
    off_t whole = 0;
    *next = 0;
    if (fd < 0 || in == NULL) {
        snprintf(why, capacity, "%s: %s", path, strerror(errno));
        if (in != NULL) {
            fclose(in);
        }
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    while (fgets(line, sizeof line, in) != NULL && strchr(line, '\n') != NULL) {
        unsigned long long number;
        if (whole == 0 && strcmp(line, expected) != 0) {
            snprintf(why, capacity, "%s is of another campaign: use another directory, or its seed and options", path);
            fclose(in);
            close(fd);
            return -1;
        }
        if (sscanf(line, "{\"trial\":%llu,", &number) == 1) {
            *next = number + 1;
        }
        whole += (off_t)strlen(line);
    }
    fclose(in);
    if (ftruncate(fd, whole) != 0 || (whole == 0 && write(fd, expected, (size_t)length) != length)) {
        snprintf(why, capacity, "%s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

void results_add(int fd, const struct plan *p, const struct result *o)
{
    char line[LINE_SIZE], why[sizeof o->why];
    size_t n = 0;
    for (const char *c = o->why; *c != '\0'; c++) {
        why[n++] = *c == '"' || *c == '\\' || (unsigned char)*c < ' ' ? '\'' : *c;
    }
    why[n] = '\0';
    int status = o->status == -1 ? -1 : WIFSIGNALED(o->status) ? 128 + WTERMSIG(o->status) : WEXITSTATUS(o->status);
    int length = snprintf(line, sizeof line,
                          "{\"trial\":%llu,\"action\":\"%s\",\"victim\":\"%s\",\"also\":\"%s\",\"aim\":\"%s\",\"moment\":\"%s\",\"layout\":\"%s\",\"held\":%d,"
                          "\"harmed\":%d,\"status\":%d,\"ms\":%.1f,\"stall\":%.3f,\"thaw\":%.3f,\"readonly\":%d,\"failed\":%d,\"why\":\"%s\"}\n",
                          (unsigned long long)p->number, action_names[p->action], victim_names[p->victim],
                          victim_names[p->also], moment_names[p->aim],
                          moment_names[o->moment], layout_names[p->layout], p->held, o->harmed, status, (double)o->took_ns / 1e6,
                          (double)o->stall_ns / 1e6, (double)o->thaw_ns / 1e6, o->read_only, o->failures > 0, why);
    if (write(fd, line, (size_t)length) != length) {
        perror("campaign: results.jsonl");
        exit(2);
    }
}
