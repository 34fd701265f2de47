/*
 * documents.h - what every harness of a document does: parse, and hold the answer to all oracles.
 */
#ifndef QUIESCE_FUZZ_DOCUMENTS_H
#define QUIESCE_FUZZ_DOCUMENTS_H

#include "fuzz.h"
#include "quiesce/plan.h"

/*
 * Parses n bytes as a document of a kind, of which argument is asked (passwd, group: the
 * user; else ""), and checks the answer.  One input in some, and each when replayed, is
 * also read twice, which must give the same bytes, and a usable plan is printed as a
 * document whose reading must give the same plan.
 */
void fuzz_document(enum document_kind kind, const char *argument, const char *bytes, size_t n);

/*
 * Documents that begin with a line for the argument: what stands before the first newline,
 * at most PLAN_NAME_MAX - 1 bytes and cut at a NUL.  The rest is the document, an exact
 * copy of its own.
 */
void fuzz_document_asked(enum document_kind kind, const char *bytes, size_t n);

#endif
