/*
 * finding.h - what is wrong with a document, collected in the answer's head.
 */
#ifndef QUIESCE_PARSER_FINDING_H
#define QUIESCE_PARSER_FINDING_H

#include <stdarg.h>
#include <stdint.h>

#include "quiesce/plan.h"

/* A place in a document: from 1, columns in bytes; 0 means "not known". */
struct place {
    uint32_t line, column;
};

/* Begins an answer: no finding yet, usable.  The first error makes it unusable. */
void finding_begin(struct plan_head *head);

/*
 * Adds one finding.
 *   code      numeric code of the contract (outcome.def)
 *   severity  FINDING_ERROR also sets head->usable to 0
 *   key       dotted path of the key, "" if none; need not be clean
 *   format    one sentence without a full stop; may quote the document
 * key and message are cut on a character boundary, and what is not printable
 * UTF-8 in them becomes U+FFFD.  At most PLAN_FINDINGS_MAX are kept: the last of
 * a full list says "and more" and is an error if one was left out, and errors
 * push out warnings.
 */
void finding_add(struct plan_head *head, uint32_t code, enum finding_severity severity, enum finding_kind kind,
                 struct place place, const char *key, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
void finding_vadd(struct plan_head *head, uint32_t code, enum finding_severity severity, enum finding_kind kind,
                  struct place place, const char *key, const char *format, va_list arguments)
    __attribute__((format(printf, 7, 0)));

#endif
