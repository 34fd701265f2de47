/*
 * The reader of tables: rows that are right, texts that are wrong, and answers that
 * no reader gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "policy/table.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static struct table table;

/* A copy that ends where the text ends, so that a sanitizer sees a read beyond it. */
static void parse(const char *text, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    memset(&table, 0xff, sizeof table);
    table_parse(&table, copy, n);
    free(copy);
    assert_true(table_valid(&table));
}

static const struct {
    const char *line;
    uint32_t arch, number;
    uint64_t args[6];
    uint32_t expected;
} rows[] = {
    { "native read -> allow", NATIVE, SYS_read, { 0 }, SECCOMP_RET_ALLOW },
    { "  native\tread\t->\tallow\t ", NATIVE, SYS_read, { 0 }, SECCOMP_RET_ALLOW },
    { "native ioctl 0 0xc0045877 -> kill", NATIVE, SYS_ioctl, { 0, 0xc0045877 }, SECCOMP_RET_KILL_PROCESS },
    { "native mmap 1 2 3 4 5 18446744073709551615 -> errno ENOSYS", NATIVE, SYS_mmap, { 1, 2, 3, 4, 5, UINT64_MAX },
      SECCOMP_RET_ERRNO | ENOSYS },
    { "native read 0xFFFFffffFFFFffff -> trap", NATIVE, SYS_read, { UINT64_MAX }, SECCOMP_RET_TRAP },
    { "native 470 -> errno 38", NATIVE, 470, { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
    { "native 4294967295 -> kill_thread", NATIVE, UINT32_MAX, { 0 }, SECCOMP_RET_KILL_THREAD },
    { "native file_setattr -> log", NATIVE, 469, { 0 }, SECCOMP_RET_LOG },
    { "x32 read -> kill", AUDIT_ARCH_X86_64, 0x40000000, { 0 }, SECCOMP_RET_KILL_PROCESS },
    { "x32 ioctl -> kill", AUDIT_ARCH_X86_64, 0x40000000 + 514, { 0 }, SECCOMP_RET_KILL_PROCESS },
    { "x32 0x1ff -> kill", AUDIT_ARCH_X86_64, 0x400001ff, { 0 }, SECCOMP_RET_KILL_PROCESS },
    { "x32 file_setattr -> kill", AUDIT_ARCH_X86_64, 0x40000000 + 469, { 0 }, SECCOMP_RET_KILL_PROCESS },
    { "i386 read -> kill", AUDIT_ARCH_I386, 3, { 0 }, SECCOMP_RET_KILL_PROCESS },
    { "i386 exit_group 1 2 3 4 5 6 -> kill", AUDIT_ARCH_I386, 252, { 1, 2, 3, 4, 5, 6 }, SECCOMP_RET_KILL_PROCESS },
    { "arm read -> kill", AUDIT_ARCH_ARM, 3, { 0 }, SECCOMP_RET_KILL_PROCESS },
};

/* Each alone, with and without an end of its line; and what is written is read as the same call. */
static void right_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        for (unsigned end = 0; end < 2; end++) {
            int n = snprintf(text, sizeof text, "# comment\n\n%s%s", rows[i].line, end == 0 ? "" : "\n");
            parse(text, (size_t)n);
            if (table.head.usable != 1 || table.rows_count != 1) {
                fail_msg("row %zu: %s", i, table.head.findings[0].message);
            }
            assert_int_equal(table.rows[0].line, 3);
            assert_int_equal(table.rows[0].call.arch, rows[i].arch);
            assert_int_equal((uint32_t)table.rows[0].call.nr, rows[i].number);
            assert_memory_equal(table.rows[0].call.args, rows[i].args, sizeof rows[i].args);
            assert_int_equal(table.rows[0].expected, rows[i].expected);
        }
        char call[TABLE_CALL_MAX];
        const struct seccomp_data before = table.rows[0].call;
        table_write_call(call, &before);
        int n = snprintf(text, sizeof text, "%s -> allow", call);
        parse(text, (size_t)n);
        assert_int_equal(table.rows_count, 1);
        assert_memory_equal(&table.rows[0].call, &before, sizeof before);
    }
}

static const struct {
    const char *text;
    uint32_t line, column;
    const char *message;
} wrong[] = {
    { "", 0, 0, "no row" },
    { "# only this\n", 0, 0, "no row" },
    { "native read -> allow\nnative", 2, 7, "no system call of this name" },
    { "x86_64 read -> allow", 1, 1, "a row begins with" },
    { "-> allow", 1, 1, "a row begins with" },
    { "native -> allow", 1, 8, "no system call of this name" },
    { "native raed -> allow", 1, 8, "no system call of this name" },
    { "x32 raed -> allow", 1, 5, "no system call of this name" },
    { "native a_name_that_is_longer_than_any_system_call_could_ever_have_and_more -> allow", 1, 8, "no system call" },
    { "native 4294967296 -> allow", 1, 8, "not the number" },
    { "native 0x -> allow", 1, 8, "not the number" },
    { "native 0x100000000 -> allow", 1, 8, "not the number" },
    { "native 012 -> allow", 1, 8, "not the number" },
    { "native 1e3 -> allow", 1, 8, "not the number" },
    { "native read 18446744073709551616 -> allow", 1, 13, "not an argument" },
    { "native read 0x10000000000000000 -> allow", 1, 13, "not an argument" },
    { "native read -1 -> allow", 1, 13, "not an argument" },
    { "native read 0xg -> allow", 1, 13, "not an argument" },
    { "native read 1 2 3 4 5 6 7 -> allow", 1, 25, "more than six" },
    { "native read allow", 1, 13, "not an argument" },
    { "native read 1", 1, 14, "are missing" },
    { "native read->allow", 1, 8, "no system call" },
    { "native read -> ", 1, 16, "not an action" },
    { "native read -> permit", 1, 16, "not an action" },
    { "native read -> allow # why", 1, 16, "not an action" },
    { "native read -> errno EFOO", 1, 16, "not an action" },
    { "native read -> allow\r\n", 1, 21, "byte 0x0d" },
    { "native write -> allow\n\033[31m", 2, 1, "byte 0x1b" },
    { "native read -> allow\n# \xff\n", 2, 1, "not UTF-8" },
    { "native 5 1 -> allow\nnative 0x5 0x1 0 -> kill\n", 2, 1, "stands in line 1" },
};

static void wrong_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        parse(wrong[i].text, strlen(wrong[i].text));
        const struct finding *f = &table.head.findings[0];
        if (table.head.usable != 0 || f->line != wrong[i].line || f->column != wrong[i].column ||
            strstr(f->message, wrong[i].message) == NULL) {
            fail_msg("'%s': %u:%u: %s", wrong[i].text, f->line, f->column, f->message);
        }
    }
    parse("native read\0 -> allow", 21);
    assert_int_equal(table.head.usable, 0);
    assert_int_equal(table.head.findings[0].column, 12);
}

/* A name of another ABI is no mistake. */
static void other_machines(void **state)
{
    (void)state;
    static const char old[] = "native read -> allow\nnative socketcall -> kill\ni386 newfstatat -> kill\n";
    parse(old, sizeof old - 1);
    assert_int_equal(table.head.usable, 1);
    assert_int_equal(table.rows_count, 1);
    assert_int_equal(table.passed_over, 2);
}

static void too_much(void **state)
{
    (void)state;
    static char text[TABLE_BYTES_MAX + 1];
    memset(text, ' ', sizeof text);
    parse(text, sizeof text);
    assert_non_null(strstr(table.head.findings[0].message, "larger than"));
    parse(text, TABLE_LINE_MAX + 1);
    assert_non_null(strstr(table.head.findings[0].message, "longer than"));
    size_t n = 0;
    for (unsigned i = 0; i <= TABLE_ROWS_MAX; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "native read %u -> allow\n", i);
    }
    parse(text, n);
    assert_int_equal(table.head.usable, 0);
    assert_int_equal(table.head.findings[0].line, TABLE_ROWS_MAX + 1);
    assert_non_null(strstr(table.head.findings[0].message, "more than 4096 rows"));
    /* Nothing but mistakes: as many as a head holds. */
    memset(text, '\n', sizeof text);
    for (size_t i = 0; i < sizeof text - 1; i += 2) {
        text[i] = 'x';
    }
    parse(text, TABLE_BYTES_MAX);
    assert_int_equal(table.head.findings_count, PLAN_FINDINGS_MAX);
}

static void bad_abi(void) { table.rows[1].call.arch = 7; }
static void bad_pointer(void) { table.rows[1].call.instruction_pointer = 1; }
static void bad_answer(void) { table.rows[1].expected = SECCOMP_RET_USER_NOTIF; }
static void bad_line(void) { table.rows[1].line = table.rows[0].line; }
static void no_row(void) { table.rows_count = 0; }
static void many_rows(void) { table.rows_count = TABLE_ROWS_MAX + 1; }
static void bad_head(void) { table.head.findings_count = PLAN_FINDINGS_MAX + 1; }
static void bad_text(void)
{
    table.head.usable = 0;
    table.head.findings_count = 1;
    table.head.findings[0].severity = FINDING_ERROR;
    memset(table.head.findings[0].message, 'x', sizeof table.head.findings[0].message);
}

static void answers_of_an_enemy(void **state)
{
    static void (*const changes[])(void) = { bad_abi,   bad_pointer, bad_answer, bad_line,
                                             no_row, many_rows, bad_head, bad_text };
    static const char text[] = "native read -> allow\nnative write -> allow\n";
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        parse(text, sizeof text - 1);
        assert_int_equal(table.head.usable, 1);
        changes[i]();
        if (table_valid(&table)) {
            fail_msg("change %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_rows), cmocka_unit_test(wrong_texts), cmocka_unit_test(other_machines),
        cmocka_unit_test(too_much),   cmocka_unit_test(answers_of_an_enemy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
