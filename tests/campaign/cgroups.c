/*
 * cgroups.c - those of a trial: its own in the v2 hierarchy, and one with a limit of memory
 * in whichever hierarchy has that controller.
 */
#include "campaign.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMORY_MAX_MIB = 24, LINE_MAX_BYTES = 4096, WORDS = 64 };

struct cgroups cgroups;

/* The mount of the first hierarchy that is of this type and has this option; "" if none. */
static void find_mount(const char *type, const char *option, char *found, size_t capacity)
{
    char line[LINE_MAX_BYTES];
    FILE *table = fopen("/proc/self/mountinfo", "re");
    found[0] = '\0';
    while (table != NULL && found[0] == '\0' && fgets(line, sizeof line, table) != NULL) {
        /* 36 35 98:0 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory (proc_pid_mountinfo(5)) */
        char mount[LINE_MAX_BYTES], *end = strstr(line, " - "), kind[WORDS], options[LINE_MAX_BYTES];
        if (end == NULL || sscanf(line, "%*s %*s %*s %*s %4095s", mount) != 1
            || sscanf(end, " - %63s %*s %4095s", kind, options) != 2 || strcmp(kind, type) != 0) {
            continue;
        }
        bool has = option == NULL;
        for (const char *word = strtok(options, ",\n"); word != NULL && !has; word = strtok(NULL, ",\n")) {
            has = strcmp(word, option) == 0;
        }
        if (has && strlen(mount) < capacity) {
            memcpy(found, mount, strlen(mount) + 1);
        }
    }
    if (table != NULL) {
        fclose(table);
    }
}

static bool make(char *path, size_t capacity, const char *root, const char *name)
{
    int n = snprintf(path, capacity, "%s/%s", root, name);
    if (root[0] == '\0' || n < 0 || (size_t)n >= capacity || (mkdir(path, 0755) != 0 && errno != EEXIST)) {
        path[0] = '\0';
        return false;
    }
    return true;
}

/* A new one each time: Linux 6.18 kills whoever is put at its start into a cgroup that was killed before. */
bool cgroups_begin(void)
{
    static unsigned long number;
    char name[32];
    snprintf(name, sizeof name, "campaign-%lu", number++);
    return make(cgroups.trial, sizeof cgroups.trial, cgroups.root, name);
}

void cgroups_end(void)
{
    (void)rmdir(cgroups.trial);
}

void cgroups_prepare(void)
{
    char v1[TEXT_MAX / 2], limit[32];
    find_mount("cgroup2", NULL, cgroups.root, sizeof cgroups.root / 2);
    find_mount("cgroup", "memory", v1, sizeof v1);
    cgroups.memory_v2 = v1[0] == '\0';
    if (cgroups.memory_v2) {
        (void)put_text(cgroups.root, "cgroup.subtree_control", "+memory");
    }
    if (make(cgroups.memory, sizeof cgroups.memory, cgroups.memory_v2 ? cgroups.root : v1, "campaign-memory")) {
        snprintf(limit, sizeof limit, "%d", MEMORY_MAX_MIB << 20);
        if (!put_text(cgroups.memory, cgroups.memory_v2 ? "memory.max" : "memory.limit_in_bytes", limit)) {
            (void)rmdir(cgroups.memory);
            cgroups.memory[0] = '\0';
        }
    }
}
