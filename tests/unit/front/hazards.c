/*
 * What is found in a /proc of our own making: names, marks, mounts and numbers as the
 * kernel writes them, and as somebody would who wants to be believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/hazards.h"

#define ANYWHERE "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n21 20 8:2 / /var rw - xfs /dev/sda2 rw\n22 20 0:5 / /dev rw - devtmpfs none rw\n"
#define PERMISSION "fanotify flags:4 event-flags:0\nfanotify mnt_id:14 mflags:0 mask:10000 ignored_mask:0\n"

enum { NONE = UINT32_MAX, ROOT = 0, VAR = 1 };

/* One process with one descriptor, 5; what of it is found. */
static const struct {
    const char *comm, *link, *info;
    int kind; /* -1: nothing */
    uint32_t fs;
} rows[] = {
    { "fapolicyd\n", "anon_inode:[fanotify]", "pos:\t0\nflags:\t04002\nmnt_id:\t15\n" PERMISSION, HAZARD_FANOTIFY, NONE },
    { "av\n", "anon_inode:[fanotify]", "fanotify sdev:800001 mflags:0 mask:60000 ignored_mask:0\n", HAZARD_FANOTIFY, NONE },
    /* One that is told and not asked; one that asks for nothing but ignores; another kind of thing. */
    { "watcher\n", "anon_inode:[fanotify]", "fanotify mnt_id:14 mflags:0 mask:20 ignored_mask:0\n", -1, 0 },
    { "watcher\n", "anon_inode:[fanotify]", "fanotify mnt_id:14 mflags:0 mask:20 ignored_mask:10000\n", -1, 0 },
    { "watcher\n", "anon_inode:[inotify]", PERMISSION, -1, 0 },
    { "watcher\n", "/tmp/anon_inode:[fanotify]", PERMISSION, -1, 0 },
    { "rsyslogd\n", "/var/log/syslog", "pos:\t9\nflags:\t0102001\nmnt_id:\t21\n", HAZARD_LOG, VAR },
    { "systemd-journal\n", "/var/log/journal/x/system.journal", "flags:\t0100002\nmnt_id:\t20\n", HAZARD_LOG, ROOT },
    /* It reads; it writes to a device; to a socket; somebody else's log; a mount that is not there. */
    { "rsyslogd\n", "/var/log/syslog", "flags:\t0100000\nmnt_id:\t21\n", -1, 0 },
    { "rsyslogd\n", "/dev/console", "flags:\t0100001\nmnt_id:\t22\n", -1, 0 },
    { "rsyslogd\n", "socket:[12]", "flags:\t02\nmnt_id:\t21\n", -1, 0 },
    { "mariadbd\n", "/var/log/syslog", "flags:\t0102001\nmnt_id:\t21\n", -1, 0 },
    { "rsyslogd\n", "/var/log/syslog", "flags:\t0102001\nmnt_id:\t99\n", -1, 0 },
    { "rsyslogd\n", "/var/log/syslog", "", -1, 0 },
    { "rsyslogd\n", "/var/log/syslog", "mnt_id", -1, 0 },
    { "", "anon_inode:[fanotify]", PERMISSION, -1, 0 },
    { "\033[31m\n", "anon_inode:[fanotify]", PERMISSION, HAZARD_FANOTIFY, NONE },
};

static struct report *report;
static char place[] = "/tmp/hazards.XXXXXX";

static void put(int directory, const char *name, const char *text)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int make_directory(int at, const char *name)
{
    assert_true(mkdirat(at, name, 0700) == 0);
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* A process with these descriptors, from 1 on. */
static void make_process(int proc, unsigned pid, const char *comm, const char *mounts, unsigned count, const char *const links[],
                         const char *const infos[])
{
    char name[16];
    snprintf(name, sizeof name, "%u", pid);
    int process = make_directory(proc, name), fds = make_directory(process, "fd"), info = make_directory(process, "fdinfo");
    put(process, "comm", comm);
    put(process, "mountinfo", mounts);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%u", i + 1);
        assert_int_equal(symlinkat(links[i], fds, name), 0);
        put(info, name, infos[i]);
    }
    close(process);
    close(fds);
    close(info);
}

static int begin(void **state)
{
    (void)state;
    snprintf(place, sizeof place, "/tmp/hazards.XXXXXX");
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (report == MAP_FAILED || mkdtemp(place) == NULL) {
        return -1;
    }
    report->fs_count = 2;
    report->fs[ROOT] = (struct report_fs){ .major = 8, .minor = 1, .mount_point = { 0, 1 } };
    report->fs[VAR] = (struct report_fs){ .major = 8, .minor = 2, .mount_point = { 1, 4 } };
    memcpy(report->text, "//var", 5);
    report->text_length = 5;
    return 0;
}

static int end(void **state)
{
    (void)state;
    char command[64];
    munmap(report, sizeof *report);
    snprintf(command, sizeof command, "rm -rf %s", place);
    return system(command); /* NOLINT(cert-env33-c): a name that mkdtemp made */
}

static int open_proc(void)
{
    int proc = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(proc >= 0);
    return proc;
}

static void each_alone(void **state)
{
    (void)state;
    static struct hazards found;
    int all = open_proc();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[16];
        snprintf(name, sizeof name, "row%zu", i);
        int proc = make_directory(all, name);
        make_process(proc, 77, rows[i].comm, ANYWHERE, 1, &rows[i].link, &rows[i].info);
        hazards_find(&found, report, proc, 1, NULL, false);
        assert_int_equal(found.count, rows[i].kind >= 0 ? 1 : 0);
        if (rows[i].kind >= 0) {
            assert_int_equal(found.list[0].kind, rows[i].kind);
            assert_int_equal(found.list[0].fs, rows[i].fs);
            assert_int_equal(found.list[0].pid, 77);
        }
        assert_false(found.more || found.cut);
        close(proc);
    }
    close(all);
}

/* A file system that is left alone concerns nobody. */
static void not_selected(void **state)
{
    (void)state;
    static struct hazards found;
    int proc = open_proc();
    make_process(proc, 77, rows[6].comm, ANYWHERE, 1, &rows[6].link, &rows[6].info);
    make_process(proc, 78, rows[0].comm, ANYWHERE, 1, &rows[0].link, &rows[0].info);
    report->fs[VAR].skip = FS_EXCLUDED;
    hazards_find(&found, report, proc, 1, NULL, false);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.list[0].kind, HAZARD_FANOTIFY);
    report->fs[ROOT].skip = FS_EXCLUDED;
    hazards_find(&found, report, proc, 1, NULL, false);
    assert_int_equal(found.count, 0);
    hazards_find(&found, report, -1, 1, NULL, false);
    assert_int_equal(found.count, 0);
    close(proc);
}

/* Standard output only if the command has it; a terminal's other end; ours are not a log's. */
static void our_own(void **state)
{
    (void)state;
    static struct hazards found;
    static const char *const links[] = { "/root/out", "/var/err" };
    static const char *const infos[] = { "flags:\t0100001\nmnt_id:\t20\n", "flags:\t0100001\nmnt_id:\t21\n" };
    char name[] = "true", *command[] = { name, NULL };
    int proc = open_proc();
    make_process(proc, 9, "quiesce\n", ANYWHERE, 2, links, infos);
    hazards_find(&found, report, proc, 9, NULL, false);
    assert_int_equal(found.count, 0);
    hazards_find(&found, report, proc, 9, command, false);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.list[0].kind, HAZARD_OUTPUT);
    assert_string_equal(found.list[0].path, "/root/out");
    hazards_find(&found, report, proc, 9, command, true);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.list[0].path, "/var/err");
    close(proc);
}

/* More than are kept, and processes that end while they are looked at. */
static void bounded(void **state)
{
    (void)state;
    static struct hazards found;
    int proc = open_proc();
    for (unsigned pid = 100; pid < 100 + HAZARDS_MAX + 5; pid++) {
        make_process(proc, pid, rows[0].comm, ANYWHERE, 1, &rows[0].link, &rows[0].info);
    }
    close(make_directory(proc, "500"));
    put(proc, "501", "no directory");
    close(make_directory(proc, "99999999999999999999"));
    close(make_directory(proc, "0x10"));
    hazards_find(&found, report, proc, 1, NULL, false);
    assert_int_equal(found.count, HAZARDS_MAX);
    assert_true(found.more);
    close(proc);
}

static void words(void **state)
{
    (void)state;
    static struct hazards found = { .count = 2, .more = true, .list = {
        { .kind = HAZARD_FANOTIFY, .fs = NONE, .pid = 7, .process = "a\033[31m" },
        { .kind = HAZARD_LOG, .fs = VAR, .pid = 8, .process = "rsyslogd", .path = "/var/l\nx" },
    } };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    hazards_print(out, &found, report);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "a\\x1b[31m (pid 7) decides"));
    assert_non_null(strstr(text, "writes to /var/l\\x0ax, on /var, which is frozen"));
    assert_non_null(strstr(text, "and more"));
    free(text);
    cJSON *object = cJSON_CreateObject();
    hazards_json(object, &found, report);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "hazards");
    assert_int_equal(cJSON_GetArraySize(list), 2);
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(list, 0), "path")));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(object, "hazardsComplete")));
    cJSON_Delete(object);
    found = (struct hazards){ 0 };
    out = open_memstream(&text, &size);
    hazards_print(out, &found, report);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(size, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_alone, begin, end),
        cmocka_unit_test_setup_teardown(not_selected, begin, end),
        cmocka_unit_test_setup_teardown(our_own, begin, end),
        cmocka_unit_test_setup_teardown(bounded, begin, end),
        cmocka_unit_test_setup_teardown(words, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
