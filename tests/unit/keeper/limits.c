/*
 * A policy's limits as they are written into a hook's cgroup, of both versions, and
 * what is read from there; on directories that are no cgroups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/limits.h"

const char program_name[] = "test-limits";

static int directory; /* with the files that a test needs */

static int begin(void **state)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/quiesce-limits-XXXXXX");
    *state = mkdtemp(path);
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -1 : 0;
}

static int end(void **state)
{
    char command[96];
    close(directory);
    snprintf(command, sizeof command, "rm -r %s", (const char *)*state);
    return system(command);
}

static void put(const char *name, const char *text)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static const char *get(const char *name)
{
    static char text[128];
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n < 0 ? "(no such file)" : text;
}

static const struct policy_limits all = { .pids = 64, .memory = 4194304, .swap = 10485760, .reservation = 2097152 };

static void version_2(void **state)
{
    static const char *const files[] = { "pids.max", "memory.max", "memory.low", "memory.swap.max" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        put(files[i], "");
    }
    assert_int_equal(limits_write(&all, CONTROLLER_PIDS, false, directory), 0);
    assert_string_equal(get("pids.max"), "64");
    assert_string_equal(get("memory.max"), "");
    assert_int_equal(limits_write(&all, CONTROLLER_MEMORY, false, directory), 0);
    assert_string_equal(get("memory.max"), "4194304");
    assert_string_equal(get("memory.low"), "2097152");
    assert_string_equal(get("memory.swap.max"), "6291456"); /* swap alone */
}

static void version_1(void **state)
{
    static const char *const files[] = { "memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        put(files[i], "");
    }
    assert_int_equal(limits_write(&all, CONTROLLER_MEMORY, true, directory), 0);
    assert_string_equal(get(files[0]), "4194304");
    assert_string_equal(get(files[1]), "2097152");
    assert_string_equal(get(files[2]), "10485760"); /* of both together */
}

/* No swap at all is a limit, too; one that is not asked for is not touched. */
static void partly(void **state)
{
    const struct policy_limits no_swap = { .memory = 4194304, .swap = 4194304 }, none = { 0 };
    (void)state;
    put("memory.max", "");
    put("memory.swap.max", "max");
    assert_int_equal(limits_write(&none, CONTROLLER_MEMORY, false, directory), 0);
    assert_string_equal(get("memory.swap.max"), "max");
    assert_int_equal(limits_write(&no_swap, CONTROLLER_MEMORY, false, directory), 0);
    assert_string_equal(get("memory.swap.max"), "0ax"); /* a file, so the rest stays */
    assert_string_equal(get("memory.low"), "(no such file)");
}

/* Without swap accounting the limit of memory holds, and the lack is told. */
static void missing(void **state)
{
    (void)state;
    put("memory.max", "");
    put("memory.low", "");
    assert_int_equal(limits_write(&all, CONTROLLER_MEMORY, false, directory), ENOENT);
    assert_string_equal(get("memory.max"), "4194304");
    assert_int_equal(limits_write(&all, CONTROLLER_PIDS, false, directory), ENOENT);
}

static void counts(void **state)
{
    struct limits l = { .counts = { -1, -1 }, .tasks = { -1, -1 } };
    (void)state;
    assert_int_equal(limits_count(&l).killed, 0); /* no files */
    put("pids.events", "max 7\n");
    put("memory.events", "low 0\nhigh 0\nmax 99\noom 5\noom_kill 3\noom_group_kill 1\n");
    put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 12\n");
    l.counts[CONTROLLER_PIDS] = openat(directory, "pids.events", O_RDONLY);
    l.counts[CONTROLLER_MEMORY] = openat(directory, "memory.events", O_RDONLY);
    assert_int_equal(limits_count(&l).refused, 7);
    assert_int_equal(limits_count(&l).killed, 3);
    close(l.counts[CONTROLLER_MEMORY]);
    l.counts[CONTROLLER_MEMORY] = openat(directory, "memory.oom_control", O_RDONLY); /* v1 */
    assert_int_equal(limits_count(&l).killed, 12);
    assert_int_equal(limits_count(&l).killed, 12); /* from its beginning again */
    close(l.counts[CONTROLLER_MEMORY]);
    close(l.counts[CONTROLLER_PIDS]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = { T(version_2), T(version_1), T(partly), T(missing), T(counts) };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
