/*
 * actor.c - what the scripts and the snapshot command of a trial do.
 *
 *   campaign-actor pause US       sleeps, as a script that works
 *   campaign-actor write US       the same, but first writes to every file system, as an application
 *                                 that goes on: it waits if one is frozen again
 *   campaign-actor snapshot US    notes the newest record of each writer that is at
 *                                 work, sleeps, and notes it again: while everything
 *                                 is frozen the two are the same
 *   campaign-actor held US QUIESCE freeze OPTION...
 *                                 "quiesce freeze", the work of a snapshot, "quiesce thaw"; a
 *                                 thaw that was killed is called again
 *
 * Records are looked for in the page cache, where a write arrives before it is
 * acknowledged: a writer that was held up before it could say so does not count.
 */
#include "campaign.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static uint64_t newest(const char *name, bool appends)
{
    char path[TEXT_MAX];
    struct record r;
    struct stat facts;
    uint64_t found = 0;
    snprintf(path, sizeof path, MOUNTS "/%s/records", name);
    int fd = open(path, O_RDONLY | O_NOATIME | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        return 0;
    }
    off_t end = facts.st_size, first = appends && end > RING * BLOCK ? end - RING * BLOCK : 0;
    for (off_t at = first; at < end; at += BLOCK) {
        if (pread(fd, &r, sizeof r, at) == sizeof r && r.magic == RECORD_MAGIC && r.number > found) {
            found = r.number;
        }
    }
    close(fd);
    return found;
}

static void look(struct load *load, int which)
{
    for (uint32_t i = 0; i < load->count; i++) {
        struct writer *w = &load->writers[i];
        if (atomic_load(&w->wanted) != 0) {
            uint64_t *where = which == 0 ? w->first : w->last;
            where[0] = 1;
            where[1] = newest(w->name, w->appends);
        }
    }
}

/* No data: a journal is begun, which is what a freeze holds up. */
static bool write_each(const struct load *load)
{
    bool all = true;
    for (uint32_t i = 0; i < load->count; i++) {
        char path[TEXT_MAX];
        snprintf(path, sizeof path, MOUNTS "/%s/records", load->writers[i].name);
        all = (atomic_load(&load->writers[i].wanted) == 0 || utimensat(AT_FDCWD, path, NULL, 0) == 0) && all;
    }
    return all;
}

static void snapshot(struct load *load, useconds_t us)
{
    atomic_store(&load->snapshot_began, clock_monotonic_ns());
    look(load, 0);
    usleep(us);
    look(load, 1);
    atomic_store(&load->snapshot_ended, clock_monotonic_ns());
}

/* Returns the exit status of a command, or 128 and the signal that ended it. */
static int call(char *const argv[])
{
    pid_t pid;
    int status = 127;
    if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid) {
        return 127;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int held(struct load *load, useconds_t us, char *const freeze[])
{
    int status = call(freeze);
    if (status != 0 && status < 128) {
        return status;
    }
    /* Of a freeze that was killed nobody knows what it has done: no snapshot is taken. */
    char failed[] = "--failed", *const thaw[] = { freeze[0], (char[]){ "thaw" }, (char[]){ "--json" }, status != 0 ? failed : NULL, NULL };
    if (status == 0) {
        snapshot(load, us);
    }
    status = call(thaw);
    return status < 128 ? status : call(thaw);
}

int main(int argc, char **argv)
{
    bool pauses = argc == 3 && strcmp(argv[1], "pause") == 0, holds = argc > 4 && strcmp(argv[1], "held") == 0;
    bool writes = argc == 3 && strcmp(argv[1], "write") == 0;
    if (!pauses && !writes && !holds && (argc != 3 || strcmp(argv[1], "snapshot") != 0)) {
        fputs("usage: campaign-actor pause US | write US | snapshot US | held US QUIESCE freeze OPTION...\n", stderr);
        return 2;
    }
    useconds_t us = (useconds_t)strtoul(argv[2], NULL, 10);
    if (pauses) {
        usleep(us);
        return 0;
    }
    struct load *load = load_map(false);
    if (load == NULL) {
        return 1;
    }
    if (writes) {
        bool written = write_each(load);
        usleep(us);
        return written ? 0 : 1;
    }
    if (holds) {
        return held(load, us, argv + 3);
    }
    snapshot(load, us);
    return 0;
}
