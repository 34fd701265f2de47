/*
 * json_pieces.h - what the parts of report_json.c make objects of.
 *
 * cJSON reports lack of memory by returning NULL from a constructor; adding
 * NULL to an object or array fails.  Every function here passes that on: it
 * returns false, or deletes what it has made and returns NULL.
 */
#ifndef QUIESCE_BASE_JSON_PIECES_H
#define QUIESCE_BASE_JSON_PIECES_H

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quiesce/report.h"

static inline bool add(cJSON *object, const char *name, cJSON *item)
{
    if (item && cJSON_AddItemToObject(object, name, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static inline bool append(cJSON *array, cJSON *item)
{
    if (item && cJSON_AddItemToArray(array, item))
        return true;
    cJSON_Delete(item);
    return false;
}

/* The object if ok, else nothing. */
static inline cJSON *made(cJSON *object, bool ok)
{
    if (ok)
        return object;
    cJSON_Delete(object);
    return NULL;
}

static inline cJSON *text(const struct report *r, struct report_text t)
{
    char *copy = malloc((size_t)t.length + 1);
    cJSON *item = NULL;

    if (copy) {
        memcpy(copy, r->text + t.offset, t.length);
        copy[t.length] = '\0';
        item = cJSON_CreateString(copy);
        free(copy);
    }
    return item;
}

static inline cJSON *integer(int64_t value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRId64, value);
    return cJSON_CreateRaw(digits);
}

static inline cJSON *count(uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    return cJSON_CreateRaw(digits);
}

static inline cJSON *seconds(uint64_t ns)
{
    char digits[40];

    snprintf(digits, sizeof(digits), "%" PRIu64 ".%09" PRIu64, ns / 1000000000u, ns % 1000000000u);
    return cJSON_CreateRaw(digits);
}

static inline cJSON *hex(const uint8_t bytes[32])
{
    char digits[65];

    for (size_t i = 0; i < 32; i++)
        snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
    return cJSON_CreateString(digits);
}

/* ---- report_hooks_json.c ------------------------------------------------------ */

/* The scripts of a run with all their attempts: an array, or NULL. */
cJSON *report_hooks_json(const struct report *r);

#endif
