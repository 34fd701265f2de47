/*
 * table.h - the table of tests beside a policy: calls, and what the filter says to each.
 *
 *   # comment
 *   ABI SYSCALL [ARGUMENT...] -> ACTION
 *
 * quiesce-policy(5) describes it.  table_parse() is for a confined process: it reads
 * text from anybody.  What it answers is checked by table_valid() before it is used.
 */
#ifndef QUIESCE_POLICY_TABLE_H
#define QUIESCE_POLICY_TABLE_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quiesce/plan.h"

enum {
    TABLE_BYTES_MAX = 262144, /* of a table's text; the reader stops there */
    TABLE_LINE_MAX = 512,     /* bytes of one line, without its end */
    TABLE_ROWS_MAX = 4096,
};

struct table_row {
    struct seccomp_data call; /* instruction_pointer is 0 */
    uint32_t expected;        /* answer.h: one that answer_valid() */
    uint32_t line;            /* of the table, from 1 */
};

struct table {
    struct plan_head head;  /* findings; usable: the rest holds */
    uint32_t rows_count;    /* 1..TABLE_ROWS_MAX */
    uint32_t passed_over;   /* rows of calls that their ABI does not have */
    struct table_row rows[TABLE_ROWS_MAX];
};

/*
 * Reads n bytes of a table into *table, all of which is overwritten.  An error in it
 * makes it unusable: also a name that no ABI has, a call that stands in it twice, and a
 * table without rows.
 */
void table_parse(struct table *table, const char *bytes, size_t n);

/* True if every count, number and text of a table from elsewhere is one that
 * table_parse() can write; if head.usable is 0 that holds for the head only. */
bool table_valid(const struct table *table);

enum { TABLE_CALL_MAX = 192 }; /* a call as text, with its NUL */

/* Writes a call as tables write it, which table_parse() reads back as the same call:
 * "native ioctl 0x0 0xc0045877"; arguments that are 0 are left out at the end. */
void table_write_call(char text[TABLE_CALL_MAX], const struct seccomp_data *call);

#endif
