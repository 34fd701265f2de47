/*
 * json_scan.h - the strict reading of a JSON text (RFC 8259), before cJSON sees it.
 */
#ifndef QUIESCE_PARSER_JSON_SCAN_H
#define QUIESCE_PARSER_JSON_SCAN_H

#include "parser/json.h"

/*
 * Scans document->bytes and fills document->nodes (allocated here, in document
 * order, item NULL).  Duplicate keys are not looked for: that needs keys with
 * their escapes resolved, see json.c.
 * Returns 0, or -1 after adding one error about the first byte that is wrong.
 */
int json_scan(struct json_document *document, unsigned nesting_max);

/* The dotted path of a node, as json_key(). */
void json_node_key(const struct json_document *document, uint32_t node, char key[JSON_KEY_MAX]);

#endif
