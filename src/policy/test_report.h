/*
 * test_report.h - prints what "quiesce policy test" found: for people, or as JSON.
 */
#ifndef QUIESCE_POLICY_TEST_REPORT_H
#define QUIESCE_POLICY_TEST_REPORT_H

#include <cjson/cJSON.h>

#include "policy/test.h"

struct test_report {
    cJSON *json; /* NULL: text */
    cJSON *documents;
    bool verbose; /* rows that are as expected, too */
    bool failed;  /* no memory for JSON */
    bool bad;     /* a document was not 0 */
};

/*
 * Text is printed with each document, JSON at the end: one object.  Names of files are
 * printed as they are, to be made harmless by the reader, in JSON as UTF-8.
 */
void test_report_begin(struct test_report *report, bool json, bool verbose);
void test_report_add(struct test_report *report, const struct test_result *result);

/* Returns 0, or -1 after a message if there was no memory. */
int test_report_end(struct test_report *report);

#endif
