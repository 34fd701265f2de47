/*
 * family.c - the processes of a run, found by parentage and by name.
 *
 * The driver is the subreaper, so whoever loses his parent becomes its child; what is
 * killed is named by a pidfd.
 */
#include "campaign.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "quiesce/record.h"

enum { FAMILY_MAX = 64, GENERATIONS = 4, COMM_MAX = 15 };

/* Names as the kernel cuts them (TASK_COMM_LEN). */
static const char *const comms[VICTIMS] = {
    [VICTIM_MONITOR] = "quiesce-monitor", [VICTIM_GUARDIAN] = "quiesce-guardia", [VICTIM_PARSER] = "quiesce-parser",
    [VICTIM_SUPERVISOR] = "quiesce-supervi", [VICTIM_LAUNCHER] = "quiesce-launche", [VICTIM_SNAPSHOT] = "campaign-actor",
};

/* The first bytes of a file of /proc/PID; "" if there is none. */
static void read_of(pid_t pid, const char *name, char *text, size_t capacity)
{
    char path[TEXT_MAX];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, capacity - 1) : -1;
    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

static void comm_of(pid_t pid, char comm[COMM_MAX + 2])
{
    read_of(pid, "comm", comm, COMM_MAX + 2);
    comm[strcspn(comm, "\n")] = '\0';
}

unsigned family_children(pid_t pid, pid_t *children, unsigned max)
{
    char name[64], text[4096];
    unsigned count = 0;
    pid_t of = pid != 0 ? pid : getpid();
    snprintf(name, sizeof name, "task/%d/children", (int)of);
    read_of(of, name, text, sizeof text);
    for (char *p = text, *end; count < max; p = end) {
        long child = strtol(p, &end, 10);
        if (end == p) {
            break;
        }
        children[count++] = (pid_t)child;
    }
    return count;
}

/* The first process of this name below parent (0: the driver), nearest generation first. */
static pid_t named_below(pid_t parent, const char *name)
{
    pid_t queue[FAMILY_MAX];
    unsigned count = family_children(parent, queue, FAMILY_MAX);
    for (unsigned i = 0; i < count; i++) {
        char comm[COMM_MAX + 2];
        comm_of(queue[i], comm);
        if (strcmp(comm, name) == 0) {
            return queue[i];
        }
        count += family_children(queue[i], queue + count, FAMILY_MAX - count);
    }
    return 0;
}

/* Below the launcher: its keepers have its name, and theirs are the hooks. */
static pid_t find_hook(pid_t launcher, bool keeper)
{
    pid_t found = 0, at = launcher;
    char comm[COMM_MAX + 2];
    for (int depth = 0; depth < GENERATIONS; depth++) {
        pid_t children[FAMILY_MAX];
        unsigned count = family_children(at, children, FAMILY_MAX);
        if (at == 0 || count == 0) {
            break;
        }
        at = children[count - 1];
        comm_of(at, comm);
        bool is_keeper = strcmp(comm, comms[VICTIM_LAUNCHER]) == 0;
        if (is_keeper == keeper) {
            found = at;
        }
    }
    return found;
}

pid_t family_find(pid_t front, enum victim victim, bool held)
{
    pid_t launcher;
    switch (victim) {
    case VICTIM_FRONT:
        return held ? named_below(0, "quiesce-session") : front;
    case VICTIM_ALL:
        return front;
    case VICTIM_KEEPER:
    case VICTIM_HOOK:
        launcher = named_below(0, comms[VICTIM_LAUNCHER]);
        return launcher != 0 ? find_hook(launcher, victim == VICTIM_KEEPER) : 0;
    case VICTIM_SNAPSHOT:
        return named_below(0, held ? "quiesce" : comms[VICTIM_SNAPSHOT]);
    case VICTIM_MONITOR:
    case VICTIM_GUARDIAN:
    case VICTIM_PARSER:
    case VICTIM_SUPERVISOR:
    case VICTIM_LAUNCHER:
        return named_below(0, comms[victim]);
    case VICTIM_JOURNAL:
    case VICTIM_DEVICE:
    case VICTIM_NOBODY:
    case VICTIMS:
    default:
        return 0;
    }
}

const struct run_record *family_map(void)
{
    char path[TEXT_MAX];
    pid_t monitor = named_below(0, comms[VICTIM_MONITOR]);
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)monitor, (int)FD_RECORD);
    int fd = monitor != 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return NULL;
    }
    void *map = mmap(NULL, sizeof(struct run_record), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return map != MAP_FAILED ? map : NULL;
}

static void print_below(FILE *out, pid_t pid, int depth)
{
    pid_t children[FAMILY_MAX];
    char comm[COMM_MAX + 2], stack[1024], wchan[64], status[TEXT_MAX];
    unsigned count = family_children(pid, children, FAMILY_MAX);
    for (unsigned i = 0; i < count && depth < FAMILY_MAX; i++) {
        comm_of(children[i], comm);
        read_of(children[i], "wchan", wchan, sizeof wchan);
        read_of(children[i], "stat", status, sizeof status);
        read_of(children[i], "stack", stack, sizeof stack);
        const char *state = strrchr(status, ')');
        fprintf(out, "%*s%d %s %.2s %s\n%s", depth * 2, "", (int)children[i], comm, state != NULL ? state + 1 : "", wchan, stack);
        print_below(out, children[i], depth + 1);
    }
}

void family_print(FILE *out)
{
    print_below(out, 0, 0);
}
