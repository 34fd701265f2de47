/* A keeper is another for the file system at times, and itself again: each makes a
 * process undumpable as a change of uid does (process.c has the rest of "dumpable"). */
#include "weaken.h"

#include <sys/fsuid.h>
#include <sys/prctl.h>

WRAP(setfsuid);

int __wrap_setfsuid(uid_t uid)
{
    int before = __real_setfsuid(uid);
    if (weakened("dumpable")) {
        const long yes[4] = { 1, 0, 0, 0 };
        (void)real_prctl(PR_SET_DUMPABLE, yes);
    }
    return before;
}
