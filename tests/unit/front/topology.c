/*
 * Loop devices: those without a file are passed over, one that cannot be asked is an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "front/topology.h"

struct tree {
    char path[64];
    int fd;
};

static void make(struct tree *t, const char *const *directories, const char *const *files)
{
    snprintf(t->path, sizeof t->path, "/tmp/quiesce-topology-XXXXXX");
    assert_non_null(mkdtemp(t->path));
    t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(t->fd >= 0);
    for (; *directories != NULL; directories++) {
        assert_int_equal(mkdirat(t->fd, *directories, 0755), 0);
    }
    for (; *files != NULL; files++) {
        int fd = openat(t->fd, *files, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        close(fd);
    }
}

static void destroy(struct tree *t, const char *const *entries)
{
    for (; *entries != NULL; entries++) {
        assert_int_equal(unlinkat(t->fd, *entries, strchr(*entries, '.') != NULL ? 0 : AT_REMOVEDIR), 0);
    }
    close(t->fd);
    assert_int_equal(rmdir(t->path), 0);
}

static void without_files(void **state)
{
    (void)state;
    static struct msg_topology topology;
    char message[256] = "";
    struct tree block, dev;
    const char *const none[] = { NULL };
    make(&block, (const char *const[]){ "sda", "loop0", "loop1", "sda/loop", NULL }, none);
    make(&dev, none, none);
    topology.count = 7;
    assert_int_equal(topology_read(&topology, block.fd, dev.fd, message, sizeof message), 0);
    assert_int_equal(topology.count, 0);
    destroy(&block, (const char *const[]){ "sda/loop", "loop1", "loop0", "sda", NULL });
    destroy(&dev, none);
}

/* One has a file, says the tree, but there is no device, or what is there is none. */
static void cannot_be_asked(void **state)
{
    (void)state;
    static struct msg_topology topology;
    char message[256] = "";
    struct tree block, dev;
    const char *const none[] = { NULL };
    make(&block, (const char *const[]){ "loop3", "loop3/loop", NULL }, none);
    make(&dev, none, none);
    assert_int_equal(topology_read(&topology, block.fd, dev.fd, message, sizeof message), -ENOENT);
    assert_non_null(strstr(message, "/dev/loop3"));
    assert_int_equal(mkdirat(dev.fd, "loop3", 0755), 0);
    assert_int_equal(topology_read(&topology, block.fd, dev.fd, message, sizeof message), -ENOTTY);
    destroy(&block, (const char *const[]){ "loop3/loop", "loop3", NULL });
    destroy(&dev, (const char *const[]){ "loop3", NULL });
    assert_true(topology_read(&topology, -1, -1, message, sizeof message) < 0);
    assert_non_null(strstr(message, "cannot be listed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(without_files), cmocka_unit_test(cannot_be_asked) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
