#include "keeper/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/walk.h"

enum { V2, V1, VERSIONS };

/* Kernel documentation, admin-guide/cgroup-v2 and admin-guide/cgroup-v1; in the order
 * of writing, for swap (v1) is of memory and swap together and cannot be below memory. */
static const struct {
    enum controller controller;
    uint8_t limit; /* offset in struct policy_limits */
    const char *files[VERSIONS];
} rows[] = {
    { CONTROLLER_PIDS, offsetof(struct policy_limits, pids), { "pids.max", "pids.max" } },
    { CONTROLLER_MEMORY, offsetof(struct policy_limits, memory), { "memory.max", "memory.limit_in_bytes" } },
    { CONTROLLER_MEMORY, offsetof(struct policy_limits, reservation), { "memory.low", "memory.soft_limit_in_bytes" } },
    { CONTROLLER_MEMORY, offsetof(struct policy_limits, swap), { "memory.swap.max", "memory.memsw.limit_in_bytes" } },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* Of each controller: how v2 turns it on, and where it counts what it did. */
static const struct {
    const char *enable, *counts[VERSIONS], *key;
} controllers[WIRE_CONTROLLERS] = {
    [CONTROLLER_PIDS] = { "+pids", { "pids.events", "pids.events" }, "max " },
    [CONTROLLER_MEMORY] = { "+memory", { "memory.events", "memory.oom_control" }, "oom_kill " },
};

static uint64_t asked_for(const struct policy_limits *asked, unsigned row)
{
    uint64_t value;
    memcpy(&value, (const char *)asked + rows[row].limit, sizeof value);
    return value;
}

static bool is_asked(const struct policy_limits *asked, unsigned controller)
{
    bool any = false;
    for (unsigned i = 0; i < ROWS; i++) {
        any = any || (rows[i].controller == controller && asked_for(asked, i) != 0);
    }
    return any;
}

static int write_text(int directory, const char *name, const char *text)
{
    int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
    ssize_t length = (ssize_t)strlen(text);
    int error = fd < 0 || write(fd, text, (size_t)length) != length ? errno : 0;
    (void)close(fd);
    return error;
}

int limits_write(const struct policy_limits *asked, enum controller controller, bool v1, int directory)
{
    int error = 0;
    for (unsigned i = 0; error == 0 && i < ROWS; i++) {
        char digits[DECIMAL_MAX];
        uint64_t value = asked_for(asked, i);
        if (rows[i].controller != controller || value == 0) {
            continue;
        }
        if (!v1 && rows[i].limit == offsetof(struct policy_limits, swap)) {
            value -= asked->memory; /* of v2 it is swap alone */
        }
        error = write_text(directory, rows[i].files[v1 ? V1 : V2], decimal(digits, value));
    }
    return error;
}

/* The slot's directory in a v1 hierarchy, made anew: its counts begin with this attempt.
 * Returns a descriptor or a negative errno. */
static int make_v1(const struct start *s, int parent)
{
    char name[PLAN_PATH_MAX], path[STAGE_PATH_MAX];
    const char *slot = path + sizeof QUIESCE_RUN_DIR;
    path_join(name, "quiesce-", s->run_id, "");
    stage_path(path, 'h', s->hook->slot);
    int run = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), made = -1;
    if (run >= 0 && (unlinkat(run, slot, AT_REMOVEDIR) == 0 || errno == ENOENT) && mkdirat(run, slot, 0755) == 0) {
        made = openat(run, slot, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    int error = made < 0 ? -errno : 0;
    (void)close(run);
    return error != 0 ? error : made;
}

/* Returns 0, ENOENT if the machine cannot hold it, or another errno. */
static int apply(const struct start *s, struct limits *l, unsigned controller)
{
    struct statfs fs;
    int given = s->controllers[controller], directory = s->cgroup;
    if (fstatfs(given, &fs) != 0) {
        return errno;
    }
    bool v1 = fs.f_type != CGROUP2_SUPER_MAGIC || s->cgroup < 0;
    if (v1) {
        directory = fs.f_type == CGROUP_SUPER_MAGIC ? make_v1(s, given) : -ENOENT;
    }
    if (directory < 0) {
        return -directory;
    }
    int error = v1 ? 0 : write_text(given, "cgroup.subtree_control", controllers[controller].enable);
    error = error != 0 ? error : limits_write(&s->policy->limits, (enum controller)controller, v1, directory);
    l->counts[controller] = openat(directory, controllers[controller].counts[v1 ? V1 : V2], O_RDONLY | O_CLOEXEC);
    if (v1) {
        l->tasks[controller] = openat(directory, "tasks", O_WRONLY | O_CLOEXEC);
        error = l->tasks[controller] < 0 ? errno : error;
        (void)close(directory);
    }
    return error;
}

int limits_apply(const struct start *s, struct limits *l)
{
    int error = 0;
    *l = (struct limits){ .held = true, .counts = { -1, -1 }, .tasks = { -1, -1 } };
    for (unsigned i = 0; error == 0 && i < WIRE_CONTROLLERS; i++) {
        error = is_asked(&s->policy->limits, i) ? apply(s, l, i) : 0;
        if (error == ENOENT || error == EOPNOTSUPP) { /* the supervisor has said so */
            l->held = false;
            error = 0;
        }
    }
    return error;
}

int limits_join(const struct limits *l)
{
    int error = 0;
    for (unsigned i = 0; i < WIRE_CONTROLLERS; i++) {
        error = l->tasks[i] >= 0 && write(l->tasks[i], "0", 1) != 1 ? errno : error;
        (void)close(l->tasks[i]); /* -1: there is none */
    }
    return error;
}

/* The number behind key, which begins a line; 0 if there is none. */
static uint32_t count_of(int file, const char *key)
{
    char text[512];
    ssize_t got = pread(file, text, sizeof text - 1, 0); /* EBADF: there is none */
    text[got > 0 ? got : 0] = '\0';
    const char *at = text;
    while (at != NULL && strncmp(at, key, strlen(key)) != 0) {
        at = strchr(at, '\n');
        at += at != NULL ? 1 : 0;
    }
    uint32_t count = 0;
    for (at = at != NULL ? at + strlen(key) : ""; *at >= '0' && *at <= '9'; at++) {
        count = count * 10 + (uint32_t)(*at - '0');
    }
    return count;
}

struct msg_limited limits_count(const struct limits *l)
{
    return (struct msg_limited){
        .killed = count_of(l->counts[CONTROLLER_MEMORY], controllers[CONTROLLER_MEMORY].key),
        .refused = count_of(l->counts[CONTROLLER_PIDS], controllers[CONTROLLER_PIDS].key),
    };
}
