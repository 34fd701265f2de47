/*
 * The plugin configuration: VMSnapshotScriptPluginConfig.json, from bytes to plan.
 */
#include "fuzz.h"
#include "parser/document.h"
#include "plans.h"

static void run(const char *bytes, size_t n)
{
    static struct plugin_plan plan; /* large */

    fuzz_meter_start();
    document_parse(DOC_PLUGIN, "", bytes, n, NULL, 0, &plan);
    fuzz_meter_stop();
    plan_oracle(DOC_PLUGIN, &plan, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
