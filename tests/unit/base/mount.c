/*
 * What a mount point may be: a directory or a regular file, on the mount that was meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mount.h"

static char directory[] = "/tmp/quiesce-mount-XXXXXX";
static int root = -1;
static uint32_t mount_id;

static int make(void **state)
{
    struct statx facts;
    (void)state;
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int file = openat(root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool made = mkdirat(root, "directory", 0700) == 0 && mkfifoat(root, "fifo", 0600) == 0 && symlinkat("file", root, "link") == 0
        && file >= 0 && close(file) == 0 && syscall(SYS_statx, root, "", AT_EMPTY_PATH, STATX_MNT_ID, &facts) == 0;
    mount_id = (uint32_t)facts.stx_mnt_id;
    return made ? 0 : -1;
}

static int unmake(void **state)
{
    (void)state;
    return unlinkat(root, "directory", AT_REMOVEDIR) == 0 && unlinkat(root, "fifo", 0) == 0 && unlinkat(root, "link", 0) == 0
        && unlinkat(root, "file", 0) == 0 && close(root) == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void opens(const char *path, mode_t type)
{
    struct stat facts;
    int fd = mount_open(root, path, mount_id);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &facts), 0);
    assert_int_equal(facts.st_mode & S_IFMT, type);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    close(fd);
}

static void directories_and_files(void **state)
{
    (void)state;
    opens("/", S_IFDIR);
    opens("/directory", S_IFDIR);
    opens("/file", S_IFREG);
}

static void nothing_else(void **state)
{
    (void)state;
    assert_int_equal(mount_open(root, "/fifo", mount_id), -ENOTDIR);
    assert_int_equal(mount_open(root, "/link", mount_id), -ENOTDIR);
    assert_int_equal(mount_open(root, "/absent", mount_id), -ENOENT);
    assert_int_equal(mount_open(root, "/file/below", mount_id), -ENOTDIR);
}

static void another_mount(void **state)
{
    (void)state;
    assert_int_equal(mount_open(root, "/directory", mount_id + 1), -ESTALE);
    assert_int_equal(mount_open(root, "/file", mount_id + 1), -ESTALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_and_files), cmocka_unit_test(nothing_else), cmocka_unit_test(another_mount),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
