#include "front/hazards.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fanotify.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/mount_lines.h"
#include "quiesce/plan.h"

enum { LINK_MAX = 4096, INFO_MAX = 8192, NUMBER_MAX = 32, NO_TERMINAL = UINT32_MAX };
/* Unix98 pseudoterminals, Documentation/admin-guide/devices.txt. */
enum { PTS_MAJOR = 136, PTS_MAJORS = 8, PTS_MINORS = 256 };

/* As in /proc/PID/comm, which is 15 characters long. */
static const char *const log_daemons[] = { "systemd-journal", "rsyslogd", "syslog-ng", "syslogd", "metalog", "socklog" };

struct search {
    struct hazards *found;
    const struct report *r;
    uint64_t until_ns;
    uint32_t terminals[2]; /* numbers of our standard output's and error's, NO_TERMINAL */
};

/* Of one process. */
struct process {
    unsigned pid;
    int directory, fds, infos;
    bool interesting; /* what it writes to is looked at */
    enum hazard_kind kind;
    char name[NUMBER_MAX];
    struct mount_lines mounts; /* of its namespace, once it is asked for */
    bool has_mounts;
};

void hazards_add(struct hazards *hazards, const struct hazard *place, const char *process, const char *path)
{
    for (unsigned i = 0; i < hazards->count; i++) {
        const struct hazard *h = &hazards->list[i];
        if (h->kind == place->kind && h->fs == place->fs && h->pid == place->pid) {
            return; /* one file of a process on a file system is enough */
        }
    }
    if (hazards->count == HAZARDS_MAX) {
        hazards->more = true;
        return;
    }
    struct hazard *h = &hazards->list[hazards->count++];
    *h = *place;
    snprintf(h->process, sizeof h->process, "%s", process);
    snprintf(h->path, sizeof h->path, "%.*s", HAZARDS_PATH_MAX - 1, path);
}

static void add(struct search *s, enum hazard_kind kind, uint32_t fs, const struct process *p, const char *path)
{
    hazards_add(s->found, &(struct hazard){ .kind = kind, .fs = fs, .pid = p->pid }, p->name, path);
}

/* A small file as a string.  Returns false if it cannot be read. */
static bool read_text(int directory, const char *name, char *text, size_t capacity)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, capacity - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* The number behind "KEY:" at the beginning of a line.  base: as for strtoul(3). */
static bool number_of(const char *info, const char *key, int base, unsigned long *number)
{
    size_t length = strlen(key);
    for (const char *line = info; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            *number = strtoul(line + length + 1, NULL, base);
            return true;
        }
        if (*line == '\0') {
            break;
        }
    }
    return false;
}

/* ---- file systems -------------------------------------------------------------------- */

/* Of report->fs, which is to be frozen and which a descriptor with this information is
 * open on; UINT32_MAX: none. */
static uint32_t target_of(struct search *s, struct process *p, const char *info)
{
    unsigned long id;
    if (!number_of(info, "mnt_id", 10, &id)) {
        return UINT32_MAX;
    }
    if (!p->has_mounts) {
        int fd = openat(p->directory, "mountinfo", O_RDONLY | O_CLOEXEC);
        p->has_mounts = true;
        if (fd >= 0) {
            (void)mount_lines_read(&p->mounts, fd); /* none then */
            close(fd);
        }
    }
    const struct mount_line *mount = mount_lines_by_id(&p->mounts, id);
    for (uint32_t i = 0; mount != NULL && i < s->r->fs_count; i++) {
        const struct report_fs *f = &s->r->fs[i];
        if (report_freezes(s->r, i) && f->major == mount->major && f->minor == mount->minor) {
            return i;
        }
    }
    return UINT32_MAX;
}

static bool can_be_written(const char *info)
{
    unsigned long flags;
    return number_of(info, "flags", 8, &flags) && (flags & O_ACCMODE) != O_RDONLY;
}

/* ---- descriptors --------------------------------------------------------------------- */

/* fs/notify/fdinfo.c: "fanotify ... mask:HEX ignored_mask:HEX" for each mark. */
static bool asks_for_permission(const char *info)
{
    const unsigned long long permission = FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM;
    for (const char *at = strstr(info, " mask:"); at != NULL; at = strstr(at + 1, " mask:")) {
        if ((strtoull(at + strlen(" mask:"), NULL, 16) & permission) != 0) {
            return true;
        }
    }
    return false;
}

/* The other end of a terminal of ours. */
static bool holds_terminal(const struct search *s, const char *info)
{
    unsigned long number;
    return number_of(info, "tty-index", 10, &number) && number != NO_TERMINAL
        && (number == s->terminals[0] || number == s->terminals[1]);
}

static void look_at_fd(struct search *s, struct process *p, const char *name)
{
    char link[LINK_MAX], info[INFO_MAX];
    ssize_t n = readlinkat(p->fds, name, link, sizeof link - 1);
    if (n <= 0) {
        return;
    }
    link[n] = '\0';
    if (strcmp(link, "anon_inode:[fanotify]") == 0 && read_text(p->infos, name, info, sizeof info) && asks_for_permission(info)) {
        add(s, HAZARD_FANOTIFY, UINT32_MAX, p, "");
    }
    if (!p->interesting && strstr(link, "ptmx") != NULL && read_text(p->infos, name, info, sizeof info) && holds_terminal(s, info)) {
        p->interesting = true;
        p->kind = HAZARD_TERMINAL;
    }
}

/* What it writes to, of an interesting one. */
static void look_at_file(struct search *s, struct process *p, const char *name)
{
    char link[LINK_MAX], info[INFO_MAX];
    ssize_t n = readlinkat(p->fds, name, link, sizeof link - 1);
    if (n <= 0 || link[0] != '/' || !read_text(p->infos, name, info, sizeof info) || !can_be_written(info)) {
        return;
    }
    link[n] = '\0';
    uint32_t fs = target_of(s, p, info);
    if (fs != UINT32_MAX) {
        add(s, p->kind, fs, p, link);
    }
}

/* ---- processes ----------------------------------------------------------------------- */

static bool late(struct search *s)
{
    s->found->cut = s->found->cut || clock_monotonic_ns() >= s->until_ns;
    return s->found->cut;
}

static void each_fd(struct search *s, struct process *p, void (*look)(struct search *, struct process *, const char *))
{
    int fd = openat(p->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    const struct dirent *entry;
    while (!late(s) && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            look(s, p, entry->d_name);
        }
    }
    closedir(directory);
}

static bool open_process(struct process *p, int proc, unsigned pid)
{
    char name[NUMBER_MAX];
    *p = (struct process){ .pid = pid, .directory = -1, .fds = -1, .infos = -1 };
    snprintf(name, sizeof name, "%u", pid);
    p->directory = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->directory < 0 || !read_text(p->directory, "comm", p->name, sizeof p->name)) {
        return false;
    }
    p->name[strcspn(p->name, "\n")] = '\0';
    p->fds = openat(p->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->infos = openat(p->directory, "fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return p->fds >= 0 && p->infos >= 0;
}

static void close_process(struct process *p)
{
    const int all[] = { p->directory, p->fds, p->infos };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] >= 0) {
            close(all[i]);
        }
    }
    mount_lines_free(&p->mounts);
}

static void look_at_process(struct search *s, int proc, unsigned pid)
{
    struct process p;
    if (open_process(&p, proc, pid)) {
        for (size_t i = 0; i < sizeof log_daemons / sizeof *log_daemons; i++) {
            p.interesting = p.interesting || strcmp(p.name, log_daemons[i]) == 0;
        }
        p.kind = HAZARD_LOG;
        each_fd(s, &p, look_at_fd);
        if (p.interesting) {
            each_fd(s, &p, look_at_file);
        }
    }
    close_process(&p);
}

static void each_process(struct search *s, int proc, unsigned self)
{
    int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    const struct dirent *entry;
    while (!late(s) && (entry = readdir(directory)) != NULL) {
        char *end;
        unsigned long pid = strtoul(entry->d_name, &end, 10);
        if (*end == '\0' && pid > 0 && pid <= INT32_MAX && pid != self) {
            look_at_process(s, proc, (unsigned)pid);
        }
    }
    closedir(directory);
}

/* ---- ourselves ------------------------------------------------------------------------- */

static uint32_t terminal_number(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) < PTS_MAJOR
        || major(st.st_rdev) >= PTS_MAJOR + PTS_MAJORS) {
        return NO_TERMINAL;
    }
    return (major(st.st_rdev) - PTS_MAJOR) * PTS_MINORS + minor(st.st_rdev);
}

/* LVM's tools write an archive before they change anything, and a backup behind it. */
static void look_at_lvm(struct search *s, struct process *p, const char *command)
{
    static const char *const tools[] = { "lvm", "lvcreate", "lvconvert", "lvchange", "lvremove", "lvextend" };
    static const char place[] = "/etc/lvm";
    const char *slash = strrchr(command, '/'), *base = slash != NULL ? slash + 1 : command;
    bool is_tool = false;
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        is_tool = is_tool || strcmp(base, tools[i]) == 0;
    }
    int fd = is_tool ? open(place, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    char name[NUMBER_MAX], info[INFO_MAX];
    snprintf(name, sizeof name, "%d", fd);
    uint32_t fs = fd >= 0 && read_text(p->infos, name, info, sizeof info) ? target_of(s, p, info) : UINT32_MAX;
    if (fs != UINT32_MAX) {
        snprintf(p->name, sizeof p->name, "%.*s", NUMBER_MAX - 1, base);
        p->pid = 0;
        add(s, HAZARD_LVM, fs, p, place);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void look_at_ourselves(struct search *s, int proc, unsigned self, char *const *command, bool to_stderr)
{
    struct process p;
    if (open_process(&p, proc, self)) {
        p.kind = HAZARD_OUTPUT;
        if (!to_stderr) {
            look_at_file(s, &p, "1");
        }
        look_at_file(s, &p, "2");
        look_at_lvm(s, &p, command[0]);
    }
    close_process(&p);
}

void hazards_find(struct hazards *hazards, const struct report *r, int proc, unsigned self, char *const *command,
                  bool to_stderr)
{
    struct search s = {
        .found = hazards, .r = r, .until_ns = clock_monotonic_ns() + HAZARDS_MS * NS_PER_MS,
        .terminals = { terminal_number(STDOUT_FILENO), terminal_number(STDERR_FILENO) },
    };
    bool any = false;
    *hazards = (struct hazards){ 0 };
    for (uint32_t i = 0; i < r->fs_count; i++) {
        any = any || report_freezes(r, i);
    }
    if (!any || proc < 0) {
        return;
    }
    if (command != NULL) {
        look_at_ourselves(&s, proc, self, command, to_stderr);
    }
    each_process(&s, proc, self);
}
