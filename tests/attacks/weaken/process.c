/* What a process sets about itself with one call, of roles and of hooks. */
#include "weaken.h"

#include <stddef.h>
#include <sys/prctl.h>

/* A change of uid has made it undumpable already. */
static long stay_dumpable(const long arguments[6])
{
    const long yes[4] = { 1, 0, 0, 0 };
    return real_prctl(PR_SET_DUMPABLE, yes);
}

WEAKEN_PRCTL(dumpable, "dumpable", PR_SET_DUMPABLE, stay_dumpable);
WEAKEN_PRCTL(nnp, "nnp", PR_SET_NO_NEW_PRIVS, NULL);
WEAKEN_PRCTL(pdeathsig, "pdeathsig", PR_SET_PDEATHSIG, NULL);
WEAKEN_PRCTL(securebits, "securebits", PR_SET_SECUREBITS, NULL);
