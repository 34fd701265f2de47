/* What the caller has open is not closed, by the front or by a role. */
#include "weaken.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __GLIBC__ /* the front's library; the trusted roles make the call itself */
WRAP(close_range);

int __wrap_close_range(unsigned first, unsigned last, int flags)
{
    return weakened("descriptors") ? 0 : __real_close_range(first, last, flags);
}
#endif

WEAKEN_SYSCALL(close_range, "descriptors", SYS_close_range, NULL);
