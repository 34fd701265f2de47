#include "front/controllers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/drop.h"

enum { PATH_LENGTH = 1024, HIERARCHIES_TEXT = 16384, REMOVE_WAIT_MS = 2000, REMOVE_PAUSE_MS = 2 };

static const struct {
    const char *name;
    enum cgroup_hierarchy v1;
} controllers[WIRE_CONTROLLERS] = {
    [CONTROLLER_PIDS] = { "pids", HIERARCHY_PIDS },
    [CONTROLLER_MEMORY] = { "memory", HIERARCHY_MEMORY },
};

/* ---- cgroup v2 ------------------------------------------------------------------- */

/* Whether a controller can be used in a directory: one of the words of cgroup.controllers. */
static bool is_listed(int directory, const char *controller)
{
    char text[PATH_LENGTH], *state = NULL;
    int fd = openat(directory, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    for (char *word = strtok_r(text, " \n", &state); word != NULL; word = strtok_r(NULL, " \n", &state)) {
        if (strcmp(word, controller) == 0) {
            return true;
        }
    }
    return false;
}

/* Turns a controller on that the machine has and nobody uses yet. */
static bool turn_on(int parent, const char *controller)
{
    char text[32];
    int fd = openat(parent, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
    int length = snprintf(text, sizeof text, "+%s", controller);
    bool done = fd >= 0 && write(fd, text, (size_t)length) == length;
    if (fd >= 0) {
        close(fd);
    }
    return done;
}

static int find_v2(const struct cgroup *cgroup, const char *controller)
{
    /* Without cgroup.kill hooks do not live there (machine.c). */
    if (cgroup->directory < 0 || faccessat(cgroup->directory, "cgroup.kill", F_OK, 0) != 0 ||
        (!is_listed(cgroup->directory, controller) && !is_listed(cgroup->parent, controller))) {
        return -1;
    }
    return fcntl(cgroup->directory, F_DUPFD_CLOEXEC, 0);
}

/* Gives the run's directory to the launcher, whose keepers turn controllers on in it. */
static bool make_v2(const struct controllers *c, int directory, const char *controller)
{
    const uid_t id = QUIESCE_BASE_UID + ROLE_LAUNCHER;
    return (is_listed(directory, controller) || turn_on(c->parent, controller)) &&
        fchownat(directory, "cgroup.subtree_control", id, id, 0) == 0;
}

/* ---- cgroup v1 ------------------------------------------------------------------- */

/* The caller's cgroup in the hierarchy of a v1 controller; false if there is none, or it
 * does not fit.  A line of own: number:controller,controller:/path */
static bool own_cgroup(char path[PATH_LENGTH], const char *own, const char *controller)
{
    size_t word = strlen(controller);
    for (const char *line = own; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        const char *list = strchr(line, ':'), *at = list != NULL ? strchr(list + 1, ':') : NULL;
        size_t length = at != NULL ? strcspn(at + 1, "\n") : 0;
        bool named = false;
        for (const char *next = list; at != NULL && next != NULL && next < at; next = strpbrk(next + 1, ",:")) {
            named = named || (strncmp(next + 1, controller, word) == 0 && strchr(",:", next[1 + word]) != NULL);
        }
        if (named && length < PATH_LENGTH) {
            memcpy(path, at + 1, length);
            path[length] = '\0';
            return true;
        }
    }
    return false;
}

/* Opens the caller's cgroup; that which is mounted, if the caller's lies outside of it. */
static int find_v1(const struct cgroup_mount *mount, const char *own, const char *controller)
{
    char path[PATH_LENGTH], whole[2 * PATH_LENGTH];
    if (!mount->found || mount->elsewhere || strncmp(mount->root, "/..", 3) == 0 || !own_cgroup(path, own, controller)) {
        return -1;
    }
    size_t root = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);
    bool below = strncmp(path, mount->root, root) == 0 && (path[root] == '/' || path[root] == '\0');
    snprintf(whole, sizeof whole, "%s%s", mount->point, below ? path + root : "");
    return open(whole, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- both ------------------------------------------------------------------------- */

/* The kernel may count no swap.  Of a v2 controller that is not on yet nobody knows. */
static void look_for_swap(struct controllers *c)
{
    static const char *const files[2] = { "memory.swap.max", "memory.memsw.limit_in_bytes" }; /* v2, v1 */
    int directory = c->directories[CONTROLLER_MEMORY];
    bool v1 = c->v1[CONTROLLER_MEMORY];
    if (directory >= 0 && (v1 || is_listed(directory, "memory")) && faccessat(directory, files[v1], F_OK, 0) != 0) {
        c->limits &= (uint8_t)~(1u << LIMIT_SWAP);
    }
}

/* Reads a file of /proc, or as much of it as fits. */
static void read_text(const char *name, char *text, size_t capacity)
{
    size_t length = 0;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n;
    while (fd >= 0 && length + 1 < capacity && (n = read(fd, text + length, capacity - 1 - length)) > 0) {
        length += (size_t)n;
    }
    if (fd >= 0) {
        close(fd);
    }
    text[length] = '\0';
}

void controllers_find(struct controllers *c, const struct cgroup *cgroup, const struct cgroup_mount mounts[HIERARCHIES],
                      const char *own)
{
    static char text[HIERARCHIES_TEXT];
    read_text(own, text, sizeof text);
    *c = (struct controllers){ .parent = cgroup->parent };
    memcpy(c->name, cgroup->name, sizeof c->name);
    for (int i = 0; i < WIRE_CONTROLLERS; i++) {
        c->directories[i] = find_v2(cgroup, controllers[i].name);
        if (c->directories[i] < 0) {
            c->directories[i] = find_v1(&mounts[controllers[i].v1], text, controllers[i].name);
            c->v1[i] = true;
        }
    }
    c->limits |= c->directories[CONTROLLER_PIDS] >= 0 ? 1u << LIMIT_PIDS : 0;
    c->limits |= c->directories[CONTROLLER_MEMORY] >= 0 ? 1u << LIMIT_MEMORY | 1u << LIMIT_SWAP : 0;
    look_for_swap(c);
}

/* With all that hooks had below; what is in use stays. */
static int remove_directory(int parent, const char *name)
{
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
        return 0; /* most policies ask for no limits */
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    for (int i = 0; fd >= 0 && i < WIRE_HOOKS_MAX; i++) {
        const char slot[] = { 'h', (char)('0' + i / 10), (char)('0' + i % 10), '\0' };
        (void)unlinkat(fd, slot, AT_REMOVEDIR);
    }
    if (fd >= 0) {
        close(fd);
    }
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Makes a v1 directory the launcher's. */
static bool make_v1(int parent, const char *name)
{
    const uid_t id = QUIESCE_BASE_UID + ROLE_LAUNCHER;
    return mkdirat(parent, name, 0755) == 0 && fchownat(parent, name, id, id, AT_SYMLINK_NOFOLLOW) == 0;
}

void controllers_make(struct controllers *c)
{
    static const uint8_t needs[WIRE_CONTROLLERS] = {
        [CONTROLLER_PIDS] = 1u << LIMIT_PIDS, [CONTROLLER_MEMORY] = 1u << LIMIT_MEMORY | 1u << LIMIT_SWAP,
    };
    for (int i = 0; i < WIRE_CONTROLLERS; i++) {
        int directory = c->directories[i];
        if (directory >= 0 && !(c->v1[i] ? make_v1(directory, c->name) : make_v2(c, directory, controllers[i].name))) {
            c->limits &= (uint8_t)~needs[i];
        }
    }
    look_for_swap(c);
}

static void sweep(int parent, const char *own)
{
    size_t prefix = strcspn(own, "-") + 1; /* "quiesce-" */
    int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strlen(entry->d_name) == strlen(own) && strncmp(entry->d_name, own, prefix) == 0 && strcmp(entry->d_name, own) != 0) {
            (void)remove_directory(parent, entry->d_name);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    } else if (copy >= 0) {
        close(copy);
    }
}

void controllers_sweep(const struct controllers *c)
{
    for (int i = 0; i < WIRE_CONTROLLERS; i++) {
        if (c->directories[i] >= 0 && c->v1[i]) {
            sweep(c->directories[i], c->name);
        }
    }
}

int controllers_remove(struct controllers *c)
{
    uint64_t until_ns = clock_monotonic_ns() + REMOVE_WAIT_MS * NS_PER_MS;
    int result = 0;
    for (int i = 0; i < WIRE_CONTROLLERS; i++) {
        int error = 0;
        /* Killed processes leave a v1 cgroup without any event that could be waited for. */
        while (c->directories[i] >= 0 && c->v1[i] && (error = remove_directory(c->directories[i], c->name)) == -EBUSY &&
               clock_monotonic_ns() < until_ns) {
            (void)poll(NULL, 0, REMOVE_PAUSE_MS);
        }
        if (c->directories[i] >= 0) {
            close(c->directories[i]);
        }
        c->directories[i] = -1;
        result = result != 0 ? result : error;
    }
    return result;
}
