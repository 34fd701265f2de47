/*
 * Where a machine has the controllers for processes and memory: mount tables of every
 * kind, and directories that stand for the hierarchies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/drop.h"
#include "front/controllers.h"

const char program_name[] = "test-controllers";

static char top[64];
static struct cgroup_mount mounts[HIERARCHIES];
static struct controllers found;
static struct cgroup cgroup;

static int begin(void **state)
{
    (void)state;
    snprintf(top, sizeof top, "/tmp/quiesce-controllers-XXXXXX");
    memset(mounts, 0, sizeof mounts);
    cgroup = (struct cgroup){ -1, -1, "quiesce-0123" };
    return mkdtemp(top) == NULL || chdir(top) != 0 ? -1 : 0;
}

static int end(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", top);
    return chdir("/") != 0 ? -1 : system(command);
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

static const char *get(const char *name)
{
    static char text[256];
    FILE *file = fopen(name, "re");
    size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    text[n] = '\0';
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

/* ---- mount tables -------------------------------------------------------------- */

#define V2_LINE "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:5 - cgroup2 cgroup2 rw\n"
#define PIDS_LINE "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
#define MEMORY_LINE "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

static void tables(void **state)
{
    (void)state;
    put("table", "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n" PIDS_LINE MEMORY_LINE V2_LINE);
    cgroup_mounts_read(mounts, "table");
    for (int i = 0; i < HIERARCHIES; i++) {
        assert_true(mounts[i].found);
        assert_false(mounts[i].elsewhere);
    }
    assert_string_equal(mounts[HIERARCHY_PIDS].point, "/sys/fs/cgroup/pids");
    assert_string_equal(mounts[HIERARCHY_PIDS].root, "/");
    assert_string_equal(mounts[HIERARCHY_MEMORY].root, "/docker/abc");

    put("table", "30 23 0:26 / /sys/fs/cgroup rw shared:4 master:1 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n");
    cgroup_mounts_read(mounts, "table");
    assert_true(mounts[HIERARCHY_V2].found);
    assert_false(mounts[HIERARCHY_PIDS].found || mounts[HIERARCHY_MEMORY].found); /* "memory" is no controller here */

    put("table", "30 23 0:26 / /sys/fs/cgroup/both rw - cgroup none rw,cpu,memory,pids,xattr\n"
                 "31 23 0:26 / /mnt/both rw - cgroup none rw,cpu,memory,pids\n"
                 "32 23 0:27 / /sys/fs/cgrouped rw - cgroup2 cgroup2 rw\nshort - cgroup x\n");
    cgroup_mounts_read(mounts, "table");
    assert_true(mounts[HIERARCHY_PIDS].found && mounts[HIERARCHY_PIDS].elsewhere);
    assert_true(mounts[HIERARCHY_MEMORY].found && mounts[HIERARCHY_MEMORY].elsewhere);
    assert_true(!mounts[HIERARCHY_V2].found && mounts[HIERARCHY_V2].elsewhere);

    cgroup_mounts_read(mounts, "no-such-table");
    assert_true(mounts[HIERARCHY_V2].elsewhere && !mounts[HIERARCHY_V2].found);
}

/* ---- cgroup v2 -------------------------------------------------------------------- */

static void find(void)
{
    controllers_find(&found, &cgroup, mounts, "own");
}

static void forget(void)
{
    for (int i = 0; i < WIRE_CONTROLLERS; i++) {
        if (found.directories[i] >= 0) {
            close(found.directories[i]);
        }
    }
}

/* The root of a cgroup2 mount and a run's directory in it. */
static void version_2_machine(const char *of_root, const char *of_run)
{
    (void)mkdir("quiesce-0123", 0755);
    put("own", "0::/\n");
    put("cgroup.controllers", of_root);
    put("cgroup.subtree_control", "");
    put("quiesce-0123/cgroup.controllers", of_run);
    put("quiesce-0123/cgroup.subtree_control", "");
    put("quiesce-0123/cgroup.kill", "");
    cgroup.parent = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup.directory = open("quiesce-0123", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void version_2(void **state)
{
    struct stat st;
    (void)state;
    version_2_machine("cpu memory pids\n", "memory pids\n");
    find();
    assert_int_equal(found.limits, 1 << LIMIT_PIDS | 1 << LIMIT_MEMORY); /* the kernel counts no swap */
    forget();
    put("quiesce-0123/memory.swap.max", "max\n");
    find();
    assert_int_equal(found.limits, 1 << LIMIT_PIDS | 1 << LIMIT_MEMORY | 1 << LIMIT_SWAP);
    assert_false(found.v1[CONTROLLER_PIDS] || found.v1[CONTROLLER_MEMORY]);
    assert_string_equal(get("cgroup.subtree_control"), ""); /* the machine is left as it is */
    controllers_make(&found);
    assert_int_equal(found.limits, 1 << LIMIT_PIDS | 1 << LIMIT_MEMORY | 1 << LIMIT_SWAP);
    assert_int_equal(stat("quiesce-0123/cgroup.subtree_control", &st), 0);
    assert_int_equal(st.st_uid, QUIESCE_BASE_UID + ROLE_LAUNCHER);
    assert_string_equal(get("quiesce-0123/cgroup.subtree_control"), ""); /* keepers write it, if a policy asks */
    assert_int_equal(controllers_remove(&found), 0);
    assert_int_equal(access("quiesce-0123", F_OK), 0); /* it is the cgroup's own */
}

/* What the machine has and nobody uses yet is turned on. */
static void turned_on(void **state)
{
    (void)state;
    version_2_machine("hugetlb pids\n", "\n");
    find();
    assert_int_equal(found.limits, 1 << LIMIT_PIDS);
    assert_string_equal(get("cgroup.subtree_control"), ""); /* a check changes nothing */
    controllers_make(&found);
    assert_int_equal(found.limits, 1 << LIMIT_PIDS);
    assert_string_equal(get("cgroup.subtree_control"), "+pids");
    forget();
    assert_int_equal(unlink("cgroup.subtree_control"), 0); /* it may not be written */
    assert_int_equal(mkdir("cgroup.subtree_control", 0755), 0);
    put("quiesce-0123/cgroup.controllers", "");
    find();
    controllers_make(&found);
    assert_int_equal(found.limits, 0);
    forget();
}

static void without(void **state)
{
    (void)state;
    version_2_machine("hugetlb\n", "hugetlb\n");
    find();
    assert_int_equal(found.limits, 0);
    assert_string_equal(get("cgroup.subtree_control"), "");
    forget();
    version_2_machine("memory pids\n", "memory pids\n");
    assert_int_equal(unlink("quiesce-0123/cgroup.kill"), 0); /* hooks do not live there then */
    find();
    assert_int_equal(found.limits, 0);
    forget();
}

/* ---- cgroup v1 ----------------------------------------------------------------------- */

static void mount_v1(enum cgroup_hierarchy hierarchy, const char *root, const char *name)
{
    mounts[hierarchy] = (struct cgroup_mount){ .found = true };
    snprintf(mounts[hierarchy].point, sizeof mounts[hierarchy].point, "%s/%s", top, name);
    snprintf(mounts[hierarchy].root, sizeof mounts[hierarchy].root, "%s", root);
    (void)mkdir(name, 0755);
}

static void version_1(void **state)
{
    struct stat st;
    (void)state;
    mount_v1(HIERARCHY_PIDS, "/", "pids");
    mount_v1(HIERARCHY_MEMORY, "/docker/abc", "memory");
    assert_int_equal(mkdir("pids/user.slice", 0755), 0);
    assert_int_equal(mkdir("memory/inner", 0755), 0);
    put("memory/inner/memory.memsw.limit_in_bytes", "");
    put("own", "9:name=systemd:/x\n8:pids:/user.slice\n4:cpu,memory:/docker/abc/inner\n0::/\n");
    find();
    assert_int_equal(found.limits, 1 << LIMIT_PIDS | 1 << LIMIT_MEMORY | 1 << LIMIT_SWAP);
    controllers_make(&found);
    assert_int_equal(stat("pids/user.slice/quiesce-0123", &st), 0); /* below the caller's own */
    assert_int_equal(st.st_uid, QUIESCE_BASE_UID + ROLE_LAUNCHER);
    assert_int_equal(stat("memory/inner/quiesce-0123", &st), 0);
    assert_int_equal(mkdir("pids/user.slice/quiesce-0123/h31", 0755), 0);
    assert_int_equal(mkdir("pids/user.slice/quiesce-9999", 0755), 0);
    assert_int_equal(mkdir("pids/user.slice/quiesce-99999", 0755), 0);
    controllers_sweep(&found);
    assert_int_equal(access("pids/user.slice/quiesce-9999", F_OK), -1);
    assert_int_equal(access("pids/user.slice/quiesce-99999", F_OK), 0); /* nobody's run id */
    assert_int_equal(access("pids/user.slice/quiesce-0123/h31", F_OK), 0);
    assert_int_equal(controllers_remove(&found), 0);
    assert_int_equal(access("pids/user.slice/quiesce-0123", F_OK), -1);
    assert_int_equal(access("memory/inner/quiesce-0123", F_OK), -1);
}

/* A caller outside of what is mounted: the mount's own root.  Beyond reach: none. */
static void outside(void **state)
{
    (void)state;
    mount_v1(HIERARCHY_PIDS, "/docker/abc", "pids");
    mount_v1(HIERARCHY_MEMORY, "/..", "memory");
    put("own", "8:pids:/docker/abcd\n4:memory:/\n");
    find();
    assert_int_equal(found.limits, 1 << LIMIT_PIDS);
    controllers_make(&found);
    assert_int_equal(access("pids/quiesce-0123", F_OK), 0);
    assert_int_equal(controllers_remove(&found), 0);

    mount_v1(HIERARCHY_PIDS, "/", "pids");
    mounts[HIERARCHY_PIDS].elsewhere = true; /* a hook could write there */
    put("own", "8:pids:/\n");
    find();
    assert_int_equal(found.limits, 0);
    forget();
}

/* A directory that cannot be made is no limit. */
static void not_made(void **state)
{
    (void)state;
    mount_v1(HIERARCHY_PIDS, "/", "pids");
    put("own", "8:pids:/\n");
    put("pids/quiesce-0123", "a file");
    find();
    assert_int_equal(found.limits, 1 << LIMIT_PIDS);
    controllers_make(&found);
    assert_int_equal(found.limits, 0);
    forget();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(tables), T(version_2), T(turned_on), T(without), T(version_1), T(outside), T(not_made),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
