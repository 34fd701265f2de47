#include "front/cgroup_mounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"

/* Whether a list with commas holds a word. */
static bool lists(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0' || at[length] == '\n')) {
            return true;
        }
    }
    return false;
}

static void note(struct cgroup_mount *m, const char *root, const char *point)
{
    static const char usual[] = CGROUP_DIR;
    size_t length = sizeof usual - 1;
    if (strncmp(point, usual, length) != 0 || (point[length] != '/' && point[length] != '\0')) {
        m->elsewhere = true;
    } else if (!m->found && strlen(point) < sizeof m->point && strlen(root) < sizeof m->root) {
        m->found = true;
        memcpy(m->point, point, strlen(point) + 1);
        memcpy(m->root, root, strlen(root) + 1);
    }
}

/* A line: id parent major:minor root MOUNT_POINT options [tags] - type source OPTIONS */
static void read_line(struct cgroup_mount mounts[HIERARCHIES], char *line)
{
    enum { ROOT = 3, POINT = 4, FIELDS = 5 };
    char *rest = strstr(line, " - cgroup"), *fields[FIELDS] = { NULL }, *state = NULL;
    char type[16], options[256];
    if (rest == NULL || sscanf(rest, " - %15s %*s %255s", type, options) != 2) {
        return;
    }
    char *word = strtok_r(line, " ", &state);
    for (int i = 0; i < FIELDS && word != NULL; i++) {
        fields[i] = word;
        word = strtok_r(NULL, " ", &state);
    }
    if (fields[POINT] == NULL) {
        return;
    }
    if (strcmp(type, "cgroup2") == 0) {
        note(&mounts[HIERARCHY_V2], fields[ROOT], fields[POINT]);
    } else if (strcmp(type, "cgroup") == 0) {
        if (lists(options, "pids")) {
            note(&mounts[HIERARCHY_PIDS], fields[ROOT], fields[POINT]);
        }
        if (lists(options, "memory")) {
            note(&mounts[HIERARCHY_MEMORY], fields[ROOT], fields[POINT]);
        }
    }
}

void cgroup_mounts_read(struct cgroup_mount mounts[HIERARCHIES], const char *table)
{
    FILE *file = fopen(table, "re");
    char *line = NULL;
    size_t capacity = 0;
    memset(mounts, 0, HIERARCHIES * sizeof *mounts);
    for (int i = 0; file == NULL && i < HIERARCHIES; i++) {
        mounts[i].elsewhere = true;
    }
    while (file != NULL && getline(&line, &capacity, file) > 0) {
        read_line(mounts, line);
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    }
}
