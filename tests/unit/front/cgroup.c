/*
 * The run's cgroup, on the machine's own: made, emptied, removed; a dead run's is
 * swept away and a living one's is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "front/cgroup.h"

static const char first_id[] = "00000000000000000000000000000000", second_id[] = "11111111111111111111111111111111";

static bool has(const struct cgroup *c, const char *name)
{
    return faccessat(c->parent, name, F_OK, 0) == 0;
}

/* Without cgroup v2, or without the right to use it, there is nothing to test here;
 * where skipping is a failure the machine has to have it. */
static void create(struct cgroup *c, const char *id)
{
    struct cgroup_mount mounts[HIERARCHIES];
    cgroup_mounts_read(mounts, "/proc/self/mountinfo");
    cgroup_create(c, &mounts[HIERARCHY_V2], id);
    if (c->directory < 0) {
        assert_int_equal(c->parent, -1);
        const char *ci = getenv("CI");
        if (ci != NULL && strcmp(ci, "true") == 0) {
            fail_msg("there is no cgroup v2 to test with");
        }
        skip();
    }
    assert_true(has(c, c->name));
}

/* A process that sleeps in a directory below. */
static pid_t populate(const struct cgroup *c, const char *name)
{
    char path[64];
    assert_int_equal(mkdirat(c->directory, name, 0755), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pause();
        _exit(0);
    }
    snprintf(path, sizeof path, "%s/cgroup.procs", name);
    int procs = openat(c->directory, path, O_WRONLY | O_CLOEXEC);
    assert_true(procs >= 0);
    assert_true(dprintf(procs, "%d", (int)pid) > 0);
    close(procs);
    return pid;
}

static void removed_with_all_below(void **state)
{
    (void)state;
    struct cgroup c;
    create(&c, first_id);
    assert_int_equal(mkdirat(c.directory, "launcher", 0755), 0);
    assert_int_equal(mkdirat(c.directory, "launcher/deeper", 0755), 0);
    pid_t pid = populate(&c, "hook-1");
    int parent = dup(c.parent);
    cgroup_kill(&c);
    assert_int_equal(cgroup_remove(&c), 0);
    assert_int_equal(faccessat(parent, c.name, F_OK, 0), -1);
    assert_int_equal(c.directory, -1);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(cgroup_remove(&c), 0); /* there is nothing left to do */
    close(parent);
}

/* Removal is not forced, and the wait is bounded. */
static void what_lives_stays(void **state)
{
    (void)state;
    struct cgroup c;
    create(&c, first_id);
    pid_t pid = populate(&c, "hook-0");
    int parent = dup(c.parent);
    char name[sizeof c.name];
    memcpy(name, c.name, sizeof name);
    uint64_t began_ns = clock_monotonic_ns();
    assert_int_equal(cgroup_remove(&c), -EBUSY);
    uint64_t took_ns = clock_monotonic_ns() - began_ns;
    assert_true(took_ns > NS_PER_S && took_ns < 10 * NS_PER_S);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    /* What the dead run left goes with the next one's sweep. */
    create(&c, second_id);
    assert_int_equal(faccessat(parent, name, F_OK, 0), 0);
    cgroup_sweep(&c);
    assert_int_equal(faccessat(parent, name, F_OK, 0), -1);
    assert_true(has(&c, c.name));
    assert_int_equal(cgroup_remove(&c), 0);
    close(parent);
}

/* A run that has not put anything into its directory yet. */
static void sweep_spares_the_living(void **state)
{
    (void)state;
    struct cgroup a, b;
    create(&a, first_id);
    create(&b, second_id);
    cgroup_sweep(&b);
    assert_true(has(&b, a.name));
    assert_int_equal(cgroup_remove(&a), 0);
    assert_int_equal(cgroup_remove(&b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removed_with_all_below),
        cmocka_unit_test(what_lives_stays),
        cmocka_unit_test(sweep_spares_the_living),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
