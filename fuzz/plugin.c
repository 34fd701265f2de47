/*
 * The plugin configuration, VMSnapshotScriptPluginConfig.json: from bytes to plan.
 */
#include "documents.h"

static void run(const char *bytes, size_t n)
{
    fuzz_document(DOC_PLUGIN, "", bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
