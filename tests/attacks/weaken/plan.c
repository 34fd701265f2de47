/* What a parser answers is taken as it is. */
#include "weaken.h"

#include "base/plan_check.h"

WRAP(plan_valid);

bool __wrap_plan_valid(enum document_kind kind, const void *plan)
{
    return weakened("plan") || __real_plan_valid(kind, plan);
}
