/*
 * What a killed run has left, taken back where the kernel does not let go: a thaw that hangs
 * is waited for no longer than there is patience, and the record outlives it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "front/record.h"
#include "front/recover.h"

static const char run_id[WIRE_RUN_ID_MAX] = "0123456789abcdef0123456789abcdef";

/* ---- the kernel, as this file plays it --------------------------------------------- */

static sem_t kernel; /* a thaw returns when it is posted */
static bool patience;

int ioctl(int fd, unsigned long request, ...)
{
    (void)fd;
    assert_int_equal(request, FITHAW);
    while (sem_wait(&kernel) != 0) {
        assert_int_equal(errno, EINTR);
    }
    return 0;
}

int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock, const struct timespec *until)
{
    (void)clock;
    (void)until;
    return patience ? pthread_join(thread, result) : ETIMEDOUT;
}

/* ---- a record ------------------------------------------------------------------------ */

static int directory = -1;
static char path[] = "/tmp/quiesce-undo.XXXXXX";

/* Of one file system, frozen, which is /proc: it is mounted wherever tests run, and nobody thaws it. */
static struct left *killed_run(void)
{
    static struct left left;
    static struct run_record record;
    char text[512];
    struct stat proc;
    assert_int_equal(stat("/proc", &proc), 0);
    assert_int_equal(record_begin(&record, run_id, false), 0);
    record.wanted = 2;
    record.count = 1;
    record.deadline_boottime_ns = 1;
    record.fs[0].state = FS_FROZEN;
    record.fs[0].major = major(proc.st_dev);
    record.fs[0].minor = minor(proc.st_dev);
    memcpy(record.fs[0].mount_point, "/proc", 6);
    int fd = openat(directory, QUIESCE_RECORD, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, &record, sizeof record), sizeof record);
    close(fd);
    assert_int_equal(left_find(&left, directory, text, sizeof text), 0);
    assert_int_equal(left_look(&left, text, sizeof text), 0);
    return &left;
}

static int begin(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(path));
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return sem_init(&kernel, 0, 0);
}

static int end(void **state)
{
    (void)state;
    (void)unlinkat(directory, QUIESCE_RECORD, 0);
    close(directory);
    assert_int_equal(rmdir(path), 0);
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    return sem_destroy(&kernel);
}

/* ---- tests --------------------------------------------------------------------------- */

static void thawed(void **state)
{
    char text[512] = "";
    struct left *left = killed_run();
    (void)state;
    patience = true;
    sem_post(&kernel);
    assert_int_equal(left_act(left, directory, text, sizeof text), 0);
    assert_int_equal(left->undone.fs[0].end, UNDO_THAWED);
    assert_false(left->kept || left->undone.hangs);
    left_close(left);
    assert_int_equal(faccessat(directory, QUIESCE_RECORD, F_OK, 0), -1);
}

static void a_thaw_that_hangs(void **state)
{
    char text[512] = "";
    struct left *left = killed_run();
    struct record_fs *fs = &left->record->fs[0];
    (void)state;
    patience = false;
    assert_int_not_equal(left_act(left, directory, text, sizeof text), 0);
    assert_int_equal(left->undone.fs[0].end, UNDO_HANGS);
    assert_true(left->kept && left->undone.hangs);
    assert_non_null(strstr(text, "/proc"));
    left_close(left);
    assert_int_equal(faccessat(directory, QUIESCE_RECORD, F_OK, 0), 0);
    /* It returns after all, and is written down. */
    sem_post(&kernel);
    while (atomic_load(&fs->state) != FS_THAWED) {
        assert_int_equal(sched_yield(), 0);
    }
    left = NULL;
    munmap((char *)fs - offsetof(struct run_record, fs), sizeof(struct run_record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(thawed, begin, end),
        cmocka_unit_test_setup_teardown(a_thaw_that_hangs, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
