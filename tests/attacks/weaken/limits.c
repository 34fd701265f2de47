/* Core files, by limit, of roles and of hooks. */
#include "weaken.h"

#include <sys/resource.h>

#ifdef __GLIBC__
typedef __rlimit_resource_t resource_number;
#else
typedef int resource_number;
#endif

WRAP(setrlimit);

int __wrap_setrlimit(resource_number resource, const struct rlimit *limit)
{
    return weakened("core") && (int)resource == RLIMIT_CORE ? 0 : __real_setrlimit(resource, limit);
}
