/*
 * json_out.h - one JSON object on standard output.
 */
#ifndef QUIESCE_POLICY_JSON_OUT_H
#define QUIESCE_POLICY_JSON_OUT_H

#include <cjson/cJSON.h>

/* Prints it, indented.  Returns 0 or EXIT_INTERNAL after a message. */
int json_out(const cJSON *whole);

#endif
