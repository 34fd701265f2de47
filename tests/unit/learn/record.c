/*
 * What is written down of a call: the answer that the filter carries, the bits of its
 * arguments that decide, how often and by whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "learn/learn.h"

const char program_name[] = "test"; /* for fatal.c */

#define LD(k) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (k))
#define IF(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), (yes), (no))
#define SAY(errno) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF | (errno))
#define ARG(n) (16 + 8 * (n))

/* read: allowed; mount: by the low half of its second argument; write: no notification. */
static const struct sock_filter program[] = {
    LD(0),
    IF(SYS_read, 5, 0),
    IF(SYS_write, 5, 0),
    IF(SYS_mount, 0, 6),
    LD(ARG(1)),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff),
    IF(7, 2, 3),
    SAY(LEARN_ALLOWED),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    SAY(LEARN_KILLED),
    SAY(13),
};

static struct policy_plan plan;
static struct record record;

static void load(void)
{
    memset(&plan, 0, sizeof plan);
    memset(&record, 0, sizeof record);
    memcpy(plan.filter, program, sizeof program);
    plan.filter_length = sizeof program / sizeof *program;
}

static struct learned_call kind_of(int number, uint64_t first, uint64_t second, uint64_t third)
{
    const struct seccomp_data data = { .nr = number, .args = { first, second, third } };
    struct learned_call kind;
    record_kind(&plan, &data, &kind);
    return kind;
}

static void answers(void **state)
{
    (void)state;
    load();
    assert_int_equal(kind_of(SYS_read, 1, 2, 3).answer, LEARN_ALLOWED);
    assert_int_equal(kind_of(SYS_mount, 1, 0x107, 3).answer, LEARN_KILLED);
    assert_int_equal(kind_of(SYS_mount, 1, 0x108, 3).answer, 13);
    assert_int_equal(kind_of(SYS_close, 1, 2, 3).answer, 13);
    /* A return that is no notification cannot have come here: nothing goes on. */
    assert_int_equal(kind_of(SYS_write, 1, 2, 3).answer, LEARN_KILLED);
}

static void arguments(void **state)
{
    (void)state;
    load();
    static const struct {
        int number;
        uint64_t args[3], masks[3], kept[3];
    } rows[] = {
        { SYS_read, { 1, 2, 3 }, { 0 }, { 0 } },
        { SYS_mount, { 1, 0x50107, 3 }, { 0, 0xff, 0 }, { 0, 7, 0 } }, /* the base looks at it */
        { SYS_ioctl, { 3, 0xffffffff00005401, 3 }, { 0, 0xffffffff, 0 }, { 0, 0x5401, 0 } },
        { SYS_socket, { 16, 3, 9 }, { 0xffffffff, 0, 0xffffffff }, { 16, 0, 9 } },
        { SYS_clone, { 0x10000011, 3, 9 }, { 0x7e020000, 0, 0 }, { 0x10000000, 0, 0 } },
        { SYS_mknodat, { 1, 2, 0100644 }, { 0, 0, 0170000 }, { 0, 0, 0100000 } },
        { SYS_prctl, { 38, 2, 1 }, { 0xffffffff, 0, 0 }, { 38, 0, 0 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct learned_call kind = kind_of(rows[i].number, rows[i].args[0], rows[i].args[1], rows[i].args[2]);
        for (unsigned n = 0; n < 6; n++) {
            uint64_t mask = n < 3 ? rows[i].masks[n] : 0, kept = n < 3 ? rows[i].kept[n] : 0;
            if (kind.masks[n] != mask || kind.args[n] != kept) {
                fail_msg("row %zu, argument %u: %#lx of %#lx", i, n, (unsigned long)kind.args[n], (unsigned long)kind.masks[n]);
            }
        }
    }
}

static struct learned_call *count(int number, uint64_t second, const char *name)
{
    char padded[LEARNED_NAME_MAX] = { 0 };
    struct learned_call kind = kind_of(number, 0, second, 0), *row = record_row(&record, &kind);
    memcpy(padded, name, strlen(name));
    if (row != NULL) {
        (void)record_count(row, padded);
    }
    return row;
}

static void rows(void **state)
{
    (void)state;
    load();
    struct learned_call *row = count(SYS_read, 5, "sh");
    assert_ptr_equal(count(SYS_read, 6, "psql"), row);
    assert_ptr_equal(count(SYS_read, 6, "sh"), row);
    assert_int_equal(row->count, 3);
    assert_int_equal(row->names_count, 2);
    assert_string_equal(row->names[1], "psql");
    assert_ptr_equal(count(SYS_ioctl, 1, "sh"), &record.calls[1]);
    assert_ptr_equal(count(SYS_ioctl, 2, "sh"), &record.calls[2]);
    assert_ptr_equal(count(SYS_ioctl, 1, ""), &record.calls[1]);
    assert_int_equal(record.calls[1].names_count, 1); /* who it was is not known */
    /* Numbers that share a chain of the index, and one that is none. */
    struct learned_call far = { .number = SYS_read + RECORD_CHAINS, .answer = 38 };
    assert_ptr_not_equal(record_row(&record, &far), row);
    assert_int_equal(record.count, 4);
}

static void worth_telling(void **state)
{
    (void)state;
    struct learned_call row = { .number = 1, .answer = LEARN_ALLOWED };
    const char sh[LEARNED_NAME_MAX] = "sh", cat[LEARNED_NAME_MAX] = "cat", none[LEARNED_NAME_MAX] = "";
    static const bool expected[] = { true, true, false, true, false, false, false, true };
    for (unsigned i = 0; i < 8; i++) { /* 1, 2, 4, 8 */
        assert_int_equal(record_count(&row, sh), expected[i]);
    }
    assert_true(record_count(&row, cat));
    assert_false(record_count(&row, none));
}

static void many_names(void **state)
{
    (void)state;
    struct learned_call row = { .number = 1, .answer = LEARN_ALLOWED };
    for (unsigned i = 0; i < LEARNED_NAMES_MAX; i++) {
        char name[LEARNED_NAME_MAX] = { (char)('a' + i) };
        (void)record_count(&row, name);
    }
    assert_int_equal(row.more_names, 0);
    const char other[LEARNED_NAME_MAX] = "other";
    (void)record_count(&row, other);
    assert_int_equal(row.names_count, LEARNED_NAMES_MAX);
    assert_int_equal(row.more_names, 1);
    assert_true(learned_call_valid(&row));
}

static void no_room(void **state)
{
    (void)state;
    load();
    for (uint64_t i = 0; i < LEARNED_CALLS_MAX; i++) {
        assert_non_null(count(SYS_ioctl, i, "sh"));
    }
    assert_null(count(SYS_ioctl, LEARNED_CALLS_MAX, "sh"));
    assert_null(count(SYS_read, 0, "sh"));
    assert_non_null(count(SYS_ioctl, 0, "sh"));
    assert_int_equal(record.lost, 2);
    assert_int_equal(record.count, LEARNED_CALLS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),       cmocka_unit_test(arguments),  cmocka_unit_test(rows),
        cmocka_unit_test(worth_telling), cmocka_unit_test(many_names), cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests_name("learn/record", tests, NULL, NULL);
}
