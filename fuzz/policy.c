/*
 * A hook policy, an OCI fragment or a bare seccomp profile: from bytes to plan.
 *
 * libseccomp takes milliseconds for each ABI of a profile of usual size, so the limit of
 * time is not that of the other documents.
 */
#include "documents.h"

enum { SLOWER = 40 };

static void run(const char *bytes, size_t n)
{
    fuzz_document(DOC_POLICY, "", bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run_slow(run, data, size, SLOWER);
}
