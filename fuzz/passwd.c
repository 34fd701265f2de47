/*
 * passwd(5), asked for the user in the first line: from bytes to plan.
 */
#include "documents.h"

static void run(const char *bytes, size_t n)
{
    fuzz_document_asked(DOC_PASSWD, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
