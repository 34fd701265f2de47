/*
 * The record of a run, as recover reads it: one that is whole is believed, and each
 * that is torn, hostile, older, or not root's alone is refused with words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "front/record.h"
#include "front/undo.h"

static const char run_id[WIRE_RUN_ID_MAX] = "0123456789abcdef0123456789abcdef";
static struct run_record record;

/* Two file systems, one frozen and one that is being frozen, the switch at 1. */
static int begin(void **state)
{
    (void)state;
    assert_int_equal(record_begin(&record, run_id, true), 0);
    record.expedited_length = 2;
    memcpy(record.expedited, "0\n", 2);
    record.wanted = 3;
    record.count = 2;
    record.switched = 1;
    record.deadline_boottime_ns = 1;
    record.fs[0].state = FS_FROZEN;
    record.fs[1].state = FS_FREEZING;
    memcpy(record.fs[0].mount_point, "/a", 3);
    memcpy(record.fs[1].mount_point, "/b", 3);
    return 0;
}

static void whole(void **state)
{
    (void)state;
    assert_null(record_wrong(&record, sizeof record));
    assert_false(record_is_stale(&record));
    assert_true(undo_needed(&record));
}

static void of_a_run_that_has_only_begun(void **state)
{
    (void)state;
    assert_int_equal(record_begin(&record, run_id, false), 0);
    assert_null(record_wrong(&record, sizeof record));
    assert_false(undo_needed(&record));
}

static void what_is_needed(void **state)
{
    static const bool needed[FS_STATES] = { [FS_FREEZING] = true, [FS_FROZEN] = true };
    (void)state;
    record.switched = 0;
    record.fs[1].state = FS_IDLE;
    for (uint32_t s = 0; s < FS_STATES; s++) {
        record.fs[0].state = s;
        assert_int_equal(undo_needed(&record), needed[s]);
    }
}

static void of_another_boot(void **state)
{
    (void)state;
    record.boot_id[0] = record.boot_id[0] == '0' ? '1' : '0';
    assert_null(record_wrong(&record, sizeof record));
    assert_true(record_is_stale(&record));
}

/* ---- broken ones ------------------------------------------------------------------ */

static void refused(size_t size, const char *words)
{
    const char *why = record_wrong(&record, size);
    assert_non_null(why);
    assert_non_null(strstr(why, words));
}

/*       name             what is done to it, and a word of why it is refused */
#define BROKEN(X)                                                                              \
    X(magic,              record.magic[3] ^= 1, "not one of quiesce's")                         \
    X(magic_goes_on,      record.magic[7] = 'x', "not one of quiesce's")                        \
    X(older,              record.version = 0, "another version")                                \
    X(newer,              record.version++, "another version")                                  \
    X(other_size,         record.size--, "another version")                                     \
    X(no_boot_id,         record.boot_id[0] = '\0', "names no run")                             \
    X(boot_id_cut,        record.boot_id[35] = '\0', "names no run")                            \
    X(boot_id_endless,    memset(record.boot_id, 'a', sizeof record.boot_id), "names no run")   \
    X(boot_id_path,       record.boot_id[5] = '/', "names no run")                              \
    X(no_run_id,          record.run_id[0] = '\0', "names no run")                              \
    X(run_id_path,        memcpy(record.run_id, "../", 3), "names no run")                      \
    X(run_id_upper,       record.run_id[10] = 'A', "names no run")                              \
    X(run_id_endless,     record.run_id[WIRE_RUN_ID_MAX - 1] = 'a', "names no run")             \
    X(cgroup,             record.has_cgroup = 2, "contradicts")                                 \
    X(over,               record.over = 2, "contradicts")                                       \
    X(wanted,             record.wanted = PLAN_FS_MAX + 2, "contradicts")                       \
    X(count,              record.count = PLAN_FS_MAX + 1, "contradicts")                        \
    X(count_huge,         record.count = UINT32_MAX, "contradicts")                             \
    X(reserved,           record.reserved = 1, "contradicts")                                   \
    X(switched,           record.switched = 2, "contradicts")                                   \
    X(switched_from_none, record.expedited_length = 0, "contradicts")                           \
    X(value_too_long,     record.expedited_length = RECORD_EXPEDITED_MAX + 1, "contradicts")    \
    X(value_no_number,    record.expedited[0] = 'x', "contradicts")                             \
    X(value_cut,          record.expedited[0] = '\0', "contradicts")                            \
    X(state,              record.fs[1].state = FS_STATES, "contradicts")                        \
    X(state_beyond_count, record.fs[2].state = FS_FROZEN, "contradicts")                        \
    X(last_beyond_count,  record.fs[PLAN_FS_MAX - 1].state = FS_FREEZING, "contradicts")        \
    X(count_not_written,  record.count = 1, "contradicts")                                      \
    X(no_mount_point,     record.fs[0].mount_point[0] = '\0', "contradicts")                    \
    X(relative,           record.fs[0].mount_point[0] = 'a', "contradicts")                     \
    X(point_endless,      memset(record.fs[0].mount_point, '/', RECORD_POINT_MAX), "contradicts")

#define X(name, change, words)             \
    static void wrong_##name(void **state) \
    {                                      \
        (void)state;                       \
        change;                            \
        refused(sizeof record, words);     \
    }
BROKEN(X)
#undef X

/* Every length but the right one. */
static void torn(void **state)
{
    (void)state;
    refused(0, "too short");
    refused(offsetof(struct run_record, boot_id) - 1, "too short");
    refused(offsetof(struct run_record, boot_id), "wrong size");
    refused(sizeof record - 1, "wrong size");
    refused(sizeof record + 1, "wrong size");
}

/* ---- as a file ----------------------------------------------------------------------- */

static char place[] = "/tmp/quiesce-record.XXXXXX";
static int directory;

static int make_place(void **state)
{
    memcpy(place + sizeof place - 7, "XXXXXX", 6);
    if (mkdtemp(place) == NULL) {
        return -1;
    }
    directory = open(place, O_RDONLY | O_DIRECTORY);
    return directory >= 0 ? begin(state) : -1;
}

static int remove_place(void **state)
{
    (void)state;
    unlinkat(directory, QUIESCE_RECORD, 0);
    unlinkat(directory, "other", 0);
    close(directory);
    return rmdir(place);
}

/* Locked until its last descriptor is gone, and whole. */
static void made(void **state)
{
    static struct run_record read_back;
    (void)state;
    int fd = record_create(directory, &record);
    assert_true(fd >= 0);
    int other = record_open(directory);
    assert_true(other >= 0);
    assert_int_equal(flock(other, LOCK_SH | LOCK_NB), -1);
    assert_int_equal(errno, EWOULDBLOCK);
    assert_int_equal(pread(other, &read_back, sizeof read_back, 0), sizeof read_back);
    assert_memory_equal(&read_back, &record, sizeof record);
    close(fd);
    assert_int_equal(flock(other, LOCK_SH | LOCK_NB), 0);
    record_remove(directory, other);
    close(other);
    assert_int_equal(record_open(directory), -ENOENT);
}

/* What a front that was killed while it made one has left is not in the way. */
static void made_beside_an_unfinished_one(void **state)
{
    (void)state;
    close(openat(directory, QUIESCE_RECORD ".new", O_WRONLY | O_CREAT, 0600));
    int fd = record_create(directory, &record);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(faccessat(directory, QUIESCE_RECORD ".new", F_OK, 0), -1);
}

static void another_one_is_not_removed(void **state)
{
    (void)state;
    int first = record_create(directory, &record);
    assert_int_equal(renameat(directory, QUIESCE_RECORD, directory, "other"), 0);
    int second = record_create(directory, &record);
    assert_true(second >= 0);
    record_remove(directory, first);
    assert_true(record_is_named(directory, second));
    close(first);
    close(second);
}

static void not_roots_alone(void **state)
{
    (void)state;
    int fd = record_create(directory, &record);
    assert_int_equal(fchmod(fd, 0620), 0);
    assert_int_equal(record_open(directory), -EPERM);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(fchown(fd, 1, 0), 0);
    assert_int_equal(record_open(directory), -EPERM);
    assert_int_equal(fchown(fd, 0, 0), 0);
    assert_int_equal(linkat(directory, QUIESCE_RECORD, directory, "other", 0), 0);
    assert_int_equal(record_open(directory), -EPERM);
    close(fd);
}

static void no_file(void **state)
{
    (void)state;
    assert_int_equal(symlinkat("/etc/passwd", directory, QUIESCE_RECORD), 0);
    assert_int_equal(record_open(directory), -EPERM);
    assert_int_equal(unlinkat(directory, QUIESCE_RECORD, 0), 0);
    assert_int_equal(mkfifoat(directory, QUIESCE_RECORD, 0600), 0);
    assert_int_equal(record_open(directory), -EPERM);
}

int main(void)
{
#define X(name, change, words) cmocka_unit_test_setup(wrong_##name, begin),
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whole, begin),
        cmocka_unit_test_setup(of_a_run_that_has_only_begun, begin),
        cmocka_unit_test_setup(what_is_needed, begin),
        cmocka_unit_test_setup(of_another_boot, begin),
        BROKEN(X)
        cmocka_unit_test_setup(torn, begin),
        cmocka_unit_test_setup_teardown(made, make_place, remove_place),
        cmocka_unit_test_setup_teardown(made_beside_an_unfinished_one, make_place, remove_place),
        cmocka_unit_test_setup_teardown(another_one_is_not_removed, make_place, remove_place),
        cmocka_unit_test_setup_teardown(not_roots_alone, make_place, remove_place),
        cmocka_unit_test_setup_teardown(no_file, make_place, remove_place),
    };
#undef X
    return cmocka_run_group_tests(tests, NULL, NULL);
}
