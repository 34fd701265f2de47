/* The front prints a report as it comes. */
#include "weaken.h"

#include "quiesce/report.h"

WRAP(report_valid);

bool __wrap_report_valid(const struct report *r, size_t size)
{
    return weakened("report") || __real_report_valid(r, size);
}
