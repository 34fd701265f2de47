/*
 * test.h - "quiesce policy test": does a filter answer as the table beside it says?
 *
 * Each row of the table is asked twice, of the interpreter (base/bpf.h) and of the
 * kernel (live.h); then both are asked about calls drawn at random (tuples.h).
 */
#ifndef QUIESCE_POLICY_TEST_H
#define QUIESCE_POLICY_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/agree.h"
#include "policy/documents.h"
#include "policy/table.h"

enum { EXIT_TEST_FAILED = 1 };

/* What came of one document. */
struct test_result {
    const char *policy, *table_name;
    int status;          /* of this document: 0, EXIT_TEST_FAILED, EXIT_CONFIGURATION, EXIT_INTERNAL; of the
                          * latter two a message was printed, and what follows need not be whole */
    struct table table;
    uint32_t interpreter[TABLE_ROWS_MAX]; /* answers, answer.h */
    uint32_t kernel[TABLE_ROWS_MAX];      /* ANSWER_NOT_ASKED: the call cannot be made here */
    uint32_t kernel_rows;                 /* asked of the kernel */
    uint32_t interpreter_failed, kernel_failed;
    uint32_t seed;
    struct agreement agreement;
};

/*
 * Tests each document and prints what came of it to standard output.
 * Returns the exit status: that of the worst document.
 */
int verb_test(const struct job *job);

/* Tests one document into *result, all of which is overwritten; prints what keeps it from being tested. */
void test_document(const struct document *document, uint32_t seed, uint32_t tuples, struct test_result *result);

#endif
